"""The point of learning while trading: when the market's sign flips, the online model follows and the frozen one does not."""

from __future__ import annotations

from functools import cache

import pytest

from alpha_pulse.feeds.synthetic import sign_accuracy
from benchmarks import reversal
from benchmarks.reversal import BARS, FLIPS, LATE, NEAR, STRENGTH, accuracy

hits = cache(reversal.hits)


HORIZONS = [pytest.param(1, marks=pytest.mark.soak), 3]


@pytest.mark.parametrize("horizon", HORIZONS)
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


@pytest.mark.parametrize("horizon", HORIZONS)
def test_the_frozen_model_stays_wrong_while_the_sign_is_not_its_own(horizon: int) -> None:
    online, frozen = hits(horizon)
    assert accuracy(frozen, FLIPS[0] - LATE, FLIPS[0]) > 0.55
    for flip, end in ((FLIPS[0], FLIPS[1]), (FLIPS[2], BARS)):
        late = accuracy(frozen, end - LATE, end)
        print(f"horizon {horizon}, flip {flip}: frozen {late:.3f} late, online {accuracy(online, end - LATE, end):.3f}")
        assert late < 0.46
        assert accuracy(online, end - LATE, end) > late + 0.1
