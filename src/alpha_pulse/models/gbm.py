"""LightGBM: trained by its library, stored as its text model, and served by a kernel without the library."""

from __future__ import annotations

import hashlib
import importlib
import math
from collections import deque
from collections.abc import Mapping
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import SessionError, StateError, UnsupportedSystemError
from alpha_pulse.core.stateful import State
from alpha_pulse.core.systems import INSTALL_OPENMP, lacks_openmp
from alpha_pulse.kernels.trees import gbm as kernels
from alpha_pulse.models.base import Row
from alpha_pulse.models.validation import check_row, check_rows, check_training_set

MIN_LEAF_EXAMPLES = 200
"""Labels of market data overlap, so a leaf needs more of them than LightGBM's default of 20; fewer where there are few."""
LEAST_LEAVES = 20
"""A training set has room for so many leaves of the least size."""

_CATEGORICAL = 1
_DEFAULT_LEFT = 2
_MISSING_ZERO = 1
_END_OF_TREES = "end of trees"
_COLUMNS = ("split_feature", "decision_type", "left_child", "right_child")
_NOTHING = {"num_leaves": "1", "num_cat": "0", "leaf_value": "0", "threshold": "", **dict.fromkeys(_COLUMNS, "")}


class LightGBM:
    """Gradient-boosted trees for a probability, trained once on a block of examples.

    The settings are for labels with much noise: small trees of large leaves, shrunk leaf values, and for each tree 70 % of the
    examples and half of the features.

    Training is deterministic: on one machine, equal examples give an equal text model and an equal ``version``.

    Parameters
    ----------
    n_features
        Length of a row.
    trees
        Boosting rounds, without early stopping.
    leaves
        Maximum number of leaves of each tree.
    learning_rate
        Shrinkage of each tree, in (0, 1].
    seed
        LightGBM's seed.

    Examples
    --------
    >>> model = LightGBM(n_features=1, trees=20, learning_rate=0.1)
    >>> rows = np.linspace(-1.0, 1.0, 400).reshape(-1, 1)
    >>> model.fit(rows, (rows[:, 0] > 0.0).astype(np.int64), np.ones(400))
    >>> model.predict(np.array([0.5])) > 0.8
    True

    References
    ----------
    Ke et al. (2017), "LightGBM: a highly efficient gradient boosting decision tree", NeurIPS.
    """

    def __init__(self, n_features: int, *, trees: int, leaves: int = 8, learning_rate: float = 0.03, seed: int = 1) -> None:
        self.n_features = n_features
        self.version = ""
        self._trees = trees
        self._parameters: dict[str, str | int | float | bool] = {
            "objective": "binary",
            "num_leaves": leaves,
            "learning_rate": learning_rate,
            "lambda_l2": 10.0,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "max_bin": 63,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }
        self._text = ""
        self._packed: Row = np.empty(0)

    @property
    def packed(self) -> Row:
        """The trees in the layout of `alpha_pulse.kernels.trees.gbm`; empty before `fit`."""
        return self._packed

    @property
    def text(self) -> str:
        """The text model, which ``lightgbm.Booster(model_str=...)`` reads. Empty before `fit`."""
        return self._text

    def fit(self, features: Row, labels: NDArray[np.int64], weights: Row) -> None:
        """Train on a block of examples. On an error the earlier model is kept.

        Parameters
        ----------
        features
            float64, shape (n, n_features), finite.
        labels
            0 or 1, shape (n,).
        weights
            Finite, >= 0, shape (n,); only their ratios matter, and an example of weight 0 is left out.

        Raises
        ------
        NonFiniteError
            A feature or weight is not finite.
        DataError
            Shapes do not fit, a label is neither 0 nor 1, or a weight is negative.
        SessionError
            The examples of positive weight are all of one class.
        UnsupportedSystemError
            LightGBM's library cannot be loaded.
        """
        check_training_set(features, labels, weights, self.n_features)
        lightgbm = _library()
        used = weights > 0.0
        if not used.all():
            features, labels, weights = features[used], labels[used], weights[used]
        # LightGBM's smallest hessian of a leaf is absolute, so weights as small as returns would prevent every split.
        scaled = weights / weights.mean()
        parameters = {**self._parameters, "min_data_in_leaf": min(MIN_LEAF_EXAMPLES, len(labels) // LEAST_LEAVES)}
        data = lightgbm.Dataset(features, labels, weight=scaled, params=dict(parameters))
        booster = lightgbm.train(parameters, data, num_boost_round=self._trees)
        self._take(booster.model_to_string())

    def predict(self, features: Row) -> float:
        """P(label = 1) for one finite row, shape (n_features,). Raises SessionError before `fit`, DataError for another row."""
        if not self.version:
            raise SessionError("the LightGBM model cannot predict before it is trained; call fit or restore first")
        check_row(features, self.n_features)
        return kernels.gbm_predict(self._packed, features)

    def predict_many(self, features: Row) -> Row:
        """P(label = 1) for each row, shape (n, n_features), equal to `predict` on each.

        Raises
        ------
        SessionError
            The model was not trained yet.
        NonFiniteError
            A feature is not finite.
        DataError
            Rows are of another length.
        """
        if not self.version:
            raise SessionError("the LightGBM model cannot predict before it is trained; call fit or restore first")
        check_rows(features, self.n_features)
        out = np.empty(len(features))
        kernels.gbm_predict_rows(self._packed, features, out)
        return out

    def snapshot(self) -> State:
        """The text model as bytes; empty before `fit`."""
        return State(arrays={"text": np.frombuffer(self._text.encode(), dtype=np.uint8).copy()})

    def restore(self, state: State) -> None:
        """Restore a text model. Raises StateError when it is damaged or was trained on other features."""
        text_bytes = state.arrays.get("text")
        if text_bytes is None or text_bytes.dtype != np.uint8:
            raise StateError("a saved LightGBM model has no text; restore with the configuration that saved it")
        if text_bytes.size == 0:
            self._text, self.version, self._packed = "", "", np.empty(0)
            return
        try:
            text = text_bytes.tobytes().decode()
        except UnicodeDecodeError as error:
            raise StateError(f"the text of a saved LightGBM model is damaged ({error}); use an older checkpoint") from None
        self._take(text)

    def _take(self, text: str) -> None:
        packed = pack_text(text, self.n_features)
        self._packed, self._text = packed, text
        self.version = hashlib.sha256(text[: text.index(_END_OF_TREES)].encode()).hexdigest()


def pack_text(text: str, n_features: int) -> Row:
    """Read LightGBM's text model into the layout of `alpha_pulse.kernels.trees.gbm`.

    Numbers are read exactly as written, except thresholds of LightGBM's zero size (1e-35): LightGBM reads features of that size
    as 0, so these thresholds are moved. Leaf values include the shrinkage, those of the first tree also the bias.

    Raises
    ------
    StateError
        The text is damaged, was trained on other features, or has a property that the kernel does not support: another
        objective than ``binary``, averaged output, categorical or linear trees.
    """
    body, end, _ = text.partition(_END_OF_TREES)
    header, *sections = body.split("\nTree=")
    try:
        if not end:
            raise ValueError("it does not end as one")
        fields = _fields(header)
        sigmoid = _sigmoid(header, fields)
        if int(fields["max_feature_idx"]) + 1 != n_features or n_features > kernels.FEATURE_MASK:
            raise ValueError(f"it was trained on {int(fields['max_feature_idx']) + 1} features, not on {n_features}")
        trees = [_fields(section) for section in sections]
        trees += [_NOTHING] * (-len(trees) % kernels.ABREAST)
        words = np.zeros(kernels.HEADER + len(trees), dtype=np.int64)
        words[:3].view(np.float64)[:] = len(trees), sigmoid, 0.0
        blocks = [words]
        offset = len(words)
        for i, tree in enumerate(trees):
            nodes, depth, zeros = _pack_tree(tree, offset, n_features)
            words[kernels.HEADER + i] = offset << kernels.DEPTH_BITS | depth
            if zeros:
                words[2:3].view(np.float64)[:] = 1.0
            blocks.append(nodes)
            offset += len(nodes)
    except KeyError as error:
        raise StateError(f"a LightGBM text model cannot be served: it has no {error}; train it again") from None
    except (ValueError, IndexError) as error:
        raise StateError(f"a LightGBM text model cannot be served: {error}; train it again") from None
    return np.concatenate(blocks).view(np.float64)


def _library() -> ModuleType:
    """The package lightgbm, which only training needs. Raises UnsupportedSystemError when it cannot be loaded."""
    try:
        return importlib.import_module("lightgbm")
    except OSError as error:
        fix = INSTALL_OPENMP if lacks_openmp(str(error)) else "install AlphaPulse again into a fresh environment"
        raise UnsupportedSystemError(
            f"the batch model cannot be trained, because lightgbm cannot be loaded: {error}; {fix}, or set "
            "batch.enabled = false"
        ) from None


def _fields(section: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in section.splitlines() if "=" in line)


def _sigmoid(header: str, fields: Mapping[str, str]) -> float:
    objective, *options = fields["objective"].split()
    if objective != "binary" or int(fields["num_tree_per_iteration"]) != 1:
        raise ValueError(f"its objective is {fields['objective']!r}, not 'binary'")
    if "average_output" in header.splitlines():
        raise ValueError("it averages its trees, as a random forest does")
    return float(dict(option.split(":", 1) for option in options).get("sigmoid", "1"))


def _pack_tree(fields: Mapping[str, str], start: int, n_features: int) -> tuple[NDArray[np.int64], int, bool]:
    """(nodes, depth, whether zero is missing somewhere) of one tree whose first node is at ``start``."""
    leaves = int(fields["num_leaves"])
    if int(fields["num_cat"]) != 0 or int(fields.get("is_linear", "0")) != 0:
        raise ValueError("it has categorical splits or linear leaves")
    values = [float(number) for number in fields["leaf_value"].split()]
    thresholds = [_threshold(float(number)) for number in fields["threshold"].split()]
    splits, kinds, lefts, rights = ([int(number) for number in fields[name].split()] for name in _COLUMNS)
    if len(values) != leaves or not all(len(column) == leaves - 1 for column in (thresholds, splits, kinds, lefts, rights)):
        raise ValueError(f"a tree of {leaves} leaves has columns of other lengths")
    if not np.isfinite(values + thresholds).all():
        raise ValueError("a tree contains a number that is not finite")
    if any(kind & _CATEGORICAL for kind in kinds) or not all(0 <= split < n_features for split in splits):
        raise ValueError(f"a tree splits by category or by a feature beyond the {n_features}")
    nodes = np.zeros(2 * (2 * leaves - 1), dtype=np.int64)
    numbers = nodes.view(np.float64)
    depth, free = 0, 2
    waiting = deque([(-1 if leaves == 1 else 0, 0, 0)])
    while waiting:
        node, place, level = waiting.popleft()
        depth = max(depth, level)
        if node < 0:
            numbers[place] = values[-node - 1]
            nodes[place + 1] = (start + place) << kernels.LEFT_SHIFT
            continue
        numbers[place] = thresholds[node]
        nodes[place + 1] = (start + free) << kernels.LEFT_SHIFT | kernels.INNER | _missing(kinds[node]) | splits[node]
        waiting += (lefts[node], free, level + 1), (rights[node], free + 2, level + 1)
        free += 4
    return nodes, depth, any(_missing(kind) for kind in kinds)


def _threshold(written: float) -> float:
    """The threshold that sends every value of LightGBM's zero size to the same side as 0."""
    if not -kernels.ZERO <= written < kernels.ZERO:
        return written
    return math.nextafter(-kernels.ZERO, -math.inf) if written < 0.0 else kernels.ZERO


def _missing(kind: int) -> int:
    """The kernel's flags for a node's ``decision_type``. NaN as missing needs none: rows are finite."""
    if kind >> 2 & 3 != _MISSING_ZERO:
        return 0
    return kernels.ZERO_IS_MISSING | (0 if kind & _DEFAULT_LEFT else kernels.MISSING_GOES_RIGHT)
