"""A synthetic market whose planted signal flips its sign: the accuracy of the online member and of the frozen batch model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import BatchConfig, Config, ExecutionConfig, LearningConfig
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.synthetic import planted_signal, sign_accuracy
from alpha_pulse.kernels.base.scores import ONLINE
from alpha_pulse.learning.training import BatchMember
from alpha_pulse.stores.memory import MemoryStore
from journal_rows import decode_step, rows

FLIPS = (4_000, 8_000, 12_000)
BARS = 16_000
STRENGTH = 0.5
SEED = 7
NEAR = 500
LATE = 1_500

Hits = NDArray[np.float64]


def hits(horizon: int) -> tuple[Hits, Hits]:
    """For each bar, 1 where the direction of the online member (the frozen artefact) was right; NaN without a prediction.

    The artefact itself predicts, because the batch member in serving has a calibrator, which learns.
    """
    config = Config(
        learning=LearningConfig(direction_horizon_bars=horizon),
        batch=BatchConfig(retrain_bars=0),
        execution=ExecutionConfig(shadow_books=False),
    )
    store = MemoryStore(config.store)
    system = System(config, planted_signal(BARS, SEED, FLIPS, strength=STRENGTH), store)
    system.begin("reversal", resume=False)
    while system.step():
        pass
    width, batch = system.symbols["SYN"].n_features("direction"), system.components()["batch/SYN/direction"]
    assert isinstance(batch, BatchMember)
    features: dict[int, NDArray[np.float64]] = {}
    online, frozen = np.full(BARS, np.nan), np.full(BARS, np.nan)
    for row in rows(store):
        step = decode_step(row.payload)
        if step.features:
            features[step.bars[0].seq] = np.array(step.features["SYN"][:width])
        for label in step.labels:
            if label.target == "direction" and label.label is not None:
                bar = int(label.prediction_id.rpartition("/")[2])
                online[bar] = ((label.scores[ONLINE] or 0.0) >= 0.5) == label.label
                if bar > config.batch.train_bars:
                    frozen[bar] = (batch.predict(features[bar]) >= 0.5) == label.label
    return online, frozen


def accuracy(of: Hits, start: int, end: int) -> float:
    """The fraction of right directions between two bars."""
    return float(np.nanmean(of[start:end]))


def figures(horizon: int) -> list[dict[str, float]]:
    """The accuracy before each flip, directly after it and later, and the best possible accuracy."""
    online, frozen = hits(horizon)
    signs = (-1.0, 1.0, -1.0)
    return [
        {
            "flip": flip,
            "before": accuracy(online, flip - NEAR, flip),
            "after": accuracy(online, flip, flip + NEAR),
            "late": accuracy(online, end - LATE, end),
            "reachable": sign_accuracy(sign * STRENGTH, horizon),
            "frozen_late": accuracy(frozen, end - LATE, end),
        }
        for flip, end, sign in zip(FLIPS, (*FLIPS[1:], BARS), signs, strict=True)
    ]
