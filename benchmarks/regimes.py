"""The regime detector on known crises, for docs/concepts/regimes.md: `python -m benchmarks.regimes FOLDER [--images FOLDER]`.

Prints the reports about each crisis and their dates, and draws one chart for each file of bars.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
import msgspec
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.core.types import RegimeChange
from alpha_pulse.detectors.regime import LABELS
from alpha_pulse.engine.regime_monitor import RegimeMonitor
from alpha_pulse.feeds.replay import ReplayFeed

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
WITHIN_NS = 60 * DAY_NS
"""A crisis that is not recognised within 60 days counts as missed."""
COLOURS = ("#56B4E9", "#D9D9D9", "#D55E00")
INK, MUTED, FAINT = "#222222", "#777777", "#DDDDDD"


class Crisis(msgspec.Struct, frozen=True):
    """The day of a known event."""

    day: str
    name: str

    @property
    def ts(self) -> int:
        """Midnight UTC, ns."""
        return int(datetime.fromisoformat(self.day).replace(tzinfo=UTC).timestamp()) * SECOND_NS


class Subject(msgspec.Struct, frozen=True):
    """A file of bars, and the events in its period."""

    file: str
    image: str
    title: str
    crises: tuple[Crisis, ...]


class Seen(msgspec.Struct, frozen=True):
    """A detector's output for each bar: ``labels`` (n,) are indices in `LABELS`, -1 before the first; probabilities (n, 3)."""

    times: NDArray[np.int64]
    closes: NDArray[np.float64]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    changes: list[RegimeChange]
    block: int


SUBJECTS = (
    Subject(
        "bars_1h_SPY_1998_2016", "regimes-spy", "SPY, hourly bars",
        (
            Crisis("1998-08-17", "Russia defaults"), Crisis("2001-09-17", "after 11 September"),
            Crisis("2002-07-10", "WorldCom"),
            Crisis("2008-09-15", "Lehman"), Crisis("2010-05-06", "flash crash"), Crisis("2011-08-05", "US downgraded"),
            Crisis("2015-08-24", "China"),
        ),
    ),
    Subject(
        "bars_1h_BTCUSDT_2017_2022", "regimes-btc", "BTCUSDT, hourly bars",
        (
            Crisis("2017-12-17", "first bubble"), Crisis("2018-11-14", "below 6,000"), Crisis("2020-03-12", "Covid"),
            Crisis("2021-05-19", "China's ban"), Crisis("2022-05-09", "Terra"), Crisis("2022-06-13", "Celsius"),
        ),
    ),
    Subject(
        "bars_1d_QQQ", "regimes-qqq", "QQQ, daily bars",
        (
            Crisis("2011-08-05", "US downgraded"), Crisis("2015-08-24", "China"), Crisis("2018-02-05", "Volmageddon"),
            Crisis("2018-12-24", "December 2018"), Crisis("2020-02-24", "Covid"),
        ),
    ),
    Subject(
        "bars_1d_USO", "regimes-uso", "USO (oil), daily bars",
        (
            Crisis("2008-09-15", "Lehman"), Crisis("2014-11-28", "OPEC does not cut"), Crisis("2020-03-09", "price war"),
        ),
    ),
)  # fmt: skip


def watch(path: Path) -> Seen:
    """Run the regime detector over a file, as the loop does."""
    feed = ReplayFeed.from_file(path)
    (symbol,) = feed.symbols
    market = RegimeMonitor(feed.symbols, feed.interval_ns)
    detector = market.detectors[symbol]
    n = feed.total_bars
    times, labels, closes = np.zeros(n, dtype=np.int64), np.full(n, -1, dtype=np.int64), np.zeros(n)
    probabilities, changes, index = np.zeros((n, 3)), list[RegimeChange](), 0
    while (bars := feed.next_slice()) is not None:
        changes += market.observe(bars)
        times[index], closes[index] = bars[0].ts_event, bars[0].close
        if detector.label is not None:
            labels[index] = LABELS.index(detector.label)
            probabilities[index] = list(detector.probabilities.values())
        index += 1
    return Seen(times, closes, labels, probabilities, changes, detector.block)


def stretches(seen: Seen) -> list[tuple[int, int, int]]:
    """(label, first bar, bar after the last) of each period."""
    edges = np.flatnonzero(np.diff(seen.labels)) + 1
    starts = [0, *edges.tolist()]
    ends = [*edges.tolist(), len(seen.labels)]
    return [(int(seen.labels[a]), a, b) for a, b in zip(starts, ends, strict=True) if seen.labels[a] >= 0]


def said_of(seen: Seen, crisis: Crisis) -> tuple[RegimeChange, int | None] | None:
    """The turbulent period during or after the event, and its end; None when the event was missed."""
    named = [change for change in seen.changes if change.feature == "volatility"]
    for change, after in zip(named, [*named[1:], None], strict=True):
        over = None if after is None else after.ts
        if change.to_label == "turbulent" and change.ts < crisis.ts + WITHIN_NS and (over is None or over > crisis.ts):
            return change, over
    return None


