from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from alpha_pulse.core.config import ServingConfig
from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.core.types import Example
from alpha_pulse.kernels.base.scores import SERVED
from alpha_pulse.kernels.mixing import ensemble
from alpha_pulse.kernels.mixing.ensemble import CONFIDENT, RAW_ONLINE
from alpha_pulse.kernels.session.layout import CONFIDENCE_SCORES
from alpha_pulse.learning.session import Session
from alpha_pulse.serving.member_mix import EVEN_CHANCE, MemberMix
from learning_samples import new_session, vector
from naive_learning import NaivePlatt, logit


class Stream:
    """A member whose probabilities are given, and labels that follow them or do not."""

    def __init__(self, mix: MemberMix, right: float, seed: int = 1) -> None:
        self.mix = mix
        self.session: Session = new_session("logistic", d=1)
        self.generator = np.random.default_rng(seed)
        self.right = right
        self.steps = 0
        self.served: list[float] = []

    def run(self, count: int) -> None:
        for _ in range(count):
            self.steps += 1
            p = float(self.generator.uniform(0.2, 0.8))
            label = int((p >= 0.5) == (self.generator.random() < self.right))
            waiting, _ = self.session.predict(f"p{self.steps}", vector(np.zeros(1), self.steps))
            waiting.row[RAW_ONLINE] = p
            self.served.append(self.mix.mix(waiting.row)[SERVED])
            settled = self.session.apply_label(Example(f"p{self.steps}", label, self.steps))
            assert settled is not None
            self.mix.update(np.array(settled.values))


def mix(strategy: Any = "ensemble") -> MemberMix:
    return MemberMix(3, ServingConfig(strategy=strategy))


def ask(mix_: MemberMix, p: float) -> list[float]:
    row = np.full(ensemble.ROW, math.nan)
    row[RAW_ONLINE] = p
    return mix_.mix(row)


def test_the_threshold_is_chosen_when_500_scores_are_stored() -> None:
    stream = Stream(mix(), right=0.7)
    stream.run(CONFIDENCE_SCORES - 1)
    assert stream.mix.threshold is None
    stream.run(1)
    assert stream.mix.threshold is not None
    assert EVEN_CHANCE <= stream.mix.threshold < 1.0


def test_the_model_takes_part_in_about_half_of_the_decisions_of_the_slice_it_was_chosen_on() -> None:
    stream = Stream(mix(), right=0.7)
    stream.run(CONFIDENCE_SCORES)
    threshold = stream.mix.threshold
    assert threshold is not None
    state = stream.mix.snapshot().arrays["mix"]
    confidences = [ensemble.confidence(state, p) for p in stream.served]
    assert threshold == pytest.approx(float(np.median(confidences)), abs=1e-12)
    assert np.mean([c >= threshold for c in confidences]) == pytest.approx(0.5, abs=0.01)


def test_a_model_that_is_more_often_wrong_is_never_followed_below_an_even_chance() -> None:
    stream = Stream(mix(), right=0.2)
    stream.run(CONFIDENCE_SCORES)
    assert stream.mix.threshold is not None
    assert stream.mix.threshold >= EVEN_CHANCE


def test_the_threshold_stands_for_500_scores_and_is_then_chosen_again() -> None:
    stream = Stream(mix(), right=0.9)
    stream.run(CONFIDENCE_SCORES)
    first = stream.mix.threshold
    stream.right = 0.6
    stream.run(CONFIDENCE_SCORES - 1)
    assert stream.mix.threshold == first
    stream.run(1)
    assert stream.mix.threshold != first


def test_confidence_is_the_chance_that_the_predicted_class_is_right() -> None:
    stream = Stream(mix(), right=0.75)
    stream.run(4_000)
    stated = [ask(stream.mix, p)[CONFIDENT] for p in (0.25, 0.4, 0.6, 0.75)]
    assert np.mean(stated) == pytest.approx(0.75, abs=0.06)


def test_confidence_is_learned_from_what_was_served_and_stored() -> None:
    stream, naive = Stream(mix(), right=0.7), NaivePlatt(1.0 / 3.0)
    generator = np.random.default_rng(1)
    for _ in range(50):
        p = float(generator.uniform(0.2, 0.8))
        label = int((p >= 0.5) == (generator.random() < 0.7))
        stream.run(1)
        naive.learn(abs(logit(stream.served[-1])), int((stream.served[-1] >= 0.5) == (label == 1)))
    values = ask(stream.mix, 0.7)
    assert values[CONFIDENT] == pytest.approx(naive.calibrate(abs(logit(values[SERVED]))), abs=1e-10)


@pytest.mark.parametrize("strategy", ["ensemble", "champion_challenger"])
@pytest.mark.parametrize("cut", [0, 300, 499, 500, 700])
def test_saved_at_any_point_it_goes_on_alike(strategy: str, cut: int) -> None:
    one = Stream(mix(strategy), right=0.7)
    one.run(cut)
    blob = pack({"mix": one.mix.snapshot()})
    twin = mix(strategy)
    twin.restore(unpack(blob)[0]["mix"])
    assert pack({"mix": twin.snapshot()}) == blob
    assert twin.weights.tolist() == one.mix.weights.tolist()
    assert ask(twin, 0.7) == pytest.approx(ask(one.mix, 0.7), abs=0.0, nan_ok=True)
    rest = [Stream(each, right=0.6, seed=2) for each in (one.mix, twin)]
    for each in rest:
        each.run(600)
    assert rest[0].served == rest[1].served
    assert one.mix.threshold == twin.threshold
    assert twin.weights.tolist() == one.mix.weights.tolist()


def test_weights_follow_who_is_right() -> None:
    good, bad = Stream(mix(), right=0.95), Stream(mix(), right=0.5)
    for stream in (good, bad):
        stream.run(1_500)
        assert stream.mix.weights.sum() == pytest.approx(1.0)
    assert good.mix.weights[0] > 50.0 * good.mix.weights[2]
    assert good.mix.weights[0] > bad.mix.weights[0]
