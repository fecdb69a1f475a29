"""Did the loop keep its promises: models fresh, drift found and answered, online better than frozen, and what that earned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import numpy as np

from alpha_pulse.adaptation.recovery import Episode
from alpha_pulse.core.types import MINOR_UNITS
from alpha_pulse.engine.scoring import Paired, compare
from alpha_pulse.engine.system import System
from alpha_pulse.engine.tally import Floats, Integers, Tally
from alpha_pulse.execution.books import BookResult, SymbolResult
from alpha_pulse.kernels.scores import BATCH, ONLINE

Results = Mapping[str, BookResult] | Mapping[str, SymbolResult]

SECOND_NS = 1_000_000_000
RULES = "rules_only"


class EarnedByMl(msgspec.Struct, frozen=True):
    """The combined book minus the book that follows the rules alone, in units of cash."""

    net: float
    gross: float


class SuccessMetrics(msgspec.Struct, frozen=True):
    """Means over the market targets' sessions and their drifts; None where nothing of the kind happened.

    ``model_freshness_*_s``: market time since the newest label that the online model had learnt when it predicted.
    ``samples_*`` and ``market_s_*`` count labels and market seconds from the change, as the detector dated it.
    """

    model_freshness_mean_s: float
    model_freshness_max_s: float
    drifts: int
    recovered: int
    samples_drift_to_alarm: float | None
    market_s_drift_to_alarm: float | None
    samples_drift_to_action: float | None
    market_s_drift_to_action: float | None
    samples_drift_to_recovery: float | None
    market_s_drift_to_recovery: float | None
    online_minus_batch: dict[str, Paired]
    pnl_by_ml: EarnedByMl | None


def success_metrics(system: System, found: Tally, sessions: Sequence[tuple[str, str]], books: Results) -> SuccessMetrics:
    """Over ``sessions``, as (symbol, target) of market targets; ``books`` are the same symbols' results by name."""
    places = {symbol: place for place, symbol in enumerate(found.symbols)}
    wanted = sorted({places[symbol] for symbol, _ in sessions})
    learnt, ages, longest = 0, 0.0, 0
    drifts: list[tuple[Episode, Integers]] = []
    for symbol, target in sessions:
        session, table = system.learning.session(symbol, target), found.tables[target]
        mean_ns, max_ns = session.age_ns
        learnt, ages, longest = learnt + session.learnt, ages + mean_ns * session.learnt, max(longest, max_ns)
        times = table.ts[table.symbol == places[symbol]]
        drifts.extend((episode, times) for episode in system.adaptation.recovery(symbol, target).episodes)
    paired: dict[str, Paired] = {}
    for target in found.tables:
        table = found.tables[target]
        scores: Floats = table.scores[np.isin(table.symbol, wanted)]
        paired[target] = compare(scores, ONLINE, BATCH)
    return SuccessMetrics(
        model_freshness_mean_s=ages / learnt / SECOND_NS if learnt else 0.0,
        model_freshness_max_s=longest / SECOND_NS,
        drifts=len(drifts),
        recovered=sum(episode.recovery_ts is not None for episode, _ in drifts),
        samples_drift_to_alarm=_mean(episode.alarm_sample - episode.change_sample for episode, _ in drifts),
        market_s_drift_to_alarm=_mean_s(drifts, lambda episode: episode.alarm_ts),
        samples_drift_to_action=_mean(
            _labels_between(times, episode.change_ts, episode.action_ts)
            for episode, times in drifts
            if episode.action_ts is not None
        ),
        market_s_drift_to_action=_mean_s(drifts, lambda episode: episode.action_ts),
        samples_drift_to_recovery=_mean(
            episode.recovery_sample - episode.change_sample for episode, _ in drifts if episode.recovery_sample is not None
        ),
        market_s_drift_to_recovery=_mean_s(drifts, lambda episode: episode.recovery_ts),
        online_minus_batch=paired,
        pnl_by_ml=_earned(books),
    )


def _earned(books: Results) -> EarnedByMl | None:
    combined, rules = books["combined"], books.get(RULES)
    if rules is None:
        return None
    net, gross = combined.net_pnl - rules.net_pnl, combined.gross_pnl - rules.gross_pnl
    return EarnedByMl(net / MINOR_UNITS, gross / MINOR_UNITS)


def _labels_between(times: Integers, after: int, until: int) -> int:
    first, last = np.searchsorted(times, [after, until], side="right").tolist()
    return int(last - first)


def _mean(values: Iterable[float]) -> float | None:
    kept = list(values)
    return sum(kept) / len(kept) if kept else None


def _mean_s(drifts: list[tuple[Episode, Integers]], end: Callable[[Episode], int | None]) -> float | None:
    """Mean market time in seconds from the change to ``end``, over the drifts that have one."""
    ends = [(episode.change_ts, end(episode)) for episode, _ in drifts]
    return _mean((ts - change) / SECOND_NS for change, ts in ends if ts is not None)
