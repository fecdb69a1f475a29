"""A comparison in words: names of runs and of numbers, and what each difference shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from alpha_pulse.reporting.comparison.comparison import ComparedRun, RunComparison
from alpha_pulse.reporting.comparison.pairs import PairedDifference
from alpha_pulse.reporting.pages.numbers import DASH, day, interval, money, number, percent
from alpha_pulse.reporting.pages.sentences import against_zero
from alpha_pulse.reporting.words import interval_text

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Shown = Callable[[float | None], str]


def _count(value: float | None) -> str:
    return DASH if value is None else f"{value:,.0f}"


def _signed(value: float | None) -> str:
    return number(value, "+z,.2f")


def _signed_percent(value: float | None) -> str:
    return percent(value, 2, signed=True)


def _cash(value: float | None) -> str:
    return money(value, signed=True)


def _millinats(value: float | None) -> str:
    return number(value, "+z.1f")


OF_RUN: dict[str, tuple[str, Shown]] = {
    "net_pnl_cash": ("net P&L", _cash),
    "total_return": ("net P&L, % of the cash", _signed_percent),
    "gross_pnl_cash": ("gross P&L", _cash),
    "charges_cash": ("fees and costs", money),
    "growth_per_year": ("growth per year", _signed_percent),
    "sharpe": ("Sharpe ratio", _signed),
    "sortino": ("Sortino ratio", _signed),
    "calmar": ("Calmar ratio", _signed),
    "max_drawdown": ("maximum drawdown", lambda value: percent(value, 2)),
    "under_water_fraction": ("time under water", lambda value: percent(value, 0)),
    "held_fraction": ("bars with a position", lambda value: percent(value, 0)),
    "mean_exposure": ("mean exposure", percent),
    "turnover": ("turnover", lambda value: number(value, "z,.1f")),
    "trades": ("closed trades", _count),
    "win_rate": ("win rate", percent),
    "profit_factor": ("profit factor", number),
    "expectancy_cash": ("expectancy", _cash),
    "drift_alarms": ("drift alarms", _count),
    "adaptations": ("adaptations", _count),
    "adaptations_accepted": ("of these accepted", _count),
}
"""The title of each metric of a run, and how it is written."""
OF_TARGET: dict[str, tuple[str, Shown]] = {
    "labels": ("labels", _count),
    "accuracy": ("hits", percent),
    "log_loss_nats": ("log loss", lambda value: number(value, ".4f")),
    "skill_millinats": ("skill, mnat", _millinats),
    "skill_millinats_last70": ("skill 70, mnat", _millinats),
    "ece": ("calibration error", percent),
}
"""The same of the served prediction of a target; the names follow that of the target."""


def short_name(place: int) -> str:
    """What a run is called in a comparison, by its place.

    >>> short_name(0), short_name(26)
    ('A', 'R27')
    """
    return LETTERS[place] if place < len(LETTERS) else f"R{place + 1}"


def short_names(comparison: RunComparison) -> dict[str, str]:
    """The short name of each run, by its id."""
    return {run.run_id: short_name(place) for place, run in enumerate(comparison.runs)}


def about_run(run: ComparedRun) -> str:
    """The id of a run, its data and its period."""
    data = run.data
    symbols = ", ".join(data.symbols[:3]) + ("" if len(data.symbols) <= 3 else f" and {len(data.symbols) - 3} more")
    state = "" if run.finished else "; not finished"
    return (
        f"{run.run_id}: {symbols}, {data.bars:,} bars of {interval_text(data.interval_s)}, {day(data.first_open)} to "
        f"{day(data.last_open)}{state}"
    )


def difference_cells(difference: PairedDifference) -> list[str]:
    """What is compared, the difference, its interval, the pairs, and what it shows."""
    if difference.quantity == "total_return":
        shown = percent(difference.mean, 2, signed=True)
        bounds = interval(difference.interval, "+z,.2f", "%", 100.0)
    else:
        shown = number(difference.mean, "+z.2f")
        bounds = interval(difference.interval, "+z,.2f")
    return [shown, bounds, f"{difference.pairs:,}", difference_verdict(difference)]


def difference_title(difference: PairedDifference) -> str:
    """What a difference is of."""
    return "net P&L, % of the cash" if difference.target is None else f"log loss of {difference.target}, mnat"


def difference_verdict(difference: PairedDifference) -> str:
    """In two words what a difference shows."""
    if difference.mean is None:
        return "not comparable"
    if difference.interval is None:
        return "too few pairs"
    if difference.mean == 0.0 and difference.interval.low == difference.interval.high:
        return "equal"
    low, high = difference.interval.low, difference.interval.high
    if low <= 0.0 <= high:
        return "no difference shown"
    return "better" if (difference.mean > 0.0) == (difference.target is None) else "worse"


def difference_sentences(comparison: RunComparison) -> list[str]:
    """A sentence for each run about its differences to the first one."""
    names = short_names(comparison)
    texts = []
    for run in comparison.runs[1:]:
        parts = [_part(each) for each in comparison.differences if each.run_id == run.run_id]
        if parts:
            texts.append(f"{names[run.run_id]} against A: {'; '.join(parts)}.")
    return [*texts, *unpaired_sentences(comparison)]


def unpaired_sentences(comparison: RunComparison) -> list[str]:
    """Says of runs over other data that there are no pairs."""
    names = [short_names(comparison)[run_id] for run_id in comparison.unpaired]
    if not names:
        return []
    was = "was" if len(names) == 1 else "were"
    symbols = {run.run_id: run.data.symbols[0] for run in comparison.runs}
    first = symbols[comparison.runs[0].run_id]
    return [
        f"{_in_a_row(names)} {was} made from other data than A: no bar or prediction has a counterpart in A, so there are no "
        "pairs and no intervals. The numbers stand side by side, and differences of the markets are among them.",
        *(
            f"The bars of {short_names(comparison)[run_id]} are those of A, and only the symbol differs: {symbols[run_id]}, "
            f"not {first}. Name the symbol alike in both runs to compare them bar by bar."
            for run_id in comparison.renamed
        ),
    ]


def settings_sentence(comparison: RunComparison) -> str:
    """How many settings differ."""
    if not comparison.settings:
        return "All settings are the same."
    count = len(comparison.settings)
    return f"{count:,} setting{'s' if count > 1 else ''} differ{'' if count > 1 else 's'}; all others are the same."


def caveats(comparison: RunComparison) -> list[str]:
    """What a comparison cannot show."""
    count = sum(difference.interval is not None for difference in comparison.differences)
    found = [
        "A difference of net P&L is one sample of a noisy quantity. Its interval describes how much it could vary if the same "
        "market went on; it does not cover a market that changes.",
        "Log losses are compared prediction by prediction, so what is common to both runs cancels out.",
    ]
    if count > 1:
        found.append(
            f"There are {count:,} intervals of 95 %. If no run differed from A, each would still exclude 0 in one of twenty "
            "cases: the more runs you compare, the more of them look better by chance."
        )
    if any(not run.finished for run in comparison.runs):
        found.append("Runs that are not finished are compared up to their newest bar, and metrics cover different times.")
    return found


def _part(difference: PairedDifference) -> str:
    target, mean = difference.target, difference.mean
    if mean is None:
        what = "net P&L" if target is None else f"log loss of {target}"
        return f"its {what} cannot be compared, because {difference.problem}"
    pairs = f"{difference.pairs:,} common {'bars' if target is None else 'labels'}"
    if difference_verdict(difference) == "equal":
        return f"its {'net P&L' if target is None else f'log loss of {target}'} is that of A over {pairs}"
    if target is None:
        text = f"it made {percent(abs(mean), 2)} of the cash {'more' if mean > 0.0 else 'less'} over {pairs}"
    else:
        better = "better" if mean < 0.0 else "worse"
        text = f"its forecast of {target} was {better} by {number(abs(mean), 'z.2f')} mnat per label over {pairs}"
    bounds = difference_cells(difference)[1]
    shown = "too few for an interval" if difference.interval is None else f"95 % interval of the difference {bounds}"
    return f"{text} ({shown}), {against_zero(difference.interval)}"


def _in_a_row(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
