"""ADWIN, a detector of changes of a mean such as a model's error rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import NonFiniteError
from alpha_pulse.core.ranges import check_minimum, check_range
from alpha_pulse.core.stateful import State, take
from alpha_pulse.detectors.base import Detection, Domain
from alpha_pulse.detectors.packed import check_same_threshold
from alpha_pulse.kernels.detection.adwin import (
    DELTA,
    DRIFT,
    FLAG,
    SCORE,
    SEEN,
    TOTAL,
    WARNING,
    WIDTH,
    adwin_state,
    adwin_step,
    adwin_steps,
)


class Adwin:
    """ADWIN: an adaptive window that is cut where the means of its two sides differ. A cut is an alarm, usually one per change.

    Memory grows with the logarithm of the window and is bounded. Values are stored as sums of 1, 2, 4, ... values, and cuts are
    tested only between these sums. It detects rises and falls; the sign of the score tells which.

    Parameters
    ----------
    delta
        Confidence of one cut, in (0, 1): about the false-alarm probability of one test on independent values. The bound is
        exact for a known variance; the variance of the window is used instead.
    clock
        Values between two tests; 1 tests at each value.

    Raises
    ------
    ConfigError
        ``delta`` or ``clock`` is out of range.

    Examples
    --------
    >>> detector = Adwin(delta=0.002)
    >>> alarms = [i for i in range(400) if detector.update(0.1 if i < 200 else 0.9)]
    >>> alarms[0] - 200 < 20, detector.last.drift
    (True, False)

    References
    ----------
    Bifet and Gavaldà (2007), "Learning from time-changing data with adaptive windowing", SDM,
    https://doi.org/10.1137/1.9781611972771.42
    """

    domain: Domain = "bounded"

    def __init__(self, delta: float = 0.002, clock: int = 1) -> None:
        check_range("ADWIN's delta", delta, 0.0, 1.0, usual="0.002")
        check_minimum("ADWIN's clock", clock, 1, usual="1")
        self._state = adwin_state(delta, clock)

    @property
    def packed(self) -> NDArray[np.float64]:
        """The state itself, for kernels that work on it, with the layout of `alpha_pulse.kernels.detection.adwin`."""
        return self._state

    @property
    def width(self) -> int:
        """Number of values in the window."""
        return int(self._state[WIDTH])

    @property
    def mean(self) -> float:
        """The mean of the window; 0 while it is empty."""
        width = float(self._state[WIDTH])
        return float(self._state[TOTAL]) / width if width else 0.0

    @property
    def last(self) -> Detection:
        """The result for the newest value."""
        state = self._state
        seen = int(state[SEEN])
        flag = state[FLAG]
        return Detection(
            score=float(state[SCORE]),
            warning=bool(flag == WARNING),
            drift=bool(flag == DRIFT),
            sample=seen,
            change_sample=seen - int(state[WIDTH]),
        )

    def update(self, value: float) -> bool:
        """Process one value in [0, 1]; True for a drift.

        Raises
        ------
        NonFiniteError
            The value is not in [0, 1]; the state does not change.
        """
        flag = adwin_step(self._state, float(value))
        if flag < 0:
            raise NonFiniteError(f"the value for ADWIN is {value!r}; expected a value within [0, 1]; scale the loss first")
        return flag == DRIFT

    def update_many(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Process ``values`` (n,) one by one; whether each gave a drift, (n,). Bit-equal to the same calls of `update`.

        Raises NonFiniteError, and processes none, when one is not in [0, 1]; DataError for another shape or type.
        """
        check_array("the values for ADWIN", values, (None,))
        if not ((values >= 0.0) & (values <= 1.0)).all():
            raise NonFiniteError("the values for ADWIN are not all within [0, 1]; scale the losses first")
        flags = np.empty(len(values), dtype=np.int64)
        adwin_steps(self._state, values, flags)
        drifts: NDArray[np.bool_] = flags == DRIFT
        return drifts

    def snapshot(self) -> State:
        """The packed window."""
        return State(arrays={"window": self._state.copy()})

    def restore(self, state: State) -> None:
        """Restore a packed window. Raises StateError, without a change, for a window of another size or delta."""
        window = self._state.copy()
        take(window, state, "window")
        check_same_threshold("ADWIN", float(window[DELTA]), float(self._state[DELTA]))
        self._state[...] = window
