"""Success metrics of a run: freshness of models, speed of adaptation, online against batch models, P&L of the models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alpha_pulse.engine.system import System
from alpha_pulse.kernels.base.scores import BATCH, ONLINE
from alpha_pulse.metrics.members import compare
from alpha_pulse.reporting.adaptation_speed import adaptation_speed
from alpha_pulse.reporting.ml_pnl import ml_pnl
from alpha_pulse.reporting.model_freshness import mean_and_longest_s
from alpha_pulse.reporting.run_summary import RunSummary
from alpha_pulse.reporting.success_types import SuccessMetrics


def success_metrics(system: System, summary: RunSummary, sessions: Sequence[tuple[str, str]]) -> SuccessMetrics:
    """Over ``sessions``, as (symbol, target) of market targets."""
    indices = {symbol: index for index, symbol in enumerate(summary.symbols)}
    symbol_numbers = sorted({indices[symbol] for symbol, _ in sessions})
    everything = len(symbol_numbers) == len(indices)
    seed = system.config.seed
    differences = {}
    for target, table in summary.tables.items():
        rows = table.scores[np.isin(table.symbol, symbol_numbers)]
        horizon = system.learning.session(next(iter(indices)), target).spec.horizon
        differences[target] = compare(rows, ONLINE, BATCH, len(symbol_numbers), horizon, seed)
    mean_s, longest_s = mean_and_longest_s(summary.freshness[session] for session in sessions)
    return SuccessMetrics(
        model_freshness_mean_s=mean_s,
        model_freshness_max_s=longest_s,
        adaptation_speed=adaptation_speed(
            [episode for session in sessions for episode in system.adaptation.recovery(*session).episodes]
        ),
        online_minus_batch=differences,
        ml_pnl=ml_pnl(summary.earnings, seed, system.execution.cash) if everything else None,
    )
