"""A contract for every route, with real data behind it: see `contracts_run` and `contracts_reading`."""

from __future__ import annotations

import pytest

from api.contracts_all import CONTRACTS
from api.running import Running


@pytest.mark.parametrize(("method", "path"), CONTRACTS)
def test_route(live: Running, method: str, path: str) -> None:
    CONTRACTS[method, path](live)


def test_every_route_has_a_contract(live: Running) -> None:
    paths = live.get("/api/v1/openapi.json")["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert described == set(CONTRACTS)
