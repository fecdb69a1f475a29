"""Thousands of requests that the description allows and forbids: none is a 500, none gets in without the token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from api.running import SYMBOL, TOKEN, Running
from flow.runs import configured, restless

EXAMPLES = 25
# The run's own state decides whether a step is a conflict, so not each request that the shapes allow is answered with success.
LEFT_OUT = ("positive_data_acceptance", "ignored_auth")


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A run of its own, since this one will be paused, resumed, and fed with nonsense."""
    running = Running(tmp_path_factory.mktemp("fuzzed"), restless(2_600), configured({"batch.train_bars": 1_500})).start()
    try:
        running.advance(1_700)
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def description(fuzzed: Running) -> Any:
    return schemathesis.openapi.from_dict(with_real_places(fuzzed.get("/api/v1/openapi.json"))).configure(base_url=fuzzed.url)


def with_real_places(found: dict[str, Any]) -> dict[str, Any]:
    """The description, with names that this run knows among those that are tried."""
    known = {
        "symbol": SYMBOL,
        "session_id": f"{SYMBOL}/direction",
        "prediction_id": f"{SYMBOL}/direction/1500",
        "fill_id": "none",
        "target": "direction",
    }
    for methods in found["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in known:
                    name = known[parameter["name"]]
                    parameter["schema"] = {"anyOf": [{"const": name}, {"type": "string", "minLength": 1}]}
                    parameter.pop("example", None)
    return found


schema = schemathesis.pytest.from_fixture("description")
checks = [check for name, check in ((check.__name__, check) for check in CHECKS.get_all()) if name not in LEFT_OUT]


@schema.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_with_the_token(case: Any) -> None:
    answer = case.call(headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code != 500
    assert "fault of its own" not in answer.text
    case.validate_response(answer, checks=checks, headers={"Authorization": f"Bearer {TOKEN}"})


@schema.parametrize()
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
def test_without_the_token(case: Any) -> None:
    answer = case.call()
    if case.operation.path in {"/health", "/api/v1/auth/exchange"}:
        assert answer.status_code < 500
    else:
        assert answer.status_code == 401


def test_the_run_goes_on_after_all_that(fuzzed: Running) -> None:
    status = fuzzed.get("/api/v1/system")
    assert status["state"] in {"paused", "running", "finished"}, status["detail"]
