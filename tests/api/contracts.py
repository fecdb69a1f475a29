"""Where contracts of routes are kept, and what they have in common."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from api.running import SYMBOL, Running

Contract = Callable[[Running], None]
CONTRACTS: dict[tuple[str, str], Contract] = {}
MS = 1_000_000
SESSIONS = "/api/v1/online-learning/sessions"
LOOPS = f"{SYMBOL}/direction"
EQUITY = (
    "SELECT seq, json_extract(payload, '$.equity.combined') FROM journal "
    "WHERE json_type(payload, '$.bars') = 'array' ORDER BY seq"
)


def contract(method: str, path: str) -> Callable[[Contract], Contract]:
    """What holds for a route, whose path is as OpenAPI writes it."""

    def register(test: Contract) -> Contract:
        CONTRACTS[method, path] = test
        return test

    return register


def same(found: list[Any], wanted: list[Any]) -> None:
    """Equal numbers, null for null."""
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert one == other or (one is not None and other is not None and math.isclose(one, other, rel_tol=1e-12))
