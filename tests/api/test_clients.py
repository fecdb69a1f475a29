"""Clients of others: tritonclient, in a process of its own, reads and asks what the Open Inference Protocol has."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alpha_pulse.serving.registry.frozen import FrozenModel
from api.contracts_models import MODELS, VOLATILITY, registered
from api.running import TOKEN, Running

TESTS = Path(__file__).resolve().parents[1]
needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("tritonclient") is None, reason="needs tritonclient: pip install --group clients"
)


@pytest.mark.soak
@needs_triton
def test_tritonclient_is_answered_by_the_protocol(live: Running) -> None:
    version = registered(live, "volatility")
    live.post(f"{MODELS}/{version}/move", {"state": "champion", "reason": "it answers"})
    model = FrozenModel(live.gateway.models.registry.load(version))
    rows = np.random.default_rng(4).normal(size=(40, model.n_features))
    given = json.dumps({"token": TOKEN, "rows": rows.tolist()})
    done = subprocess.run(
        [sys.executable, "-m", "api.triton_client", f"127.0.0.1:{live.port}", VOLATILITY, version[:12]],
        input=given, capture_output=True, text=True, timeout=60, check=False, cwd=TESTS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    expected = model.predict_many(rows).tolist()
    assert (told["live"], told["ready"], told["model_ready"], told["version_ready"]) == (True, True, True, True)
    assert told["unknown_ready"] is False
    assert told["server"]["name"] == "alpha-pulse"
    assert told["metadata"]["inputs"] == [{"name": "features", "datatype": "FP64", "shape": [-1, model.n_features]}]
    assert told["metadata"]["versions"] == [version]
    for which in ("champion", "version", "binary"):
        assert told[which]["numpy"] == expected
        assert told[which]["model_version"] == version
    assert told["champion"]["id"] == "a1"
    assert told["single"]["numpy"] == model.predict_many(rows.astype(np.float32).astype(np.float64)).tolist()
    assert "contains no version 'abcdefgh'" in told["unknown"]