def day(ts: int) -> str:
    """The date of an instant."""
    return str(datetime.fromtimestamp(ts / SECOND_NS, UTC).date())


def table(subject: Subject, seen: Seen) -> list[str]:
    """The rows of the table in Markdown."""
    rows = []
    for crisis in subject.crises:
        report = said_of(seen, crisis)
        if report is None:
            cells = "not reported | | | "
        else:
            change, over = report
            until = "the end of the file" if over is None else day(over)
            cells = f"{day(change.ts)} | {day(change.change_ts)} | {change.ratio:.1f} | {until}"
        rows.append(f"| {subject.title.partition(',')[0]} | {crisis.day} | {crisis.name} | {cells} |")
    return rows


def draw(subject: Subject, seen: Seen, path: Path) -> None:
    """The price with turbulent and calm periods, and the probabilities below."""
    style: dict[Any, Any] = {"font.size": 9.5, "text.color": INK, "axes.edgecolor": MUTED, "axes.labelcolor": INK}
    with mpl.rc_context(style):
        figure = Figure(figsize=(11.0, 5.6), dpi=150, facecolor="white", layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3.2, 1.0], "hspace": 0.03})
        days = seen.times / DAY_NS  # matplotlib counts days since 1970
        _price(above, subject, seen, days)
        _probabilities(below, seen, days)
        for axes in (above, below):
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(colors=MUTED, labelcolor=INK)
        figure.savefig(path, metadata={"Software": None})


def _price(axes: Axes, subject: Subject, seen: Seen, days: NDArray[np.float64]) -> None:
    for label, first, after in stretches(seen):
        if LABELS[label] != "normal":
            last = min(after, len(days) - 1)
            axes.axvspan(days[first], days[last], color=COLOURS[label], alpha=0.30, linewidth=0)
    axes.plot(days, seen.closes, color=INK, linewidth=0.8)
    axes.set_yscale("log")
    low, high = float(seen.closes.min()), float(seen.closes.max())
    axes.set_ylim(low * (low / high) ** 0.06, high * (high / low) ** 0.42)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high > 10.0 * low else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_minor_locator(NullLocator())
    for number, crisis in enumerate(subject.crises):
        when = crisis.ts / DAY_NS
        height = 0.97 - 0.065 * (number % 4)
        axes.axvline(when, ymax=height - 0.02, color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
        axes.text(
            when, height, f" {crisis.name} ", transform=axes.get_xaxis_transform(), ha=_side(days, when), va="top",
            fontsize=8.5, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8},
        )  # fmt: skip
    axes.set_title(
        f"{subject.title}: regimes as the detector named them at the time (orange turbulent, blue calm)",
        loc="left",
        fontsize=10.5,
    )
    axes.set_ylabel("close, logarithmic")
    axes.set_xlim(days[0], days[-1])


def _side(days: NDArray[np.float64], when: float) -> str:
    return "right" if (when - days[0]) > 0.85 * (days[-1] - days[0]) else "left"


def _probabilities(axes: Axes, seen: Seen, days: NDArray[np.float64]) -> None:
    known = seen.labels >= 0
    ends = np.flatnonzero(known)[:: seen.block]
    probabilities = seen.probabilities[ends]
    axes.stackplot(days[ends], *probabilities.T[::-1], colors=COLOURS[::-1], alpha=0.85, step="post", linewidth=0)
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.set_ylabel("probability")
    locator = AutoDateLocator(minticks=6, maxticks=20)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    for label, name in reversed(list(enumerate(LABELS))):
        axes.plot([], [], color=COLOURS[label], linewidth=6, label=name)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=3, frameon=False, fontsize=8.5)


def summary(subject: Subject, seen: Seen) -> str:
    """How often the label changed, and the fraction of each."""
    known = seen.labels[seen.labels >= 0]
    shares = ", ".join(f"{(known == place).mean():.0%} {name}" for place, name in enumerate(LABELS))
    moved = sum(change.feature == "volatility" and change.from_label is not None for change in seen.changes)
    other = sum(change.feature != "volatility" for change in seen.changes)
    years = (seen.times[-1] - seen.times[0]) / (365.25 * DAY_NS)
    return f"{subject.title}: {moved} changes of the label in {years:.1f} years ({shares}), {other} of trend or correlation"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables, and draw the charts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regimes", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="a folder with the bars of docs/concepts/regimes.md")
    parser.add_argument("--images", type=Path, help="the folder for the charts")
    chosen = parser.parse_args(arguments)
    rows, summaries = [], []
    try:
        for subject in SUBJECTS:
            seen = watch(chosen.folder / f"{subject.file}.parquet")
            rows += table(subject, seen)
            summaries.append(summary(subject, seen))
            if chosen.images is not None:
                draw(subject, seen, chosen.images / f"{subject.image}.png")
    except AlphaPulseError as error:
        print(error, file=sys.stderr)
        return 1
    print("| | day | what happened | reported turbulent on | estimated beginning | volatility over usual | until |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join([*rows, "", *summaries]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
