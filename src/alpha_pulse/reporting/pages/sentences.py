"""What came out, in sentences: each states its numbers, and whether they are distinguishable from zero."""

from __future__ import annotations

import math

from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.metrics.intervals import Interval
from alpha_pulse.reporting.ml_pnl import RULES
from alpha_pulse.reporting.pages.numbers import interval, money, number, percent, time_span
from alpha_pulse.reporting.tearsheet.books import BookPerformance
from alpha_pulse.reporting.tearsheet.sheet import TearSheet
from alpha_pulse.reporting.words import counted

SPAN_95 = 1.959963984540054
HOLD = "buy_and_hold"


def result_sentence(sheet: TearSheet) -> str:
    """The profit or loss of the combined book."""
    book = sheet.books[PRIMARY]
    if book.fills == 0:
        return "The combined book did not trade."
    if book.bankrupt:
        return (
            "The combined book went bankrupt: its equity fell to 0 or below. Its later results mean nothing, and no interval "
            "or ratio of it is defined."
        )
    made = "made" if book.net_pnl > 0.0 else "lost"
    charges = book.fees + book.costs
    gross = "made" if book.gross_pnl > 0.0 else "lost"
    text = (
        f"The combined book {made} {percent(abs(book.total_return))} of its initial cash after costs "
        f"({_in_cash_interval(book.net_pnl_interval, sheet.initial_cash)}), {against_zero(book.net_pnl_interval)}. "
        f"Before costs it {gross} {percent(abs(book.gross_pnl) / sheet.initial_cash)} "
        f"({_in_cash_interval(book.gross_pnl_interval, sheet.initial_cash)}), {against_zero(book.gross_pnl_interval)}; "
        f"fees, spread and slippage took {percent(charges / sheet.initial_cash)}."
    )
    hold = sheet.books.get(HOLD)
    if hold is not None:
        did = "made" if hold.net_pnl > 0.0 else "lost"
        text += f" Buy and hold {did} {percent(abs(hold.total_return))}."
    return text


def skill_sentence(sheet: TearSheet) -> str:
    """The skill of the served forecasts over the last 70 % of the bars."""
    if all(members["served"].labels == 0 for members in sheet.scores.values()):
        return "No forecast was scored."
    return f"Over the last 70 % of the bars, {'; '.join(_skill(sheet, target) for target in sheet.scores)}."


def _skill(sheet: TearSheet, target: str) -> str:
    score = sheet.scores[target]["served"]
    skill, bounds = score.skill_millinats_last70, score.skill_millinats_last70_interval
    if skill is None:
        return f"no forecast of {target} was scored"
    text = (
        f"the served forecast of {target} was {'better' if skill > 0.0 else 'worse'} than the base rate by "
        f"{number(abs(skill), 'z.1f')} mnat per label"
    )
    if bounds is None:
        return f"{text} (too few labels for an interval)"
    return f"{text} (95 % interval {interval(bounds)}), {against_zero(bounds)}"


def drawdown_sentence(book: BookPerformance) -> str:
    """The largest loss from a peak, and the time under water."""
    if book.max_drawdown == 0.0:
        return "The combined book was never below its highest equity."
    lasting = ", which lasts at the end of the run" if book.under_water_at_end else ""
    return (
        f"The largest loss since a peak was {percent(book.max_drawdown, 2)}. The book was below its highest equity so far for "
        f"{percent(book.under_water_fraction, 0)} of the time, {time_span(book.longest_under_water_s)} at the longest{lasting}."
    )


def months_sentence(book: BookPerformance) -> str:
    """How many months made a profit."""
    known = [each.value for each in book.months if each.value is not None]
    won = sum(value > 0.0 for value in known)
    if not known:
        return "No month has a return."
    best, worst = (percent(value, 2, signed=True) for value in (max(known), min(known)))
    return f"{won} of {counted(len(known), 'month')} made a profit; the best {best}, the worst {worst}."


def rolling_sentence(sheet: TearSheet) -> str:
    """The Sharpe ratio, and what chance alone gives in a window."""
    book = sheet.books[PRIMARY]
    if book.sharpe is None:
        return (
            "There is no Sharpe ratio: the book is bankrupt."
            if book.bankrupt
            else "The returns do not vary, so there is no Sharpe ratio."
        )
    whole = sharpe_by_chance(sheet, sheet.data.steps)
    beyond = "outside" if abs(book.sharpe) > whole else "within"
    return (
        f"The Sharpe ratio of the whole run is {number(book.sharpe, '+z.2f')}, {beyond} ±{number(whole, 'z.2f')}: "
        "the range of 95 % of the Sharpe ratios of books with independent returns and a mean of 0."
    )


def sharpe_by_chance(sheet: TearSheet, steps: int) -> float:
    """The bound that the Sharpe ratio of so many independent returns with mean 0 exceeds in 5 % of cases, on either side.

    References
    ----------
    Lo (2002), "The statistics of Sharpe ratios", Financial Analysts Journal 58.
    """
    return SPAN_95 * math.sqrt(sheet.data.steps_per_year / steps) if steps else math.inf


