"""The numbers of a run's page, as the texts of its tables."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import cache

import numpy as np

from recount import interval_of_total

from .adaptation import actions
from .files import SECOND, TARGETS, Files, Floats, Row
from .scores import MEMBERS, guesses, losses, member_metrics, scores
from .trading import YEAR_S, book_status, marks_per_year

Table = dict[str, list[str]]
MONTHS = 12
UNITS = (("d", 86_400.0, 172_800.0), ("h", 3_600.0, 3_600.0), ("min", 60.0, 60.0))


def text(value: float | None, style: str, unit: str = "") -> str:
    """A number as a page writes it."""
    if value is None:
        return "–"
    shown = format(value, style).replace("-", "−")
    return (shown if any(digit in shown for digit in "123456789") else shown.strip("+−")) + unit


def percent(fraction: float | None, digits: int = 1, sign: str = "") -> str:
    return text(None if fraction is None else 100.0 * fraction, f"{sign}z,.{digits}f", " %")


def time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    for unit, size, least in UNITS:
        if seconds >= least:
            return f"{round(seconds / size, 1):,g} {unit}"
    return f"{round(seconds, 1):,g} s"


def mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def curve_of(files: Files, book: str) -> Floats:
    return np.array([files.config["execution"]["initial_cash"], *(row["equity_cash"] for row in files.of("equity", book=book))])


def times_of(files: Files) -> list[int]:
    return [row["known_at"] for row in files.of("equity", book="combined")]


def closed(files: Files, book: str) -> list[Row]:
    smallest = {row["symbol"]: row["min_order_cash"] for row in files["units"]}
    lots = files.of("lots", book=book)
    return [row for row in lots if abs(row["quantity"]) * row["open_reference_price"] >= smallest[row["symbol"]] - 1e-9]


@cache
def risk(files: Files, book: str) -> Row:
    """Growth, volatility, ratios, drawdown, time under water and in the market, as numbers."""
    curve, times = curve_of(files, book), times_of(files)
    returns, per_year = np.diff(curve) / curve[:-1], marks_per_year(files)
    spread, downside = returns.std(ddof=1), math.sqrt((returns[returns < 0.0] ** 2).sum() / len(returns))
    years = (times[-1] - times[0]) / SECOND / YEAR_S
    growth = (curve[-1] / curve[0]) ** (1.0 / years) - 1.0 if years * 365.25 >= 90.0 else None
    fall = book_status(files, book)["max_drawdown"]
    lengths = stretches_below(curve, times)
    held = exposures(files, book)
    return {
        "growth": growth,
        "volatility": spread * math.sqrt(per_year) if spread else None,
        "sharpe": book_status(files, book)["sharpe"],
        "sortino": returns.mean() / downside * math.sqrt(per_year) if downside else None,
        "calmar": growth / fall if growth is not None and fall else None,
        "max_drawdown": fall,
        "under_water": sum(lengths) / (times[-1] - times[0]),
        "longest_s": max(lengths) / SECOND,
        "held": sum(value > 0.0 for value in held) / len(held),
        "exposure": sum(held) / len(held),
    }


def stretches_below(curve: Floats, times: list[int]) -> list[int]:
    """The lengths (ns) of the stretches from a highest equity until it is reached again."""
    found, peak, since, below = [0], curve[0], times[0], False
    for value, now in zip(curve[1:].tolist(), times, strict=True):
        if value >= peak:
            if below:
                found.append(now - since)
            peak, since, below = value, now, False
        else:
            below = True
    return [*found, times[-1] - since] if below else found


def exposures(files: Files, book: str) -> list[float]:
    """The value of the positions over the equity after each step, of a book with one symbol or several."""
    fills: dict[int, list[Row]] = {}
    for row in files.of("fills", book=book):
        fills.setdefault(row["seq"], []).append(row)
    closes: dict[int, list[Row]] = {}
    for row in files["bars"]:
        closes.setdefault(row["seq"], []).append(row)
    quantity: dict[str, float] = {}
    close: dict[str, float] = {}
    found = []
    for row in files.of("equity", book=book):
        for bar in closes[row["seq"]]:
            close[bar["symbol"]] = bar["close"]
        for fill in fills.get(row["seq"], []):
            quantity[fill["symbol"]] = round(quantity.get(fill["symbol"], 0.0) + fill["quantity"], 9)
        found.append(sum(abs(held) * close[symbol] for symbol, held in quantity.items()) / row["equity_cash"])
    return found


@cache
def money_rows(files: Files) -> Table:
    rows = {}
    for book in files.books:
        status, own = book_status(files, book), files.of("fills", book=book)
        low, high = interval_of_total(np.diff(curve_of(files, book)), files.config["seed"])
        traded = sum(abs(row["quantity"]) * row["reference_price"] for row in own)
        rows[book.replace("_", " ")] = [
            text(status["net_pnl"], "+z,.2f"),
            f"{text(low, '+z,.0f')} to {text(high, '+z,.0f')}" if own else "–",
            text(status["gross_pnl"], "+z,.2f"), text(status["fees"], "z,.2f"), text(status["costs"], "z,.2f"),
            f"{status['trades']:,}", text(traded / files.config["execution"]["initial_cash"], "z,.1f"),
        ]  # fmt: skip
    return rows


@cache
def ratio_rows(files: Files) -> Table:
    rows = {}
    for book in files.books:
        found = risk(files, book)
        rows[book.replace("_", " ")] = [
            percent(found["growth"], sign="+"), percent(found["volatility"]),
            *(text(found[name], "+z.2f") for name in ("sharpe", "sortino", "calmar")),
            percent(found["max_drawdown"], 2), percent(found["under_water"], 0), percent(found["held"], 0),
        ]  # fmt: skip
    return rows


@cache
def trade_rows(files: Files) -> Table:
    rows = {}
    for book in files.books:
        lots = closed(files, book)
        net = [row["net_pnl_cash"] for row in lots]
        won, lost = [value for value in net if value > 0.0], [value for value in net if value < 0.0]
        amounts = [mean(net), mean(won), mean(lost), max(net, default=None), min(net, default=None)]
        rows[book.replace("_", " ")] = [
            percent(len(won) / len(net) if net else None), text(sum(won) / -sum(lost) if lost else None, "z,.2f"),
            *(text(amount, "+z,.2f") for amount in amounts),
            time(mean([(row["known_at"] - row["opened_at"]) / SECOND for row in lots])),
        ]  # fmt: skip
    return rows


@cache
def month_rows(files: Files) -> Table:
    """A row per year: twelve months and the year."""
    curve = curve_of(files, "combined")
    ends: dict[tuple[int, int], float] = {}
    for now, value in zip(times_of(files), curve[1:].tolist(), strict=True):
        day = datetime.fromtimestamp((now - 1) // SECOND, tz=UTC)
        ends[day.year, day.month] = value
    rows: Table = {}
    before = year_before = float(curve[0])
    for year in sorted({year for year, _ in ends}):
        row = []
        for month in range(1, MONTHS + 1):
            after = ends.get((year, month))
            row.append("" if after is None else text(100.0 * (after / before - 1.0), "+z.2f"))
            before = before if after is None else after
        rows[str(year)] = [*row, text(100.0 * (before / year_before - 1.0), "+z.2f")]
        year_before = before
    return rows


@cache
def score_rows(files: Files) -> Table:
    """The rows of both targets, one below the other; for one symbol."""
    numbers = [row["number"] for row in files["bars"]]
    late_from = numbers[min(-(-len(numbers) * 3 // 10), len(numbers) - 1)]
    rows: Table = {}
    for target in TARGETS:
        rows[target] = []
        found = sorted(files.of("labels", target=target, status="scored"), key=lambda row: row["seq"])
        table = scores(found)
        late = np.array([int(row["prediction_id"].rpartition("/")[2]) >= late_from for row in found])
        for name in ("online", "batch", "served", "base", "no_change"):
            member = MEMBERS.index(name)
            scored = ~np.isnan(table[:, member])
            measured = member_metrics(table, member, exact=True)
            assert measured is not None
            over_base = ["–"] * 3
            if name != "base":
                own = table[scored & late]
                skill = 1_000.0 * (losses(own[:, 2], own[:, 5]) - losses(own[:, member], own[:, 5]))
                horizon = files.config["learning"][f"{target}_horizon_bars"]
                low, high = (bound / len(skill) for bound in interval_of_total(skill, files.config["seed"], horizon))
                over_base = [
                    text(skill.mean(), "+z.1f"),
                    f"{text(low, '+z,.1f')} to {text(high, '+z,.1f')}",
                    text(measured["skill_millinats"], "+z.1f"),
                ]
            hits = (guesses(table[scored], member) == table[scored][:, 5]).mean()
            rows[f"{target} {name.replace('_', ' ').replace('base', 'base rate')}"] = [
                *over_base,
                percent(hits), text(measured["log_loss"], ".4f"), text(measured["brier"], ".4f"), text(measured["auc"], ".3f"),
                f"{len(table[scored]):,}",
            ]  # fmt: skip
    return rows


def action_rows(files: Files, most: int) -> list[list[str]]:
    """The newest adaptations."""
    ends = {"open": "on trial", "accepted": "accepted", "rolled_back": "rolled back"}
    found = sorted(actions(files), key=lambda row: (row["ts_ms"], row["action_id"]))
    return [
        [
            f"{datetime.fromtimestamp(row['bar_open_ms'] / 1_000, tz=UTC):%Y-%m-%d %H:%M}",
            f"{row['symbol']} {row['target']}", row["kind"],
            text(None if row["effect"] is None else 1_000.0 * row["effect"], "+z.1f"),
            f"{row['effect_samples']:,}", ends[row["status"]],
        ]
        for row in found[-most:]
    ]  # fmt: skip
