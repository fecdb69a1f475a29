from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.adaptation import policy
from alpha_pulse.adaptation.policy import KEEP, RESET_SCORE
from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.types import DriftAlarm, RegimeChange, RegimeFeature, RegimeLabel

CONFIG = AdaptationConfig(accuracy_threshold=0.1, loss_threshold=0.05)


def alarm(score: float) -> DriftAlarm:
    return DriftAlarm("X/direction/alarm/1", "adwin", "X", "direction", 9, 500, score, 420, 7)


@pytest.mark.parametrize(
    ("excess", "lost", "kind"),
    [
        (0.0, 0.0, "keep"),
        (-1.0, -1.0, "keep"),
        (0.05, 0.1, "keep"),
        (0.051, 0.0, "reset"),
        (0.0, 0.101, "boost"),
        (0.051, 0.101, "reset"),
        (-0.2, 0.3, "boost"),
    ],
)
def test_what_the_window_calls_for(excess: float, lost: float, kind: str) -> None:
    verdict = policy.on_health(excess, lost, CONFIG)
    assert verdict.kind == kind
    assert (verdict == KEEP) == (kind == "keep")
    assert kind == "keep" or verdict.cause == "decay"


@pytest.mark.parametrize(
    ("score", "kind"), [(RESET_SCORE, "reset"), (0.9, "reset"), (RESET_SCORE * 0.99, "boost"), (1e-9, "boost")]
)
def test_a_large_change_begins_anew_and_a_small_one_hurries(score: float, kind: str) -> None:
    verdict = policy.on_alarm(alarm(score))
    assert verdict.kind == kind
    assert verdict.cause == "drift:X/direction/alarm/1"
    assert f"{score:.3f}" in verdict.reason
    assert "420" in verdict.reason


def test_a_request_hurries_and_says_who_asked() -> None:
    verdict = policy.on_request("performance")
    assert (verdict.kind, verdict.cause) == ("boost", "request")
    assert "performance" in verdict.reason
    assert policy.on_request(policy.REGIME).kind == "reset"


@pytest.mark.parametrize(
    ("feature", "before", "kind", "reason"),
    [
        ("volatility", None, "keep", "the first regime is turbulent"),
        ("volatility", "calm", "reset", "the market went from calm to turbulent"),
        ("trend", "turbulent", "reset", "the trend of the market changed"),
    ],
)
def test_a_regime_calls_for_what_is_configured_but_its_first_naming_for_nothing(
    feature: RegimeFeature, before: RegimeLabel | None, kind: str, reason: str
) -> None:
    change = RegimeChange("X/regime/1", "X", 9, feature, before, "turbulent", 0.99, 7, 2.0, (0.0, 0.01, 0.99))
    verdict = policy.on_regime(change, "reset")
    assert (verdict.kind, verdict.cause, verdict.reason) == (kind, "regime:X/regime/1", reason)


@given(st.floats(-5.0, 5.0), st.floats(-1.0, 1.0))
def test_deciding_is_pure_and_every_action_has_a_reason(excess: float, lost: float) -> None:
    verdict = policy.on_health(excess, lost, CONFIG)
    assert verdict == policy.on_health(excess, lost, CONFIG)
    assert verdict.reason
    assert verdict.kind in ("keep", "boost", "reset")
