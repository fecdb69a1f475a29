"""Scores of predictions, over the whole run and in windows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .files import Files, Floats, Row
from .series import at_bars, whole_page

MEMBERS = ("online", "batch", "base", "served", "no_change")
SHOWN = ("online", "batch", "served", "no_change")
SCORE_COLUMNS = (
    *("online_probability", "batch_probability", "base_probability", "probability", "no_change_probability"),
    *("label", "last_known_label", "online_raw_probability"),
)
Z_95 = 1.959963984540054
HISTOGRAM = 1_000


def scored(files: Files, symbol: str, target: str) -> list[Row]:
    """The scored labels, or the scored trades."""
    if target == "trade_quality":
        return files.of("scored_trades", symbol=symbol)
    return files.of("labels", symbol=symbol, target=target, status="scored")


def scores(rows: list[Row]) -> Floats:
    """Members, label, last label known: NaN for an absent member."""
    values = [[math.nan if row[name] is None else float(row[name]) for name in SCORE_COLUMNS[:7]] for row in rows]
    return np.array(values).reshape(-1, 7)


def losses(p: Floats, label: Floats) -> Floats:
    bounded = np.clip(p, 1e-6, 1.0 - 1e-6)
    return -np.log(np.where(label == 1.0, bounded, 1.0 - bounded))


def guesses(rows: Floats, member: int) -> Floats:
    guess = (rows[:, member] >= 0.5).astype(np.float64)
    return np.where(rows[:, 6] == 0.5, guess, rows[:, 6]) if member == 4 else guess


def metrics_history(files: Files, symbol: str, target: str, window: int | None = None) -> Row:
    found, window = scored(files, symbol, target), window or files.config["learning"]["window"]
    rows = scores(found)
    columns: dict[str, list[Any]] = {**at_bars(found), "samples": [min(at + 1, window) for at in range(len(rows))]}
    base = losses(rows[:, 2], rows[:, 5])
    series: dict[str, list[Any]] = {}
    for name in SHOWN:
        member = MEMBERS.index(name)
        known = ~np.isnan(rows[:, member])
        skill = np.where(known, base - losses(rows[:, member], rows[:, 5]), 0.0)
        hits = known & (guesses(rows, member) == rows[:, 5])
        count, skills, hit = (in_window(values.astype(np.float64), window) for values in (known, skill, hits))
        series[f"skill_{name}"] = [1_000.0 * s / n if n else None for s, n in zip(skills, count, strict=True)]
        series[f"accuracy_{name}"] = [h / n if n else None for h, n in zip(hit, count, strict=True)]
    ordered = [f"{kind}_{name}" for kind in ("skill", "accuracy") for name in SHOWN]
    return whole_page(symbol, {**columns, **{name: series[name] for name in ordered}}, target=target, window=window)


def in_window(values: Floats, window: int) -> list[float]:
    return [float(values[max(at + 1 - window, 0) : at + 1].sum()) for at in range(len(values))]


def member_metrics(rows: Floats, member: int, *, exact: bool) -> Row | None:
    """Prequential scores; ``exact``: the area under the curve from ranks, otherwise from a histogram."""
    rows = rows[~np.isnan(rows[:, member])]
    if not len(rows):
        return None
    p, label, guess = rows[:, member], rows[:, 5], guesses(rows, member)
    hits = guess == label
    auc, error = area(p, label) if exact else area(np.minimum(np.floor(p * HISTOGRAM), HISTOGRAM - 1), label)
    return {
        "samples": len(rows),
        "accuracy": hits.mean(),
        "log_loss": losses(p, label).mean(),
        "brier": ((p - label) ** 2).mean(),
        "auc": auc,
        "kappa": kappa(guess, label),
        "kappa_temporal": reduction((~hits).sum(), (guesses(rows, 4) != label).sum()) if 0.0 < label.mean() < 1.0 else None,
        "skill_millinats": 1_000.0 * (losses(rows[:, 2], label) - losses(p, label)).mean(),
        "auc_error": None if auc is None else 0.0 if exact else error,
    }


def area(p: Floats, label: Floats) -> tuple[float | None, float | None]:
    """The share of pairs of both classes in the right order, ties as half; and half the share of ties."""
    yes, no = p[label == 1.0], np.sort(p[label == 0.0])
    if not len(yes) or not len(no):
        return None, None
    below, upto = np.searchsorted(no, yes, side="left").sum(), np.searchsorted(no, yes, side="right").sum()
    ties = 0.5 * (upto - below) / (len(yes) * len(no))
    return below / (len(yes) * len(no)) + ties, ties


def kappa(guess: Floats, label: Floats) -> float | None:
    if not 0.0 < label.mean() < 1.0:
        return None
    by_chance = guess.mean() * (1.0 - label.mean()) + (1.0 - guess.mean()) * label.mean()
    return reduction((guess != label).mean(), by_chance)


def reduction(misses: float, others: float) -> float | None:
    return 1.0 - misses / others if others else None


def reliability(files: Files, symbol: str, target: str, *, whole: bool = False) -> Row:
    """Over the sliding window, or over the whole run."""
    rows = scores(scored(files, symbol, target))[0 if whole else -files.config["learning"]["window"] :]
    horizon = files.config["learning"][f"{target}_horizon_bars"]
    order = np.argsort(rows[:, 3], kind="stable")
    p, label, n = rows[order, 3], rows[order, 5], len(rows)
    bins: list[list[int]] = [[]]
    closed = 0
    for at in range(n):
        bins[-1].append(at)
        tied = at + 1 < n and p[at + 1] == p[at]
        if not tied and (at + 1) * 10 >= (closed + 1) * n:
            closed = (at + 1) * 10 // n
            bins.append([])
    parts = [part for part in bins if part]
    said, came = (np.array([values[part].mean() for part in parts]) for values in (p, label))
    share, base = np.array([len(part) for part in parts]) / n, label.mean()
    brier, errors = ((p - label) ** 2).mean(), np.abs(said - came)
    terms = {"reliability": share @ errors**2, "resolution": share @ (came - base) ** 2, "uncertainty": base * (1.0 - base)}
    within = brier - (terms["reliability"] - terms["resolution"] + terms["uncertainty"])
    return {
        "labels": n, "ece": share @ errors, "largest_error": errors.max(), "brier": brier, **terms, "within_bins": within,
        "bins": [
            {
                "count": len(part), "lowest": p[part[0]], "highest": p[part[-1]], "mean_predicted": mean, "observed": seen,
                **wilson(seen, len(part) / horizon),
            }
            for part, mean, seen in zip(parts, said, came, strict=True)
        ],
    }  # fmt: skip


def wilson(share: float, n: float) -> Row:
    square = Z_95 * Z_95
    centre, spread = share + square / (2 * n), Z_95 * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    low, high = (centre - spread) / (1 + square / n), (centre + spread) / (1 + square / n)
    return {"low": max(low, 0.0), "high": min(high, 1.0)}


def members_of(rows: Floats, *, exact: bool) -> dict[str, Row]:
    found = {name: member_metrics(rows, number, exact=exact) for number, name in enumerate(MEMBERS)}
    return {name: metrics for name, metrics in found.items() if metrics is not None}
