"""The tables of docs/results.md, from the stored figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from benchmarks.report import Cell, Column, Table, text
from benchmarks.results_store import Part

TITLES = {
    "bars_1h_BTCUSDT_2017_2022": "BTCUSDT 1 h",
    "bars_1h_SPY_1998_2016": "SPY 1 h",
    "bars_1h_EURUSD_2007_2014": "EURUSD 1 h, 2007 to 2014",
    "bars_5m_BTCUSDT_2023": "BTCUSDT 5 min",
    "eurusd_1h_2017": "EURUSD 1 h, 2017 (bundled)",
    "sp500_nasdaq_1d_1999_2018": "S&P 500, Nasdaq 1 d (bundled)",
}
"""The replayed files and their names in the tables, in order."""
REFERENCE = {
    "bars_1h_BTCUSDT_2017_2022": 138.0,
    "bars_1h_SPY_1998_2016": 214.0,
    "bars_1h_EURUSD_2007_2014": 123.0,
    "bars_5m_BTCUSDT_2023": 218.0,
}
"""The skill of the same kind of online mixture on volatility in an earlier experiment outside of this program, in millinats."""
BOOKS = ("combined", "cost_aware", "rules_only", "ml_only", "buy_and_hold")
LEARNERS = ("online", "with batch", "frozen", "hedged frozen", "grow", "hedged grow")
Figures = dict[str, Any]


def sections(parts: dict[str, Part]) -> dict[str, str]:
    """The content between each pair of markers of the page."""
    parts = dict(sorted(parts.items()))
    runs = {TITLES[name]: parts[f"replay {name}"].figures for name in TITLES if f"replay {name}" in parts}
    return {
        "made": _made(parts),
        "volatility": _forecast("volatility", runs),
        "direction": _forecast("direction", runs),
        "anytime": text(_any_time(runs)),
        "learners": _learners(parts),
        "books": _books(runs),
        "adaptation": _adaptation(runs),
        "reversal": "\n\n".join(text(_reversal(h, parts[f"reversal {h}"].figures)) for h in (1, 3) if f"reversal {h}" in parts),
        "demo": _demo(parts["demo drift"].figures) if "demo drift" in parts else "",
    }


def _made(parts: dict[str, Part]) -> str:
    by: dict[str, list[str]] = {}
    for name, part in parts.items():
        by.setdefault(f"Made {part.date} at {part.source}", []).append(name)
    return "\n\n".join(f"{made}: {', '.join(f'`{name}`' for name in names)}." for made, names in by.items())


def _span(interval: Iterable[float] | None, form: Callable[[float], str]) -> str:
    return "." if interval is None else "[" + ", ".join(form(end) for end in interval) + "]"


def _mnat(value: float) -> str:
    return f"{value:+.1f}"


def _cash(value: float) -> str:
    return f"{value:+,.0f}"


def _forecast(target: str, runs: dict[str, Figures]) -> str:
    columns = [Column("data"), Column("served", "{:+.1f}"), Column("95 %"), Column("AUC", "{:.3f}"), Column("hits", "{:.1%}")]
    columns += [Column(name, "{:+.1f}") for name in ("online", "frozen batch", "no-change")]
    reference = target == "volatility"
    if reference:
        columns += [Column("reference", "{:+.0f}"), Column("served / reference", "{:.0%}")]
    by_title = {TITLES[name]: value for name, value in REFERENCE.items()}
    rows = []
    for title, run in runs.items():
        members = run["members"][target]
        served = members["served"]
        cells: list[Cell] = [title, served["skill"], _span(served["interval"], _mnat), served["auc"], served["accuracy"]]
        cells += [members[name]["skill"] for name in ("online", "batch", "no_change")]
        if reference:
            known = by_title.get(title)
            cells += [known, served["skill"] / known if known and served["skill"] is not None else None]
        rows.append(tuple(cells))
    return text(Table(f"Skill on {target}, last 70 %, millinats", tuple(columns), tuple(rows), (_told(target, runs),)))


def _told(target: str, runs: dict[str, Figures]) -> str:
    members = [run["members"][target] for run in runs.values()]
    spans = [one["served"]["interval"] for one in members if one["served"]["interval"] is not None]
    above, below = sum(span[0] > 0.0 for span in spans), sum(span[1] < 0.0 for span in spans)
    both = [one for one in members if one["online"]["skill"] is not None and one["batch"]["skill"] is not None]
    ahead = sum(one["online"]["skill"] > one["batch"]["skill"] for one in both)
    return (
        f"Of {len(spans)} intervals, {above} lie above 0, {below} lie below 0, and {len(spans) - above - below} contain 0. "
        f"The online model had more skill than the frozen batch model on {ahead} of {len(both)} files."
    )


def _any_time(runs: dict[str, Figures]) -> Table:
    rows = [
        (title, session, row["samples"], _thousandfold(row["mean_difference"]), row["p_value"], _decided(row))
        for title, run in runs.items()
        for session, row in run["any_time"].items()
    ]
    columns = Column("data"), Column("session"), Column("labels"), Column("saved x 1,000", "{:+.2f}")
    return Table(
        "Squared error compared with that of the base rate, whole run, at 5 % after every label",
        (*columns, Column("p", "{:.2g}"), Column("shown")),
        tuple(rows),
    )


def _thousandfold(value: float | None) -> float | None:
    return None if value is None else 1_000.0 * value


def _decided(row: Figures) -> str:
    if row["winner"] is None:
        return "no difference"
    return f"{'lower' if row['winner'] == 'first' else 'higher'}, by label {row['decided_at']:,}"


def _learners(parts: dict[str, Part]) -> str:
    files = {name.removeprefix("learners bars_"): part.figures for name, part in parts.items() if name.startswith("learners ")}
    if not files:
        return "Not measured: no file was given."
    tables = []
    for task in sorted(next(iter(files.values())), key=lambda name: (name.split()[0], int(name.split()[1]))):
        row = [(name, figures[task]) for name, figures in files.items()]
        columns = [
            Column("file"),
            *(Column(name, "{:+.2f}") for name in LEARNERS),
            Column("online, 95 %"),
            Column("AUC", "{:.3f}"),
        ]
        rows: list[tuple[Cell, ...]] = [
            (
                name,
                *(one["skills"][member] for member in LEARNERS),
                _span(one["intervals"]["online"], lambda end: f"{end:+.2f}"),
                one["auc"],
            )
            for name, one in row
        ]
        medians = [median(one["skills"][member] for _, one in row) for member in LEARNERS]
        above = sum(one["intervals"]["online"] is not None and one["intervals"]["online"][0] > 0.0 for _, one in row)
        rows.append(("median", *medians, f"{above} of {len(row)} above 0", median(one["auc"] for _, one in row)))
        tables.append(text(Table(f"{_ahead(task)}: skill over the base rate, millinats", tuple(columns), tuple(rows))))
    return "\n\n".join(tables)


def _ahead(task: str) -> str:
    target, horizon = task.split()
    return f"{target}, {horizon} bar{'' if horizon == '1' else 's'} ahead"


def _books(runs: dict[str, Figures]) -> str:
    columns = [
        Column("data"),
        *(Column(f"`{name}`") for name in BOOKS),
        Column("P&L by ML, net [95 %]"),
        Column("ML fraction", "{:.0%}"),
    ]
    rows: list[tuple[Cell, ...]] = []
    for title, run in runs.items():
        cells = [f"{_cash(run['books'][name]['net'])} ({_cash(run['books'][name]['gross'])})" for name in BOOKS]
        earned = run["ml_pnl"]
        by_ml = "." if earned is None else f"{_cash(earned['net'])} {_span((earned['net_low'], earned['net_high']), _cash)}"
        rows.append((title, *cells, by_ml, run["ml_fraction"]))
    spans = [run["ml_pnl"] for run in runs.values() if run["ml_pnl"] is not None]
    above, below = sum(one["net_low"] > 0.0 for one in spans), sum(one["net_high"] < 0.0 for one in spans)
    lost = sum(run["books"]["combined"]["net"] < 0.0 for run in runs.values())
    beat_holding = sum(run["books"]["combined"]["net"] > run["books"]["buy_and_hold"]["net"] for run in runs.values())
    note = (
        f"The combined book lost on {lost} of {len(runs)} files, and did better than holding on {beat_holding}. "
        f"Of {len(spans)} intervals of P&L by ML, {above} lie above 0, {below} lie below 0, "
        f"and {len(spans) - above - below} contain 0."
    )
    return text(Table("Net P&L (before all costs in brackets), on 100,000", tuple(columns), tuple(rows), (note,)))


def _adaptation(runs: dict[str, Figures]) -> str:
    trials, speeds = [], []
    for title, run in runs.items():
        done, speed = run["trials"], run["adaptation_speed"]
        served = run["members"]["volatility"]["served"]["skill"]
        mean_s, longest_s = run["freshness_s"]
        trials.append(
            (
                *(title, speed["drifts"], sum(done.values()), done["accepted"], done["rolled_back"], done["open"]),
                *(served, run["calm_volatility"], _days(mean_s), _days(longest_s)),
            )
        )
        for kind in ("acted", "recovered", "recovered_without_adaptation"):
            one = speed[kind]
            if one["episodes"]:
                steps = (one[f"samples_to_{step}"] for step in ("alarm", "action", "recovery"))
                speeds.append((title, kind.replace("_", " "), one["episodes"], *steps))
    accepted, decided = (sum(run["trials"][status] for run in runs.values()) for status in ("accepted", "rolled_back"))
    note = (
        f"Accepted: {accepted} of {accepted + decided} actions with a completed trial. About one in twenty actions without an "
        "effect is accepted by chance. During a trial, the mixture of both models makes the served predictions."
    )
    columns = [Column("data"), *(Column(name) for name in ("drifts", "actions", "accepted", "rolled back", "on trial"))]
    columns += [Column("volatility", "{:+.1f}"), Column("without adaptation", "{:+.1f}")]
    columns += [Column("freshness, mean, d", "{:,.1f}"), Column("longest, d", "{:,.1f}")]
    first = text(
        Table("Adaptation actions, and the served skill with and without them", tuple(columns), tuple(trials), (note,))
    )
    if not speeds:
        return first
    heads = [Column("data"), Column("kind"), *(Column(name) for name in ("episodes", "to alarm", "to action", "to recovery"))]
    return first + "\n\n" + text(Table("Labels from the change, means over the same episodes", tuple(heads), tuple(speeds)))


def _days(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 86_400.0


def _reversal(horizon: int, figures: Figures) -> Table:
    names = ("before", "after", "late", "reachable", "frozen_late")
    heads = (
        "online, last 500 before",
        "first 500 after",
        "last 1,500 before the next",
        "reachable",
        "frozen batch, last 1,500",
    )
    rows = tuple((f"{one['flip']:,}", *(one[name] for name in names)) for one in figures["flips"])
    return Table(f"Right directions, horizon {horizon}", (Column("flip at"), *(Column(head, "{:.1%}") for head in heads)), rows)


def _demo(figures: Figures) -> str:
    columns = (
        Column("change at bar"),
        Column("what changes"),
        Column("alarms"),
        Column("bars to the alarm, median"),
        Column("accepted"),
        Column("rolled back"),
    )
    rows = [
        (f"{each['bar']:,}", each["effect"], each["alarms"], each["delay"], each["accepted"], each["rolled_back"])
        for each in figures["changes"]
    ]
    table = text(Table(f"Responses to the changes, of {figures['seeds']} seeds", columns, tuple(rows)))
    skill = figures["skill"]
    return (
        f"{table}\n\nAlarms about the errors of direction before the first change, over all seeds: {figures['before']}. "
        f"Mean skill on direction over the last 70 % of the bars: served {_mnat(skill['served'])} mnat, online "
        f"{_mnat(skill['online'])}, frozen batch (calibrated) {_mnat(skill['batch'])}; served without adaptation "
        f"{_mnat(figures['skill_without_adaptation'])}."
    )
