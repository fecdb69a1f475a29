"""Calibrators, which learn online from stored out-of-sample probabilities and their labels.

A calibrator learns the probability that was *served*, once its label is known. It never uses the prediction of a model that has
learned that label, because such a prediction is overconfident. So `Calibrator.learn` takes a probability, and no features.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import ConfigError, DataError, NonFiniteError, did_you_mean
from alpha_pulse.core.numbers import a_class
from alpha_pulse.core.stateful import Stateful
from alpha_pulse.kernels.calibration import calibration, isotonic
from alpha_pulse.models.base import Row
from alpha_pulse.models.packed import PackedModel


@runtime_checkable
class Calibrator(Stateful, Protocol):
    """A non-decreasing map from probabilities to probabilities that learns one stored score at a time.

    ``calibrate`` changes no state, and is the identity before any learning. The state is bounded, finite, and bit-equal after
    it is saved and restored.
    """

    @property
    def memory_bytes(self) -> int:
        """Size of its state in bytes, which never changes."""
        ...

    @property
    def packed(self) -> Row:
        """The state, which kernels change in place."""
        ...

    def calibrate(self, probability: float) -> float:
        """The calibrated probability, in (0, 1), for ``probability`` in [0, 1]."""
        ...

    def learn(self, probability: float, label: int) -> None:
        """Learn one labelled score: the probability as it was served and stored, and its label (0 or 1).

        Raises NonFiniteError for an invalid probability, DataError for an invalid label.
        """
        ...

    def learn_many(self, probabilities: Row, labels: NDArray[np.int64]) -> Row:
        """Calibrate and then learn each stored score; returns the calibrated ones. Bit-equal to the same calls one by one.

        Raises NonFiniteError for an invalid probability, DataError for labels or arrays that do not fit.
        """
        ...


class _Calibrator(PackedModel):
    """The common base: one packed state, which the kernels define."""

    def __init__(self, kind: str, size: int, horizon: int, parameters: dict[str, Any]) -> None:
        if horizon < 1:
            raise ConfigError(f"horizon of a {kind} calibrator is {horizon}; expected 1 or more bars that labels overlap over")
        self._state: Row = np.zeros(size)
        layout = {"kind": f"calibration/{kind}", "version": 1, "horizon": horizon, **parameters}
        super().__init__(1, layout, {"state": self._state})

    @property
    def packed(self) -> Row:
        """The state, which kernels change in place."""
        return self._state

    def calibrate(self, probability: float) -> float:
        """See `Calibrator.calibrate`."""
        raise NotImplementedError

    def learn(self, probability: float, label: int) -> None:
        """See `Calibrator.learn`."""
        if not 0.0 <= probability <= 1.0:
            raise NonFiniteError(f"the score is {probability!r}; expected a probability from 0 to 1; leave out absent ones")
        self._learn(float(probability), a_class("the label", label, 2))

    def learn_many(self, probabilities: Row, labels: NDArray[np.int64]) -> Row:
        """See `Calibrator.learn_many`."""
        check_array("the probabilities", probabilities, (None,))
        check_array("the labels", labels, (len(probabilities),), np.int64)
        if not ((labels == 0) | (labels == 1)).all():
            raise DataError("the labels of scores contain a value other than 0 and 1")
        wrong = ~((probabilities >= 0.0) & (probabilities <= 1.0))
        if wrong.any():
            place = int(wrong.argmax())
            raise NonFiniteError(
                f"score {place} is {probabilities[place]}; expected a probability from 0 to 1; leave out absent ones"
            )
        out = np.empty(len(probabilities))
        self._learn_rows(probabilities, labels, out)
        return out

    def _learn(self, probability: float, label: int) -> None:
        """Learn one score."""
        raise NotImplementedError

    def _learn_rows(self, probabilities: Row, labels: NDArray[np.int64], out: Row) -> None:
        """For each score its calibrated one into ``out``, then learn it."""
        raise NotImplementedError


class PlattCalibrator(_Calibrator):
    """Online Platt scaling: a slope and an offset on the log odds. The default for members of a mixture.

    Costs O(1) per label, with 64 bytes of state. Suits members that are overconfident or underconfident on both sides alike.

    Parameters
    ----------
    horizon
        Bars over which labels overlap: each counts as 1/horizon of one.

    Examples
    --------
    >>> surer_than_right = PlattCalibrator()
    >>> _ = surer_than_right.learn_many(np.full(400, 0.95), np.array([1, 1, 1, 0] * 100))
    >>> round(surer_than_right.calibrate(0.95), 1)
    0.8

    References
    ----------
    Platt (1999); Gupta & Ramdas (2023), "Online Platt scaling with calibeating".
    """

    def __init__(self, horizon: int = 1) -> None:
        super().__init__("platt", calibration.SIZE, horizon, {})
        calibration.start(self._state, 1.0 / horizon)

    def calibrate(self, probability: float) -> float:
        """See `Calibrator.calibrate`."""
        return calibration.calibrate_probability(self._state, probability)

    def _learn(self, probability: float, label: int) -> None:
        calibration.learn(self._state, calibration.logit(probability), label, 1.0)

    def _learn_rows(self, probabilities: Row, labels: NDArray[np.int64], out: Row) -> None:
        calibration.calibrate_learn_rows(self._state, probabilities, labels, out)


class BetaCalibrator(_Calibrator):
    """Online beta calibration: separate slopes of log(p) and log(1 - p), neither negative, and an offset.

    Costs O(1) per label, with 96 bytes of state. Suits members that are overconfident on one side, such as those trained on
    rare events. Platt's maps and the identity are special cases.

    Parameters
    ----------
    horizon
        Bars over which labels overlap: each counts as 1/horizon of one.

    Examples
    --------
    >>> calibrator = BetaCalibrator()
    >>> _ = calibrator.learn_many(np.full(400, 0.95), np.array([1, 1, 1, 0] * 100))
    >>> round(calibrator.calibrate(0.95), 1)
    0.8

    References
    ----------
    Kull, Silva Filho & Flach (2017), "Beta calibration: a well-founded and easily implemented improvement on logistic
    calibration for binary classifiers", AISTATS.
    """

    def __init__(self, horizon: int = 1) -> None:
        super().__init__("beta", calibration.BETA_SIZE, horizon, {})
        calibration.start_beta(self._state, 1.0 / horizon)

    def calibrate(self, probability: float) -> float:
        """See `Calibrator.calibrate`."""
        return calibration.calibrate_beta(self._state, probability)

    def _learn(self, probability: float, label: int) -> None:
        calibration.learn_beta(self._state, probability, label)

    def _learn_rows(self, probabilities: Row, labels: NDArray[np.int64], out: Row) -> None:
        calibration.calibrate_learn_beta_rows(self._state, probabilities, labels, out)


class IsotonicCalibrator(_Calibrator):
    """Isotonic regression on the newest labels. It can learn any non-decreasing map, but needs more labels.

    A label costs O(log window) comparisons and one move of at most ``window`` numbers; a fit costs O(window), every ``every``
    labels. The state has 40 bytes per label in the window. It follows drift because old labels leave the window.

    Parameters
    ----------
    horizon
        Bars over which labels overlap: each counts as 1/horizon of a label, relative to the prior, which is the identity.
    window
        Labels in the window, at least 2.
    every
        Labels between two fits, at least 1. Before the first fit it is the identity.

    Examples
    --------
    >>> calibrator = IsotonicCalibrator(every=1)
    >>> _ = calibrator.learn_many(np.full(400, 0.95), np.array([1, 1, 1, 0] * 100))
    >>> round(calibrator.calibrate(0.95), 2)
    0.79

    References
    ----------
    Ayer et al. (1955), doi 10.1214/aoms/1177728423; Zadrozny & Elkan (2002), doi 10.1145/775047.775151.
    """

    def __init__(self, horizon: int = 1, *, window: int = 2_000, every: int = 50) -> None:
        if window < 2 or every < 1:
            raise ConfigError(
                f"window and every of an isotonic calibrator are {window} and {every}; expected window >= 2 (labels kept) "
                "and every >= 1 (labels between fits)"
            )
        super().__init__("isotonic", isotonic.size(window), horizon, {"window": window, "every": every})
        isotonic.start(self._state, window, every, 1.0 / horizon)

    def calibrate(self, probability: float) -> float:
        """See `Calibrator.calibrate`."""
        return isotonic.calibrate(self._state, probability)

    def _learn(self, probability: float, label: int) -> None:
        isotonic.learn(self._state, probability, label)

    def _learn_rows(self, probabilities: Row, labels: NDArray[np.int64], out: Row) -> None:
        isotonic.calibrate_learn_rows(self._state, probabilities, labels, out)


CALIBRATORS: dict[str, type[PlattCalibrator] | type[BetaCalibrator] | type[IsotonicCalibrator]] = {
    "platt": PlattCalibrator,
    "beta": BetaCalibrator,
    "isotonic": IsotonicCalibrator,
}
"""By the names of ``serving.calibration``."""


def make_calibrator(name: str, horizon: int = 1) -> Calibrator:
    """A fresh calibrator by name, with its defaults. Raises ConfigError for an unknown name.

    >>> make_calibrator("beta").calibrate(0.3)
    0.3
    """
    if name not in CALIBRATORS:
        raise ConfigError(f"no calibrator is called {name!r}{did_you_mean(name, CALIBRATORS)}")
    return CALIBRATORS[name](horizon)
