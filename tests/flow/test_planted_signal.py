"""The point of learning while trading: when the market's sign flips, the online model follows and the frozen one does not."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from alpha_pulse.feeds.synthetic import planted_signal, sign_accuracy
from alpha_pulse.kernels.scores import ONLINE
from alpha_pulse.learning.training import BatchMember
from flow.runs import LEAN, Done, run

FLIPS = (4_000, 8_000, 12_000)
BARS = 16_000
STRENGTH = 0.5
NEAR = 500
LATE = 1_500
FOR_EVER = 2**62

Hits = NDArray[np.float64]


@cache
def hits(horizon: int) -> tuple[Hits, Hits]:
    """By bar, 1 where the online member's (the frozen artefact's) direction was right; NaN where there was none."""
    settings = {**LEAN, "batch.enabled": True, "learning.direction_horizon_bars": horizon}
    done = run(planted_signal(BARS, 7, FLIPS, strength=STRENGTH), settings)
    online, frozen = np.full(BARS, np.nan), np.full(BARS, np.nan)
    features, batch = features_of(done), done.system.components()["batch/SYN/direction"]
    assert isinstance(batch, BatchMember)
    for label in done.labels:
        if label.target == "direction" and label.label is not None:
            bar = int(label.prediction_id.rpartition("/")[2])
            online[bar] = ((label.scores[ONLINE] or 0.0) >= 0.5) == label.label
            if bar > batch.train_bars:
                # The artefact itself: what serves in its name passes through a calibrator, which learns.
                said = batch.predict(features[bar], FOR_EVER)
                assert isinstance(said, float)
                frozen[bar] = (said >= 0.5) == label.label
    return online, frozen


def features_of(done: Done) -> dict[int, NDArray[np.float64]]:
    width = done.system.instruments["SYN"].n_features("direction")
    return {record.bars[0].seq: np.array(record.features["SYN"][:width]) for record in done.records if record.features}


def accuracy(of: Hits, start: int, end: int) -> float:
    return float(np.nanmean(of[start:end]))


@pytest.mark.parametrize("horizon", [1, 3])
def test_online_accuracy_recovers_after_each_flip(horizon: int) -> None:
    online, _ = hits(horizon)
    reachable = [sign_accuracy(sign * STRENGTH, horizon) for sign in (-1.0, 1.0, -1.0)]
    for flip, end, best in zip(FLIPS, (*FLIPS[1:], BARS), reachable, strict=True):
        before, after, late = (
            accuracy(online, flip - NEAR, flip),
            accuracy(online, flip, flip + NEAR),
            accuracy(online, end - LATE, end),
        )
        print(f"horizon {horizon}, flip {flip}: online {before:.3f} before, {after:.3f} after, {late:.3f} late of {best:.3f}")
        assert after < before - 0.02
        assert late > after + 0.03
        assert late > best - 0.06


@pytest.mark.parametrize("horizon", [1, 3])
def test_the_frozen_model_stays_wrong_while_the_sign_is_not_its_own(horizon: int) -> None:
    online, frozen = hits(horizon)
    assert accuracy(frozen, FLIPS[0] - LATE, FLIPS[0]) > 0.55
    for flip, end in ((FLIPS[0], FLIPS[1]), (FLIPS[2], BARS)):
        late = accuracy(frozen, end - LATE, end)
        print(f"horizon {horizon}, flip {flip}: frozen {late:.3f} late, online {accuracy(online, end - LATE, end):.3f}")
        assert late < 0.46
        assert accuracy(online, end - LATE, end) > late + 0.1
