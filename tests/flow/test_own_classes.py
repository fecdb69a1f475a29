"""Agents and models of a user's own module: named, or given as classes; what is wrong with them is one sentence."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pytest

import alpha_pulse as ap
from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.core.errors import AgentError, AlphaPulseError, ConfigError, DataError, UnknownNameError
from alpha_pulse.detectors.base import Detection
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.library.settings import settings_of
from alpha_pulse.models.base import Row
from alpha_pulse.models.linear import Logistic
from alpha_pulse.reporting.report import make_report
from alpha_pulse.testing.checks import yield_agent_checks
from flow.runs import LEAN, begun, finished, run

HERE = f"{__name__}:"


class Follower(ap.RuleAgent):
    features = ("ret_1",)

    def rule(self, held: float, ret_1: float) -> float:
        return ret_1


class Failing(Follower):
    def rule(self, held: float, ret_1: float) -> float:
        return 1.0 / (ret_1 < 0.0)


class FailingPlainly(BaseAgent):
    name = "failing_plainly"

    def rule_based_analysis(self, market_data: ap.MarketView) -> float:
        return 1.0 / float(market_data.features.values.item(0) < 0.0)


class Undecided(Follower):
    def rule(self, held: float, ret_1: float) -> float:
        return float("nan") if ret_1 > 0.0 else 0.0


class FailingRequests(Follower):
    def requested_adaptations(self, market_data: ap.MarketView) -> dict[str, str]:
        raise KeyError("volatility")


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


class PlainModel(Logistic):
    """A model that is called in Python, and raises an error itself."""

    def predict(self, features: Row, outputs: Row) -> float:
        return float(vars(self)["nothing"])


class PlainUndefined(Logistic):
    """A model that is called in Python; every tenth probability is not a number, although its state is finite."""

    def __init__(self, n_features: int, horizon: int = 1, seed: int = 1) -> None:
        super().__init__(n_features)
        self.asked = 0

    def predict(self, features: Row, outputs: Row) -> float:
        self.asked += 1
        return super().predict(features, outputs) if self.asked % 10 else float("nan")


class Diverging(Constant):
    """Its state is not finite from its hundredth label on."""

    answer = float("nan")

    def update(self, x: Row, label: int, weight: float) -> None:
        self.labels += 1.0 if self.labels[0] < 99.0 else np.inf


class FailingDetector:
    domain = "bounded"
    last = Detection(0.0, warning=False, drift=False, sample=0, change_sample=0)

    def update(self, value: float) -> bool:
        raise ValueError("no level")

    def update_many(self, values: Row) -> Row:
        return values


class ParametrisedDetector(FailingDetector):
    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance


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


@pytest.mark.parametrize("model", ["PlainUndefined", "Diverging"])
def test_a_model_that_diverges_is_counted_in_the_result_and_named_in_a_warning(model: str) -> None:
    done = run(random_walk(400, 1), {**LEAN, "learning.model": HERE + model})
    report, left_out = make_report(done.system), Counter(each.target for each in done.predictions if each.quarantined)
    assert set(left_out) == {"volatility", "direction"}
    assert report.quarantines == report.by_symbol["SYN"].quarantines == left_out.total()
    for target, times in left_out.items():
        sentence = f"model {HERE + model!r} of SYN/{target} diverged {times} time"
        assert sum(each.startswith(sentence) for each in report.warnings) == 1


LINE = r"\(test_own_classes.py, line \d+\)"
PLACE = r"bar \d\d of SYN, which ends at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.mark.parametrize(
    ("agent", "sentence"),
    [
        ("Failing", rf"agent 'failing': its rule raised ZeroDivisionError: .* {LINE}"),
        ("FailingPlainly", rf"agent 'failing_plainly' raised ZeroDivisionError: .* {LINE}"),
        ("Undecided", "agent 'undecided' is refused: .*nan.*"),
        (
            "FailingRequests",
            rf"agent 'failing_requests': its requested_adaptations raised KeyError: 'volatility' {LINE}",
        ),
    ],
)
def test_what_an_agent_raises_ends_the_run_and_names_file_and_bar(agent: str, sentence: str) -> None:
    system = begun(random_walk(400, 1), {**LEAN, "agents.members": [HERE + agent]})
    with pytest.raises(AgentError, match=rf"^{sentence} \(at {PLACE}\)$"):
        finished(system)


def test_what_a_plain_model_raises_ends_the_run_and_names_file_and_bar() -> None:
    system = begun(random_walk(400, 1), {**LEAN, "learning.model": HERE + "PlainModel"})
    sentence = rf"model '{HERE}PlainModel' raised KeyError: 'nothing' {LINE}, for \w+ at {PLACE}"
    with pytest.raises(DataError, match=f"^{sentence}$"):
        finished(system)


def test_what_a_detector_raises_ends_the_run_and_names_file_session_and_time() -> None:
    system = begun(random_walk(400, 1), {**LEAN, "adaptation.detector": HERE + "FailingDetector"})
    sentence = (
        rf"detector '{HERE}FailingDetector' failed at the label of SYN/\w+ that came at 20.* UTC: it raised ValueError: "
        f"no level {LINE}"
    )
    with pytest.raises(DataError, match=f"^{sentence}$"):
        finished(system)


def test_a_detector_that_cannot_be_built_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"its __init__ raised TypeError: .*; expected one without parameters"):
        begun(random_walk(400, 1), {**LEAN, "adaptation.detector": HERE + "ParametrisedDetector"})


@pytest.mark.parametrize(("factory", "sentence"), [(tuple, "tuple is no agent"), (WithoutNames, "cannot be built")])
def test_the_checks_name_what_is_no_agent(factory: Any, sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        next(iter(yield_agent_checks()))(factory)
