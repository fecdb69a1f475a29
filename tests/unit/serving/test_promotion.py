"""Champion and challengers as a program asks for them: states, evidence, returns, refusals, and what is saved."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from alpha_pulse.core.errors import ConfigError, ConflictError, StateError
from alpha_pulse.core.stateful import State, digest
from alpha_pulse.kernels.mixing import promotion, shadow_return
from alpha_pulse.serving.promotion import EVENTS, Promotion, PromotionSettings

QUICK = PromotionSettings(alpha=0.05, minimum=5, canary_share=0.5, canary_labels=6)


def learn(served: Promotion, said: list[float], labels: int = 100) -> str:
    for turn in range(labels):
        happened = promotion.learn(served.arrays["promotion"], np.array(said), 1, turn)
        if happened:
            return EVENTS[happened]
    return "nothing"


def stages(served: Promotion) -> list[str]:
    return [served.stage(k) for k in range(len(served))]


def test_a_challenger_moves_up_step_by_step_and_each_step_is_on_record() -> None:
    served = Promotion(3, 1, champion=0, settings=QUICK)
    served.challenge(1)
    waiting = served.evidence(1)
    assert waiting is not None
    assert (waiting.comparison, waiting.samples, waiting.mean_difference, waiting.p_value) == (1, 0, None, 1.0)
    assert waiting.level == pytest.approx(0.05 * 6.0 / np.pi**2)
    assert served.evidence(2) is None
    assert served.decided(1) is None
    assert learn(served, [0.1, 0.9, 0.5]) == "canary_started"
    assert (served.canary, stages(served)) == (1, ["champion", "canary", "candidate"])
    decided = served.decided(1)
    assert decided is not None
    assert decided.p_value <= decided.level
    assert decided.mean_difference == pytest.approx(0.8)
    assert decided.low < 0.8 <= decided.high
    assert learn(served, [0.1, 0.9, 0.5]) == "promoted"
    assert (served.champion, served.former, served.moved) == (1, 0, (1, 0))
    assert stages(served) == ["shadow", "champion", "candidate"]
    assert learn(served, [0.9, 0.1, 0.5]) == "rolled_back"
    assert stages(served) == ["champion", "retired", "candidate"]
    back = served.decided(0)
    assert back is not None
    assert back.comparison == 2, "it began when the canary did"


def test_what_is_impossible_is_refused_and_changes_nothing() -> None:
    served = Promotion(3, 1, champion=0, settings=QUICK)
    served.challenge(1)
    before = digest({"p": served.snapshot()})
    refusals: list[tuple[Callable[[], None], str]] = [
        (lambda: served.challenge(0), "member 0 is champion; only a candidate or a retired member"),
        (lambda: served.challenge(1), "member 1 is shadow"),
        (lambda: served.retire(0), "member 0 is the champion"),
        (lambda: served.promote(0), "member 0 is the champion already"),
        (served.roll_back, "no former champion"),
    ]
    for refused, why in refusals:
        with pytest.raises(ConflictError, match=why):
            refused()
    assert digest({"p": served.snapshot()}) == before
    served.frozen = True
    with pytest.raises(ConflictError, match="frozen; unfreeze it first"):
        served.promote(1)
    with pytest.raises(ConflictError, match="frozen; unfreeze it first"):
        served.roll_back()
    served.frozen = False
    served.promote(1)
    served.roll_back()
    assert stages(served) == ["champion", "retired", "candidate"]
    served.challenge(1)
    served.retire(1)
    assert served.stage(1) == "retired"


@pytest.mark.parametrize(
    "settings", [QUICK._replace(alpha=0.0), QUICK._replace(alpha=float("nan")), QUICK._replace(canary_share=0.0)]
)
def test_impossible_settings_are_refused(settings: PromotionSettings) -> None:
    with pytest.raises(ConfigError, match="expected a number between 0 and 1"):
        Promotion(2, 1, 0, settings)


def test_the_return_of_a_shadow_is_stated_net_of_costs() -> None:
    served = Promotion(2, 1, champion=0, settings=QUICK)
    for p, move in ((0.7, 0.02), (0.4, 0.01)):
        shadow_return.step(served.arrays["shadow_returns"][1], p, move)
    found = served.shadow_return(1, cost=0.001)
    assert (found.labels, found.turnover) == (2, 3.0)
    assert found.gross == pytest.approx(0.01)
    assert found.net == pytest.approx(0.01 - 0.003)
    assert served.shadow_return(0, cost=0.001).labels == 0


def test_saved_and_restored_with_members_that_joined_it_goes_on_alike() -> None:
    one, two = (Promotion(2, 3, champion=0, settings=QUICK) for _ in range(2))
    one.challenge(1)
    learn(one, [0.3, 0.6], 10)
    assert one.admit() == 2
    one.challenge(2)
    two.restore(one.snapshot())
    assert stages(two) == ["champion", "shadow", "shadow"]
    for served in (one, two):
        assert learn(served, [0.3, 0.6, 0.9], 400) == "canary_started"
    assert digest({"p": one.snapshot()}) == digest({"p": two.snapshot()})
    with pytest.raises(StateError, match="horizon 3; expected 1"):
        Promotion(2, 1, champion=0, settings=QUICK).restore(one.snapshot())
    broken = one.snapshot()
    with pytest.raises(StateError, match="without one of the arrays"):
        two.restore(State(broken.scalars, {"promotion": broken.arrays["promotion"]}))
    with pytest.raises(StateError, match="which differ"):
        two.restore(State(broken.scalars, {**broken.arrays, "promotion": np.zeros(3)}))
