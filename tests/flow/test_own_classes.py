"""Agents and models of a user's own module: named, or given as classes; what is wrong with them is one sentence."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import alpha_pulse as ap
from alpha_pulse.core.errors import AgentError, AlphaPulseError, ConfigError, DataError, UnknownNameError
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.library.settings import settings_of
from alpha_pulse.models.base import Row
from alpha_pulse.testing.checks import yield_agent_checks
from flow.runs import LEAN, begun, finished

HERE = f"{__name__}:"


class Follower(ap.RuleAgent):
    features = ("ret_1",)

    def rule(self, held: float, ret_1: float) -> float:
        return ret_1


class WithoutRule(ap.RuleAgent):
    features = ("ret_1",)


class WithoutNames(Follower):
    def __init__(self) -> None:
        super().__init__(("ret_1",))


class Raising(Follower):
    def __init__(self, schema_names: tuple[str, ...]) -> None:
        raise KeyError("threshold")


class Constant(ap.PythonModel):
    """Returns ``answer`` once it has learned 100 labels."""

    answer: Any = 0.5

    def begin(self) -> None:
        self.labels = np.zeros(1)

    def probability(self, x: Row) -> float:
        return 0.5 if self.labels[0] < 100.0 else self.answer

    def update(self, x: Row, label: int, weight: float) -> None:
        self.labels += 1.0


class Undefined(Constant):
    answer = float("nan")


class TooLarge(Constant):
    answer = 2.0


class NeverBegun(Constant):
    def begin(self) -> None:
        self.labels = np.zeros(self.size)  # type: ignore[attr-defined]  # the fault it shows


class WithoutArguments(Constant):
    def __init__(self) -> None:
        super().__init__(1)


def test_a_class_is_the_same_setting_as_its_name() -> None:
    given = settings_of(None, {"agents": {"members": ["trend", Follower]}, "learning": {"model": Constant}})
    assert given == settings_of(
        None, {"agents": {"members": ["trend", HERE + "Follower"]}, "learning": {"model": HERE + "Constant"}}
    )


def test_a_function_that_is_no_feature_is_told_what_it_lacks() -> None:
    with pytest.raises(ConfigError, match=r"states no warm-up; write @feature\(warmup=...\) above it"):
        settings_of(None, {"features": {"own": [test_a_class_is_the_same_setting_as_its_name]}})


@pytest.mark.parametrize(
    ("agent", "error", "sentence"),
    [
        ("WithoutRule", UnknownNameError, "WithoutRule' has no rule; define it in the class"),
        ("WithoutNames", AgentError, "WithoutNames': its __init__ raised TypeError: "),
        ("Raising", AgentError, "Raising': its __init__ raised KeyError: 'threshold' (test_own_classes.py, line "),
    ],
)
def test_an_agent_that_cannot_be_built_is_refused(agent: str, error: type[AlphaPulseError], sentence: str) -> None:
    with pytest.raises(error, match=re.escape(sentence)):
        begun(random_walk(100, 1), {**LEAN, "agents.members": [HERE + agent]})


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("NeverBegun", "model NeverBegun: its begin raised AttributeError: "),
        ("WithoutArguments", "WithoutArguments': its __init__ raised TypeError: "),
    ],
)
def test_a_model_that_cannot_be_built_is_refused(model: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        begun(random_walk(100, 1), {**LEAN, "learning.model": HERE + model})


@pytest.mark.parametrize(("model", "answer"), [("Undefined", "nan"), ("TooLarge", "2.0")])
def test_what_is_no_probability_ends_the_run_and_names_class_and_bar(model: str, answer: str) -> None:
    system = begun(random_walk(400, 1), {**LEAN, "learning.model": HERE + model})
    sentence = (
        rf"model {model}: its probability returned {answer}; expected a number from 0 to 1, for \w+ at bar 1\d\d of SYN, "
    )
    with pytest.raises(DataError, match=sentence + r"which ends at .* UTC$"):
        finished(system)


@pytest.mark.parametrize(("factory", "sentence"), [(tuple, "tuple is no agent"), (WithoutNames, "cannot be built")])
def test_the_checks_name_what_is_no_agent(factory: Any, sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        next(iter(yield_agent_checks()))(factory)