def trades_sentence(book: BookPerformance) -> str:
    """Winning trades, and what a trade brought."""
    trades = book.trades
    if trades.trades == 0:
        return "The combined book closed no trade."
    factor = "" if trades.profit_factor is None else f"; profits were {number(trades.profit_factor)} times the losses"
    return (
        f"{percent(trades.win_rate)} of {counted(trades.trades, 'closed trade')} made a profit{factor}. "
        f"A trade brought {money(trades.expectancy, signed=True)} on average after {money(trades.mean_costs)} of costs, and "
        f"was held for {time_span(trades.mean_holding_s)}."
    )


def models_sentence(sheet: TearSheet) -> str | None:
    """What the models added to the rules; None where there are no two books that traded, or one is bankrupt."""
    earned = sheet.ml_pnl
    books = [sheet.books[name] for name in (PRIMARY, RULES) if name in sheet.books]
    if earned is None or any(book.bankrupt for book in books) or all(book.fills == 0 for book in books):
        return None
    bounds = Interval(earned.net_low, earned.net_high)
    verb = "added" if earned.net > 0.0 else "took"
    preposition = "to" if earned.net > 0.0 else "from"
    return (
        f"The models {verb} {money(abs(earned.net))} {preposition} the net P&L of the rules "
        f"(95 % interval {interval(bounds, '+z,.2f')}), {against_zero(bounds)}."
    )


def symbols_sentence(sheet: TearSheet) -> str:
    """How many symbols made a profit, and how many forecasts show skill."""
    symbols = sheet.by_symbol.values()
    won = sum(symbol.net_pnl > 0.0 for symbol in symbols)
    parts = []
    for target in sheet.scores:
        bounds = [symbol.served[target].skill_millinats_last70_interval for symbol in symbols]
        above = sum(each is not None and each.low > 0.0 for each in bounds)
        parts.append(f"the forecast of {target} is distinguishably better than the base rate in {above:,}")
    return f"{won:,} of {len(symbols):,} symbols made a profit; {', '.join(parts)}."


def drift_sentence(sheet: TearSheet) -> str:
    """How many alarms and adaptations there were, and how these ended."""
    drift = sheet.drift
    started = len(drift.actions)
    if not drift.alarms and not started:
        return "No drift alarm was raised, and no model was adapted."
    about = ", ".join(f"{count:,} about {name}" for name, count in drift.by_monitored.items())
    raised = "was raised" if drift.alarms == 1 else "were raised"
    text = f"{counted(drift.alarms, 'drift alarm')} {raised}{f' ({about})' if about else ''}"
    if not started:
        return f"{text}; no model was adapted."
    return (
        f"{text}. {counted(started, 'adaptation')} began: {drift.accepted:,} accepted, because a trial against the unchanged "
        f"model showed a significant improvement, {drift.rolled_back:,} rolled back, {drift.on_trial:,} still on trial."
    )


def reliability_sentence(sheet: TearSheet, target: str) -> str:
    """How far the served probabilities were from the frequencies."""
    table = sheet.reliability[target].served
    if table.ece is None:
        return f"No probability of the {target} was scored."
    noise = 0.4 * math.sqrt(len(table.bins) / table.labels)
    return (
        f"The served probabilities of the {target} were {percent(table.ece)} from the observed frequencies on average "
        f"(a perfectly calibrated forecast: about {percent(noise)} on as many independent labels)."
    )


def caveats(sheet: TearSheet) -> list[str]:
    """What this run cannot show, however good it looks."""
    tried = len(sheet.drift.actions)
    found = [
        "All trades are simulated. Orders are filled in full at the next bar's open, with the costs stated above; a real "
        "market would move against large orders.",
        "This is one path of the market. The intervals describe how much the result could vary if the same market went on; "
        "they do not cover a market that changes, and they treat distant blocks of bars as independent.",
        "An interval of 95 % misses the truth in one of twenty cases, and this page contains many intervals. "
        "If you have tried other settings on the same bars, the best of them looks better than it is.",
        "Sharpe and Sortino ratios are per year, by the run's own "
        f"{number(sheet.data.steps_per_year, ',.0f')} bars per year, without a riskless rate.",
    ]
    if tried:
        found.append(
            f"{counted(tried, 'adaptation')} {'was' if tried == 1 else 'were'} tried, each judged at the 5 % level: of those "
            "without any effect, about one in twenty is accepted by chance."
        )
    if not sheet.finished:
        found.append("The run has not come to the end of its data: every number is as of its newest bar.")
    return found


def _in_cash_interval(bounds: Interval | None, initial_cash: float) -> str:
    if bounds is None:
        return "too few bars for an interval"
    return f"95 % interval {interval(bounds, unit='%', factor=100.0 / initial_cash)}"


def against_zero(bounds: Interval | None) -> str:
    """Whether an interval excludes 0, as the end of a clause."""
    if bounds is None:
        return "which shows nothing"
    if bounds.low > 0.0:
        return "distinguishable from zero"
    return "distinguishable from zero" if bounds.high < 0.0 else "not distinguishable from zero"
