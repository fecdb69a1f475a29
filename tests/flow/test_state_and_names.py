"""Invariants 9, 10 and 12 in whole runs: plain state, one kernel path, and unknown names are refused."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

import alpha_pulse
from alpha_pulse.core.errors import AlphaPulseError, ConfigError, SessionError, UnknownNameError
from alpha_pulse.core.stateful import MAGIC, pack, unpack
from alpha_pulse.models.experts import MarketDefault
from flow.runs import LEAN, Witness, begun, configured, restless, restless_run, run

SOURCE = Path(alpha_pulse.__file__).parent
PICKLERS = {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}


def test_nothing_pickles() -> None:
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & PICKLERS, path


def test_a_checkpoint_is_plain_and_the_same_bytes_again() -> None:
    done = run(restless(400), {**LEAN, "store.checkpoint_steps": 390})
    ((_, blob),) = done.system.store.checkpoints()
    packed = zstandard.decompress(blob)
    assert packed.startswith(MAGIC)
    states, meta = unpack(packed)
    assert pack(states, meta) == packed
    assert set(states) == set(done.system.components())


def test_what_the_loop_learned_step_by_step_a_compiled_loop_learns_bit_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    # Labels come late in the loop, so its predictions are older than `learn_many`'s; the learning of weights is the same.
    from alpha_pulse.models import ONLINE

    monkeypatch.setitem(ONLINE, "witness", "flow.runs:Witness")
    Witness.learned = []
    run(restless(700), {**LEAN, "adaptation.enabled": False, "learning.model": "witness"})
    width = len(Witness.learned[-1][0])
    learned = [entry for entry in Witness.learned if len(entry[0]) == width]
    rows = np.array([np.frombuffer(row) for row, _, _ in learned])
    labels, weights = np.array([label for _, label, _ in learned]), np.array([weight for _, _, weight in learned])
    one, many = (MarketDefault(rows.shape[1], horizon=3) for _ in range(2))
    said = many.learn_many(rows, labels, weights)
    outputs = np.zeros(one.n_outputs)
    for row, label, weight, probability in zip(rows, labels, weights, said, strict=True):
        assert one.predict(row, outputs) == probability
        one.learn(row, int(label), float(weight), outputs)
    assert one.snapshot().arrays["state"].tobytes() == many.snapshot().arrays["state"].tobytes()


@pytest.mark.parametrize(
    ("settings", "error", "found", "meant"),
    [
        ({"learning.modell": "logistic"}, ConfigError, "modell", "model"),
        ({"lerning.model": "logistic"}, ConfigError, "lerning", "learning"),
        ({"learning.model": "logistik"}, UnknownNameError, "logistik", "logistic"),
        ({"agents.members": ["trendy"]}, UnknownNameError, "trendy", "trend"),
    ],
)
def test_unknown_names_are_refused_with_what_was_meant(
    settings: dict[str, Any], error: type[AlphaPulseError], found: str, meant: str
) -> None:
    with pytest.raises(error, match=f"{found}.*did you mean '{meant}'"):
        begun(restless(60), settings)


def test_unknown_sessions_and_books_are_refused() -> None:
    system = restless_run().system
    with pytest.raises(SessionError, match="SYN/directoin"):
        system.learning.session("SYN", "directoin")
    with pytest.raises(UnknownNameError, match="did you mean 'combined'"):
        system.execution.book("combine")
    with pytest.raises(ConfigError):
        configured({"serving.strategy": "best"})
