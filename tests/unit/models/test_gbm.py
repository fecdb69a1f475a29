from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError, NonFiniteError, SessionError, StateError, UnsupportedSystemError
from alpha_pulse.core.stateful import State
from alpha_pulse.kernels.trees.gbm import gbm_predict, gbm_predict_rows
from alpha_pulse.models.gbm import LightGBM, pack_text

Matrix = NDArray[np.float64]
QUIET = {"objective": "binary", "verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}


def data(seed: int, n: int, width: int, decimals: int) -> tuple[Matrix, NDArray[np.int64]]:
    """Rounded features (many equal values), one of them constant, and labels that depend on two of them."""
    generator = np.random.default_rng(seed)
    rows = np.round(generator.normal(size=(n, width)), decimals)
    rows[:, -1] = 3.0
    labels = (rows[:, 0] - rows[:, 1] ** 2 + generator.normal(size=n) > -0.5).astype(np.int64)
    return rows, labels


def booster(text: str) -> lightgbm.Booster:
    return lightgbm.Booster(model_str=text)


def run(program: str, given_text: str = "") -> str:
    """What ``program`` prints in a process of its own, which finds the package where this one does."""
    places = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", program], input=given_text, env=places, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def at_thresholds(text: str, width: int) -> Matrix:
    """Rows that stand on the thresholds themselves and on their two neighbours among floats."""
    numbers = [float(x) for line in text.splitlines() if line.startswith("threshold=") for x in line[10:].split()]
    edges = np.unique([*numbers, 0.0])
    points = np.concatenate([edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)])
    return np.repeat(points[:, None], width, axis=1)


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(120, 600),
    width=st.integers(3, 8),
    decimals=st.integers(0, 3),
    trees=st.integers(1, 30),
    leaves=st.integers(2, 20),
    weighted=st.booleans(),
)
def test_equals_lightgbm(seed: int, n: int, width: int, decimals: int, trees: int, leaves: int, weighted: bool) -> None:
    rows, labels = data(seed, n, width, decimals)
    weights = np.random.default_rng(seed + 1).exponential(1e-4, n) if weighted else np.ones(n)
    model = LightGBM(width, trees=trees, leaves=leaves, learning_rate=0.2)
    model.fit(rows, labels, weights)
    probes = np.concatenate([rows, rows * 1e9])
    ours = model.predict_many(probes)
    assert np.abs(ours - booster(model.text).predict(probes)).max() < 1e-12
    assert ours.tolist() == [model.predict(row) for row in probes]


@pytest.mark.parametrize("decimals", [0, 1, 12])
@pytest.mark.parametrize("leaves", [2, 8, 40])
def test_equals_lightgbm_on_the_thresholds_themselves(decimals: int, leaves: int) -> None:
    rows, labels = data(leaves, 700, 5, decimals)
    parameters = {**QUIET, "num_leaves": leaves, "min_data_in_leaf": 5}
    trained = lightgbm.train(parameters, lightgbm.Dataset(rows, labels, params=parameters), 21)
    text = trained.model_to_string()
    # Compared with the booster that was trained: one read back from text rounds its thresholds by a last bit.
    probes = np.concatenate([rows, at_thresholds(text, 5)])
    out = np.empty(len(probes))
    gbm_predict_rows(pack_text(text, 5), probes, out)
    assert np.abs(out - trained.predict(probes)).max() < 1e-12


@pytest.mark.parametrize("options", [{"zero_as_missing": True}, {"use_missing": True}, {"use_missing": False}])
def test_missing_values_in_training_are_decided_as_lightgbm_does(options: dict[str, bool]) -> None:
    rows, labels = data(1, 800, 4, 1)
    labels[rows[:, 0] == 0.0] = 1
    if not options.get("zero_as_missing"):
        rows[::7, 1] = np.nan
    parameters = {**QUIET, **options, "num_leaves": 8, "min_data_in_leaf": 5}
    trained = lightgbm.train(parameters, lightgbm.Dataset(rows, labels, params=parameters), 20)
    text = trained.model_to_string()
    packed = pack_text(text, 4)
    assert bool(packed[2]) == bool(options.get("zero_as_missing"))
    finite = np.concatenate([np.nan_to_num(rows), at_thresholds(text, 4), [[1e-36, -1e-36, 1e-30, -0.0]]])
    out = np.empty(len(finite))
    gbm_predict_rows(packed, finite, out)
    assert np.abs(out - trained.predict(finite)).max() < 1e-12
    assert out.tolist() == [gbm_predict(packed, row) for row in finite]


def test_sigmoid_of_the_text_is_used() -> None:
    rows, labels = data(2, 400, 3, 2)
    parameters = {**QUIET, "sigmoid": 0.7}
    trained = lightgbm.train(parameters, lightgbm.Dataset(rows, labels, params=parameters), 5)
    packed = pack_text(trained.model_to_string(), 3)
    assert packed[1] == 0.7
    assert gbm_predict(packed, rows[0]) == pytest.approx(trained.predict(rows[:1])[0], abs=1e-12)


