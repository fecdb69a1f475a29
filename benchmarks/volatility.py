"""Volatility forecasts beside what a practitioner runs: `python -m benchmarks.volatility FOLDER`, with `--json FILE`, or with
`--write-docs` into docs/volatility.md.

For each file of bars (its last 40,000 bars; the last 70 % are scored): the skill on the event that realised volatility of the
next 12 bars will be above its trailing median, as served by the engine and by the volatility forecast; QLIKE of the level;
the scores of the density; how steady the risk of a position is that is sized by each level (daily and hourly bars); and
realised over forecast volatility in crises, on whole files.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from alpha_pulse.core.durations import DAY_NS, HOUR_NS, SECOND_NS
from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.features.extractor import FeatureExtractor
from alpha_pulse.features.volatility import VolatilityFeatures
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.kernels.volatility.calendar import DAY_BARS
from alpha_pulse.library.replay import replay
from alpha_pulse.metrics.definitions import log_losses
from alpha_pulse.metrics.intervals import mean_interval
from alpha_pulse.models.volatility.forecaster import PRESETS, VolatilityForecaster
from benchmarks.report import Cell, Column, Table, fill, text
from benchmarks.volatility_rivals import RIVALS, Inputs, variances
from benchmarks.volatility_scores import NONE, density_scores, hedged_event, mixed, qlike, rescale
from benchmarks.volatility_tracking import weekly_logs

Floats = NDArray[np.float64]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "volatility.md"
HORIZON = 12
LAST_BARS = 40_000
QUICK_BARS = 4_000
FIRST_PART = 0.3
EVENTS = ("served", "mixed", "ewma", "ewma_s", "har", "har_s", "har_gk_s", "garch", "garch_t_s", *PRESETS)
LEVELS = (*RIVALS, *PRESETS, "sizing")
"""``sizing``: the level for positions of preset ``default``."""
CRISES = {
    "bars_1h_SPY": (
        ("2001-09-01", "2001-10-01"), ("2008-09-01", "2009-01-01"), ("2010-05-01", "2010-06-01"), ("2011-08-01", "2011-09-01"),
    ),
    "bars_1h_IBM": (("2001-09-01", "2001-10-01"), ("2008-09-01", "2009-01-01")),
    "bars_1h_BTCUSDT": (
        ("2018-02-01", "2018-03-01"), ("2020-03-01", "2020-04-01"), ("2021-05-01", "2021-06-01"), ("2022-06-01", "2022-07-01"),
    ),
    "bars_1h_EURUSD": (("2008-10-01", "2008-11-01"),),
    "bars_1d": (("2020-03-01", "2020-04-01"),),
    "bars_5m": (("2023-08-17", "2023-08-18"),),
}  # fmt: skip
"""By the beginning of the file's name: from, and before."""


class Market(msgspec.Struct, frozen=True):
    """Bars of one symbol, (n,) or (n, columns): ends, prices, wide features, realised volatility and its median."""

    name: str
    ts: NDArray[np.int64]
    rows: Floats
    closes: Floats
    levels: Floats
    calendar: str
    day: int
    interval_ns: int
    wide_ns: float
    """CPU time per bar of the wide features."""


class Scores(msgspec.Struct, frozen=True):
    """The figures of one file: skill in millinats, QLIKE, and those of the density, by name of the forecast."""

    file: str
    calendar: str
    labels: int
    skills: dict[str, float]
    qlikes: dict[str, float]
    coverage: float
    log_score: float
    crps: float
    against: dict[str, tuple[float, float, float] | None]
    """The mean advantage of ``default`` on the event over a forecast, with its 95 % interval; then that of its level (names
    ``level ...``), and that of ``sizing`` in the squared deviation of log weekly volatility (``tracking ...``)."""
    tracking: dict[str, float]
    """The standard deviation of the log weekly volatility of a position sized by each level; empty for bars of minutes."""
    costs_ns: dict[str, float]
    """CPU time per bar of each preset, with the wide features, ns."""


class Crisis(msgspec.Struct, frozen=True):
    """Realised over forecast volatility, means over the bars of a crisis."""

    file: str
    first: str
    before: str
    bars: int
    ratios: dict[str, float]


