"""Examples of responses about the registry of models, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

SESSION = "EURUSD/direction"
CHAMPION = f"{SESSION}@champion"
_VERSION = "807300e0bf06a8d3bd4e2e963b5b6b2fc0a091e38aaae167f171bfc6db132539"
_OTHER = "7b5ece80cae5af401a3eae1eba00f79eb26abe6c45fe1bc98a3f26b3699a9266"
BECAUSE = {"session_id": SESSION, "reason": "audit", "actor": "me"}

VERSION: dict[str, Any] = {
    "version": _VERSION,
    "symbol": "EURUSD",
    "target": "direction",
    "state": "champion",
    "alias": "champion",
    "added_ms": 1_796_070_047_803,
    "kind": "batch",
    "model": "lightgbm",
    "horizon": 3,
    "examples": 1_944,
    "first_ms": 1_483_311_600_000,
    "last_ms": 1_493_269_200_000,
    "made_ms": 1_493_269_200_000,
    "run_id": "20261130-202045-6af1",
    "served_as": "1cf1fc7a4c2b",
    "parent": None,
    "metrics": {},
    "problem": None,
}
SERVED: dict[str, Any] = {
    "symbol": "EURUSD",
    "target": "direction",
    "champion": _VERSION,
    "challenger": None,
    "frozen": False,
    "frozen_ms": None,
    "frozen_by": None,
    "frozen_reason": None,
}
_MEMBER: dict[str, Any] = {
    "member": "online",
    "source": "online",
    "model": "market_default",
    "version": "4208",
    "stage": "champion",
    "stopped": False,
    "probability": 0.528812345,
    "weight": 1.0,
    "age_s": 3_600.0,
    "missing": None,
    "labels": 4_208,
    "failures": None,
    "skill_millinats": 0.41,
    "evidence": None,
    "shadow_return": {"labels": 4_205, "gross": 0.0121, "turnover": 611.3, "net": -0.1102},
}
_CHALLENGER = {
    **_MEMBER,
    "member": "fast",
    "source": "challenger",
    "model": "sgd",
    "stage": "shadow",
    "weight": 0.0,
    "failures": 0,
    "skill_millinats": 0.77,
    "evidence": {
        "comparison": 2,
        "samples": 4_205,
        "mean_difference": 0.00004,
        "low": -0.0021,
        "high": 0.0022,
        "p_value": 0.61,
        "level": 0.0076,
    },
}
SERVING: dict[str, Any] = {
    "session_id": SESSION,
    "symbol": "EURUSD",
    "target": "direction",
    "strategy": "champion_challenger",
    "champion": "online",
    "canary": None,
    "former": None,
    "frozen": False,
    "members": [_MEMBER, _CHALLENGER],
}
FROZEN = {**SERVED, "frozen": True, "frozen_ms": 1_796_070_147_803, "frozen_by": "me", "frozen_reason": "audit"}
VERSIONS = {"versions": [VERSION], "served": [SERVED], "problem": None}
_MOVE = {"moved_ms": 1_796_070_047_803, "action": "add", "state": "candidate", "actor": "run 20261130-202045-6af1"}
DETAILS = {
    "version": VERSION,
    "size_bytes": 85_415,
    "problem": None,
    "schema_id": "bars-1-497890ce99ce",
    "n_features": 33,
    "interval_s": 3_600.0,
    "ready_ms": 1_493_269_260_000,
    "seq": None,
    "feed_identity": "8eda5f1c5276d219",
    "config_hash": "04000dd2c6b6e27c",
    "settings": {"seed": 1},
    "program_version": "0.2.0",
    "moves": [{**_MOVE, "reason": "trained", "evidence": {}}],
}
DIFFERENCE = {
    "first": _VERSION,
    "second": _OTHER,
    "fields": [{"name": "kind", "first": "batch", "second": "online"}],
    "settings": [],
    "metrics": [],
    "features": None,
    "arrays": [{"name": "state", "first": None, "second": [4359], "different": None, "largest": None}],
}
