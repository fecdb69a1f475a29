"""Promotions on real bars, from stored probabilities of replays: `python -m benchmarks.promotions FILE ... [--write-docs]`.

The base rate is the champion, the online and the batch model are challengers. Then a person makes the base rate the champion
over the online model, in the middle of the labels.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

import alpha_pulse as ap
from alpha_pulse.kernels.mixing import promotion
from alpha_pulse.serving.promotion import Promotion, PromotionSettings
from benchmarks.report import Column, Table, fill, text
from benchmarks.results_page import TITLES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "serving.md"
MEMBERS = ("base", "online", "batch")
BASE, ONLINE, BATCH = range(3)
COLUMNS = (
    Column("bars"), Column("target"), Column("labels"), Column("difference", "{:.4f}"), Column("canary"), Column("champion"),
    Column("rolled back"),
)  # fmt: skip
NOTES = (
    "Difference: of the squared errors of base rate and online model, mean over all labels. Canary, champion: labels until the "
    "online model, the challenger with the first level, was that. Rolled back: labels from a promotion of the base rate by "
    "hand, in the middle, until the online model was the champion again. Empty: not within the labels.",
)


class Story(msgspec.Struct, frozen=True):
    """What happened to one target: numbers of labels, None for what did not happen."""

    labels: int
    difference: float
    canary: int | None
    champion: int | None
    rolled_back: int | None


def story(probabilities: Floats, labels: Ints, horizon: int) -> Story:
    """Both promotions, from what `MEMBERS` predicted (labels, 3), NaN for nothing."""
    errors = (probabilities - labels[:, None]) ** 2
    served = Promotion(len(MEMBERS), horizon, BASE, PromotionSettings())
    served.challenge(ONLINE)
    served.challenge(BATCH)
    events = _events(served, probabilities, labels)
    bad = Promotion(len(MEMBERS), horizon, ONLINE, PromotionSettings())
    bad.promote(BASE)
    half = len(labels) // 2
    rolled_back = _first(_events(bad, probabilities[half:], labels[half:]), promotion.ROLLED_BACK)
    online = served.champion == ONLINE
    return Story(
        len(labels),
        float(np.nanmean(errors[:, BASE] - errors[:, ONLINE])),
        _first(events, promotion.CANARY_STARTED) if online else None,
        _first(events, promotion.PROMOTED) if online else None,
        rolled_back,
    )


def _events(served: Promotion, probabilities: Floats, labels: Ints) -> Ints:
    events = np.zeros(len(labels), dtype=np.int64)
    promotion.learn_many(served.arrays["promotion"], np.ascontiguousarray(probabilities), labels, events)
    return events


def _first(events: Ints, event: int) -> int | None:
    found = np.flatnonzero(events == event)
    return int(found[0]) + 1 if len(found) else None


def stories(source: str) -> list[tuple[str, str, Story]]:
    """(name, target, story) of each symbol and target of a replay with default settings."""
    run = ap.replay(source)
    title = TITLES.get(Path(source).stem, Path(source).stem)
    scored = run.labels.filter(pl.col("label").is_not_null()).sort("seq")
    horizons = dict(run.predictions.select("target", "horizon_bars").unique().iter_rows())
    found = []
    for (symbol, target), part in scored.group_by("symbol", "target", maintain_order=True):
        probabilities = part.select(f"{name}_probability" for name in MEMBERS).to_numpy().astype(np.float64)
        name = title if scored["symbol"].n_unique() == 1 else f"{title}, {symbol}"
        found.append((name, str(target), story(probabilities, part["label"].to_numpy().astype(np.int64), horizons[target])))
    return sorted(found, key=lambda one: one[:2])


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the table of all files, and write it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.promotions", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="bars, or the name of a bundled file")
    parser.add_argument("--write-docs", action="store_true", help="write the table into docs/serving.md")
    options = parser.parse_args(arguments)
    rows = [(name, target, *msgspec.structs.astuple(one)) for file in options.files for name, target, one in stories(file)]
    table = text(Table("Promotions on real bars", COLUMNS, tuple(rows), NOTES))
    print(table)
    if options.write_docs:
        PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), "promotions", table), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