def market_of(path: Path, last: int | None) -> Market:
    """The newest ``last`` bars of a file (None: all), and what is computed from them."""
    columns = ReplayFeed.from_file(path).columns
    columns = columns if last is None else columns.pick(slice(-last, None))
    ts, n = columns.ends(), len(columns.close)
    volume = np.full(n, np.nan) if columns.volume is None else columns.volume
    bars = np.column_stack([columns.open, columns.high, columns.low, columns.close, volume, np.full((n, 2), np.nan)])
    extractor = FeatureExtractor(
        columns.symbols[0], has_volume=columns.volume is not None, has_quotes=False, volatility_horizon=HORIZON
    )
    levels = np.zeros((n, 3))
    extractor.update_rows(ts, bars, levels, np.zeros((n, len(extractor.schema.names))))
    wide = VolatilityFeatures(columns.interval_ns, [HORIZON])
    began = time.process_time_ns()
    rows = wide.update_rows(ts, bars)
    wide_ns = (time.process_time_ns() - began) / n
    day = int(wide.calendar_state[DAY_BARS])
    return Market(path.stem, ts, rows, bars[:, 3], levels, wide.calendar, day, columns.interval_ns, wide_ns)


def served_by_the_engine(path: Path, last: int, ts: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The probabilities that a replay serves, and those of the base rate, at the bars that end at ``ts``; NaN where none is."""
    import polars as pl

    bars = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, try_parse_dates=True)
    run = replay(bars.tail(last), store="memory://", progress=False)
    shown = run.predictions.filter(pl.col("target") == "volatility")
    places = np.searchsorted(ts, shown["known_at"].dt.epoch("ns").to_numpy())
    served, base = np.full(len(ts), np.nan), np.full(len(ts), np.nan)
    served[places], base[places] = shown["probability"].to_numpy(), shown["base_probability"].to_numpy()
    return served, base


def measure(path: Path, last: int) -> Scores:
    """All forecasts of one file."""
    market = market_of(path, last)
    served, base = served_by_the_engine(path, last, market.ts)
    realised, median = market.levels[:, 0], market.levels[:, 1]
    n, late = len(realised), np.arange(int(FIRST_PART * len(realised)), len(realised) - HORIZON)
    labels = np.full(n, NONE, dtype=np.int64)
    known = np.isfinite(served[:-HORIZON])
    labels[:-HORIZON] = np.where(known, realised[HORIZON:] > median[:-HORIZON], NONE)
    forecasts = {
        name: VolatilityForecaster(HORIZON, members).update_rows(market.rows, market.levels)
        for name, members in PRESETS.items()
    }
    rivals = variances(Inputs(market.rows, market.closes, market.day, HORIZON, market.levels))
    events = {"served": served, "mixed": np.empty(n)}
    mixed(served, forecasts["default"].event, labels, HORIZON, events["mixed"])
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, variance in rivals.items():
            log_ratio = np.clip(0.5 * np.log(variance) - np.log(median), -5.0, 5.0)
            events[name] = np.empty(n)
            hedged_event(log_ratio, base, labels, HORIZON, events[name])
    events |= {name: forecast.event for name, forecast in forecasts.items()}
    scored = late[labels[late] != NONE]
    outcome = labels[scored] == 1
    losses = {name: 1_000.0 * log_losses(events[name][scored], outcome) for name in EVENTS}
    reference = 1_000.0 * log_losses(base[scored], outcome)
    levels = {name: f.volatility**2 for name, f in forecasts.items()} | {"sizing": forecasts["default"].sizing ** 2}
    for name, variance in rivals.items():
        levels[name] = np.empty(n)
        rescale(variance, realised**2, HORIZON, levels[name])
    usable = (realised[late + HORIZON] > 0.0) & np.all([levels[name][late] > 0.0 for name in LEVELS], axis=0)
    at = late[usable]
    level_losses = {name: qlike(realised[at + HORIZON] ** 2, levels[name][at]) for name in LEVELS}
    own, found = forecasts["default"], np.empty((len(scored), 3))
    values = np.log(np.maximum(realised[scored + HORIZON] / median[scored], 0.01))
    density_scores(own.weights[scored], own.means[scored], own.scales[scored], values, found)
    against = {name: _advantage(losses[name] - losses["default"]) for name in EVENTS if name != "default"}
    against |= {
        f"level {name}": _advantage(level_losses[name] - level_losses["default"]) for name in LEVELS if name != "default"
    }
    weekly = _tracking(market, levels, int(at[0]))
    against |= {f"tracking {name}": _advantage(each**2 - weekly["sizing"] ** 2, 1) for name, each in weekly.items()}
    return Scores(
        market.name, market.calendar, len(scored), {name: float(np.mean(reference - each)) for name, each in losses.items()},
        {name: float(each.mean()) for name, each in level_losses.items()},
        float(np.mean(np.abs(found[:, 2] - 0.5) < 0.45)), float(found[:, 0].mean()), float(found[:, 1].mean()), against,
        {name: float(each.std()) for name, each in weekly.items()}, costs(path, last),
    )  # fmt: skip


def costs(path: Path, last: int) -> dict[str, float]:
    """CPU time per bar of each preset, wide features included, in ns; the kernels are compiled by now."""
    found = {}
    for name, members in PRESETS.items():
        market, model = market_of(path, last), VolatilityForecaster(HORIZON, members)
        began = time.process_time_ns()
        model.update_rows(market.rows, market.levels)
        found[name] = market.wide_ns + (time.process_time_ns() - began) / len(market.ts)
    return found


def _tracking(market: Market, levels: dict[str, Floats], first: int) -> dict[str, Floats]:
    """Deviations of log weekly volatility by level; none for bars of less than an hour."""
    if market.interval_ns < HOUR_NS:
        return {}
    daily = market.interval_ns >= DAY_NS
    return {name: weekly_logs(market.ts, market.closes, np.sqrt(levels[name]), first, daily=daily) for name in LEVELS}


def _advantage(values: Floats, least_block: int = HORIZON) -> tuple[float, float, float] | None:
    interval = mean_interval(values, least_block=least_block)
    return None if interval is None else (float(values.mean()), interval.low, interval.high)


def crises(path: Path) -> list[Crisis]:
    """Of one whole file, where it has any."""
    windows = [window for prefix, found in CRISES.items() if path.stem.startswith(prefix) for window in found]
    if not windows:
        return []
    market = market_of(path, None)
    realised = market.levels[:, 0]
    levels = {
        name: VolatilityForecaster(HORIZON, members).update_rows(market.rows, market.levels).volatility
        for name, members in PRESETS.items()
    }
    levels["sizing"] = VolatilityForecaster(HORIZON).update_rows(market.rows, market.levels).sizing
    for name, variance in variances(Inputs(market.rows, market.closes, market.day, HORIZON, market.levels)).items():
        scaled = np.empty(len(variance))
        rescale(variance, realised**2, HORIZON, scaled)
        levels[name] = np.sqrt(scaled)
    found = []
    for first, before in windows:
        low, high = (int(np.datetime64(day, "s").astype(np.int64)) * SECOND_NS for day in (first, before))
        bars = np.flatnonzero((market.ts > low) & (market.ts <= high) & (levels["default"] > 0.0))
        bars = bars[bars < len(realised) - HORIZON]
        if len(bars):
            ratios = {name: float(realised[bars + HORIZON].mean() / levels[name][bars].mean()) for name in LEVELS}
            found.append(Crisis(market.name, first, before, len(bars), ratios))
    return found


def tables(scores: Sequence[Scores], found: Sequence[Crisis]) -> list[Table]:
    """Skill on the event, QLIKE, density, crises, and how often the default preset is better or worse."""
    event_rows: list[tuple[Cell, ...]] = [(s.file, s.labels, *(s.skills[name] for name in EVENTS)) for s in scores]
    event_rows.append(("mean", None, *(float(np.mean([s.skills[name] for s in scores])) for name in EVENTS)))
    level_rows: list[tuple[Cell, ...]] = [(s.file, *(s.qlikes[name] for name in LEVELS)) for s in scores]
    level_rows.append(("mean", *(float(np.mean([s.qlikes[name] for s in scores])) for name in LEVELS)))
    events = Table(
        f"event: realised volatility of the next {HORIZON} bars above its median; skill over the base rate, millinats",
        (Column("file"), Column("labels"), *(Column(name, "{:+.1f}") for name in EVENTS)),
        (*event_rows, _counts(scores, EVENTS, "", 2)),
    )
    levels = Table(
        "level: QLIKE of the variance of the next bars, each rescaled online",
        (Column("file"), *(Column(name, "{:.3f}") for name in LEVELS)),
        (*level_rows, _counts(scores, LEVELS, "level ", 1)),
    )
    densities = Table(
        "density of preset default",
        (
            Column("file"),
            Column("90 % interval covers", "{:.1%}"),
            Column("log score", "{:.3f}"),
            Column("CRPS", "{:.4f}"),
            Column("calendar"),
        ),
        tuple((s.file, s.coverage, s.log_score, s.crps, s.calendar) for s in scores),
    )
    crisis = Table(
        "realised over forecast volatility in crises, whole files",
        (Column("file"), Column("from"), Column("before"), Column("bars"), *(Column(name, "{:.2f}") for name in LEVELS)),
        tuple((c.file, c.first, c.before, c.bars, *(c.ratios[name] for name in LEVELS)) for c in found),
    )
    tracked = [s for s in scores if s.tracking]
    tracking_rows: list[tuple[Cell, ...]] = [(s.file, *(s.tracking[name] for name in LEVELS)) for s in tracked]
    tracking = Table(
        "held position sized by each level: standard deviation of its log weekly volatility (daily bars: of four weeks)",
        (Column("file"), *(Column(name, "{:.3f}") for name in LEVELS)),
        (*tracking_rows, _counts(tracked, LEVELS, "tracking ", 1, "sizing")),
    )
    presets = Table(
        "presets: means over the files; CPU time per bar is the median",
        (
            Column("preset"), Column("members"), Column("skill on the event", "{:+.1f}"), Column("QLIKE", "{:.3f}"),
            Column("µs per bar", "{:.2f}"),
        ),
        tuple(_preset_row(name, members, scores) for name, members in PRESETS.items()),
    )  # fmt: skip
    return [events, levels, presets, densities, *([tracking] if tracked else []), *([crisis] if found else [])]


def _preset_row(name: str, members: Sequence[str], scores: Sequence[Scores]) -> tuple[Cell, ...]:
    skill, level = np.mean([s.skills[name] for s in scores]), np.mean([s.qlikes[name] for s in scores])
    cost_ns = np.median([s.costs_ns[name] for s in scores])
    return name, ", ".join(members), float(skill), float(level), float(cost_ns) / 1_000.0


def _counts(scores: Sequence[Scores], names: Sequence[str], prefix: str, blank: int, own: str = "default") -> tuple[Cell, ...]:
    """How often ``own`` is better and worse than each, where the 95 % interval excludes 0."""
    cells: list[Cell] = [f"{own} better / worse", *[None] * (blank - 1)]
    for name in names:
        found = [each.against.get(prefix + name) for each in scores]
        known = [each for each in found if each is not None]
        better, worse = sum(low > 0.0 for _, low, _ in known), sum(high < 0.0 for _, _, high in known)
        cells.append(f"{better} / {worse}" if known and name != own else None)
    return tuple(cells)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read every file of bars in the folder, measure, print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.volatility", description="Measure volatility forecasts beside EWMA, HAR and GARCH.",
        epilog="example: python -m benchmarks.volatility bars/ --json volatility.json",
    )  # fmt: skip
    parser.add_argument("folder", type=Path, help="a folder of Parquet or CSV files bars_*, one symbol each")
    parser.add_argument("--quick", action="store_true", help=f"only the last {QUICK_BARS:,} bars of the first file")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument("--write-docs", action="store_true", help="write the tables into docs/volatility.md")
    options = parser.parse_args(arguments)
    if options.quick and options.write_docs:
        print("the figures of --quick are not written to the docs; omit --quick or --write-docs", file=sys.stderr)
        return 2
    paths = sorted(path for path in options.folder.glob("bars_*") if path.suffix in (".parquet", ".csv"))
    if not paths:
        print(f"{options.folder} contains no file bars_*.parquet or bars_*.csv; name another folder", file=sys.stderr)
        return 2
    chosen = paths[:1] if options.quick else paths
    scores: list[Scores] = []
    found: list[Crisis] = []
    try:
        for path in track(chosen, "files", console=Console(stderr=True), transient=True):
            scores.append(measure(path, QUICK_BARS if options.quick else LAST_BARS))
            found += [] if options.quick else crises(path)
    except AlphaPulseError as error:
        print(error, file=sys.stderr)
        return 2
    shown = "\n\n".join(text(table) for table in tables(scores, found))
    print(shown)
    if options.write_docs:
        PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), "volatility", f"\n{shown}\n"), encoding="utf-8")
    if options.json is not None:
        options.json.write_bytes(msgspec.json.encode({"scores": scores, "crises": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