def test_nothing_to_split_serves_the_base_rate(capfd: pytest.CaptureFixture[str]) -> None:
    labels = (np.arange(200) % 4 == 0).astype(np.int64)
    model = LightGBM(2, trees=10)
    model.fit(np.ones((200, 2)), labels, np.ones(200))
    assert model.predict(np.array([5.0, -5.0])) == pytest.approx(0.25)
    assert capfd.readouterr() == ("", "")


def test_small_weights_split_as_large_ones_do() -> None:
    rows, labels = data(3, 500, 3, 2)
    small, large = LightGBM(3, trees=10), LightGBM(3, trees=10)
    small.fit(rows, labels, np.full(500, 2.0**-20))
    large.fit(rows, labels, np.full(500, 2.0**20))
    assert small.version == large.version
    assert np.ptp(small.predict_many(rows)) > 0.1


def test_version_is_the_same_in_another_process() -> None:
    program = (
        "import numpy as np\n"
        "from alpha_pulse.models.gbm import LightGBM\n"
        "rows = np.random.default_rng(5).normal(size=(300, 3))\n"
        "model = LightGBM(3, trees=5)\n"
        "model.fit(rows, (rows[:, 0] > 0).astype(np.int64), np.ones(300))\n"
        "print(model.version)"
    )
    first, second = run(program), run(program)
    assert first == second
    assert len(first.strip()) == 64


def test_serving_needs_no_lightgbm() -> None:
    program = (
        "import sys\nsys.modules['lightgbm'] = None\n"
        "import numpy as np\n"
        "from alpha_pulse.core.stateful import State\n"
        "from alpha_pulse.models.gbm import LightGBM\n"
        "model = LightGBM(3, trees=5)\n"
        "model.restore(State(arrays={'text': np.frombuffer(sys.stdin.buffer.read(), dtype=np.uint8)}))\n"
        "print(model.predict(np.array([0.5, 0.5, 0.5])))"
    )
    rows, labels = data(6, 300, 3, 2)
    model = LightGBM(3, trees=5)
    model.fit(rows, labels, np.ones(300))
    assert float(run(program, model.text)) == model.predict(np.array([0.5, 0.5, 0.5]))


def test_examples_that_do_not_fit_are_named() -> None:
    rows, labels = data(7, 100, 3, 1)
    weights = np.ones(100)
    model = LightGBM(3, trees=2)
    with pytest.raises(DataError, match="expected"):
        model.fit(rows[:, :2], labels, weights)
    with pytest.raises(DataError, match="negative"):
        model.fit(rows, labels, weights - 2.0)
    with pytest.raises(DataError, match="neither 0 nor 1"):
        model.fit(rows, labels + 1, weights)
    with pytest.raises(NonFiniteError, match="weight 4"):
        model.fit(rows, labels, np.where(np.arange(100) == 4, np.nan, weights))
    with pytest.raises(SessionError, match="label 1 alone"):
        model.fit(rows, labels, labels.astype(np.float64))
    model.fit(rows, labels, weights)
    with pytest.raises(DataError, match="expected"):
        model.predict_many(rows[:, :2])
    with pytest.raises(SessionError, match="none"):
        model.fit(rows[:0], labels[:0], weights[:0])


def test_text_that_cannot_be_served_is_refused() -> None:
    rows, labels = data(8, 300, 3, 1)
    model = LightGBM(3, trees=3)
    model.fit(rows, labels, np.ones(300))
    text = model.text
    broken = {
        "features": text.replace("max_feature_idx=2", "max_feature_idx=5"),
        "objective": text.replace("objective=binary", "objective=regression"),
        "average": text.replace("num_class=1", "num_class=1\naverage_output"),
        "categorical": text.replace("num_cat=0", "num_cat=1", 1),
        "linear": text.replace("is_linear=0", "is_linear=1", 1),
        "cut short": text[:700],
        "lost line": text.replace("leaf_value", "leaf_valve", 1),
        "not finite": text.replace("threshold=", "threshold=nan ", 1).replace("num_leaves", "num_leaves", 1),
        "cycle": re.sub(r"right_child=-?\d+", "right_child=0", text, count=1),
    }
    for what, damaged in broken.items():
        assert damaged != text, what
        with pytest.raises(StateError, match="train it again"):
            model.restore(State(arrays={"text": np.frombuffer(damaged.encode(), dtype=np.uint8)}))
    with pytest.raises(StateError, match="damaged"):
        model.restore(State(arrays={"text": np.array([255, 254], dtype=np.uint8)}))
    assert model.text == text


def test_a_library_that_cannot_be_loaded_is_named_with_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lightgbm.py").write_text('raise OSError("libgomp.so.1: cannot open shared object file")')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lightgbm")
    rows, labels = data(1, 50, 4, 1)
    with pytest.raises(UnsupportedSystemError, match=r"libgomp\.so\.1.*apt install libgomp1"):
        LightGBM(4, trees=1).fit(rows, labels, np.ones(50))
