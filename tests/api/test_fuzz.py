"""Thousands of requests that the description allows and forbids: none is a 500, none gets in without the token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from api.contracts_all import CONTRACTS
from api.running import SYMBOL, Running
from flow.runs import configured, restless

EXAMPLES, MANY_EXAMPLES = 10, 200
OPEN = ("/health", "/v2/health/live", "/v2/health/ready")
"""Paths that need no token, and take nothing."""
KNOWN = {
    "symbol": SYMBOL,
    "session_id": f"{SYMBOL}/direction",
    "prediction_id": f"{SYMBOL}/direction/1500",
    "target": "direction",
    "book": "combined",
    "version": f"{SYMBOL}/direction@champion",
    "model_name": f"{SYMBOL}/direction",
}


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
    """The description, with names that this run knows among those that are tried."""
    found = fuzzed.get("/api/v1/openapi.json")
    for methods in found["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                name = KNOWN.get(parameter["name"])
                if name is not None:
                    parameter["schema"] = {"anyOf": [{"const": name}, {"type": "string", "minLength": 1, "maxLength": 200}]}
                    parameter["example"] = name
    import schemathesis  # here, since only one process needs what takes half a second to import

    return schemathesis.openapi.from_dict(found)


@pytest.mark.parametrize(("method", "path"), CONTRACTS)
def test_requests_of_all_kinds(fuzzed: Running, description: Any, method: str, path: str) -> None:
    answered(fuzzed, description, method, path, EXAMPLES)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("method", "path"), CONTRACTS)
def test_many_more_requests_of_all_kinds(fuzzed: Running, description: Any, method: str, path: str) -> None:
    sent = answered(fuzzed, description, method, path, MANY_EXAMPLES)
    print(f"{sent} requests to {method} {path}")


def answered(fuzzed: Running, description: Any, method: str, path: str, examples: int) -> int:
    """Send requests that a route's description allows, and such that it forbids, each with and without the token; how many."""
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

    # The run's own state decides whether a step is a conflict, so not each request that the shapes allow is answered with
    # success. The token is left out below, for every route.
    always_left_out = [positive_data_acceptance, ignored_auth]
    sent = 0
    operation = description[path][method.lower()]
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        if mode == GenerationMode.NEGATIVE and path in OPEN:
            continue  # it takes nothing, so nothing that it takes can be wrong

        @settings(max_examples=examples, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
        @given(case=operation.as_strategy(generation_mode=mode))
        def attempt(case: Any) -> None:
            nonlocal sent
            sent += 2
            answer = case.call(base_url=fuzzed.url, headers=fuzzed.bearer)
            assert answer.status_code < 500, answer.text
            left_out = [*always_left_out, negative_data_rejection] if vanishes(case) else always_left_out
            case.validate_response(answer, excluded_checks=left_out, headers=fuzzed.bearer)
            open_to_all = path in {*OPEN, "/api/v1/auth/exchange"}
            stranger = case.call(base_url=fuzzed.url)
            assert stranger.status_code == 401 or (open_to_all and stranger.status_code < 500), stranger.text

        attempt()
    status = fuzzed.get("/api/v1/system")
    assert status["state"] in {"paused", "running", "finished"}, status["detail"]
    return sent


def vanishes(case: Any) -> bool:
    """Whether something in the query is an empty list or object, of which nothing is sent."""
    return any(value in ([], {}) for value in (case.query or {}).values())
