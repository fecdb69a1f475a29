"""Sequential comparison of two learners, valid at any stopping time."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import ConfigError, DataError, StateError
from alpha_pulse.core.stateful import State, scalar, take
from alpha_pulse.kernels.detection import eprocess

Row = NDArray[np.float64]
Winner = Literal["first", "second"]
TOGETHER = 64
"""Pairs that are buffered, and processed in one call."""


class Comparison(msgspec.Struct, frozen=True):
    """The result after ``samples`` labels.

    ``mean_difference`` is the second learner's mean loss minus the first's: positive where the first is better; None without
    labels. ``low`` and ``high`` bound its average expectation at all times at once. ``p_value`` is two-sided, for the
    hypothesis that neither was better at any time; it may be read after every label. ``winner`` was decided after
    ``decided_at`` labels and stays: by then it was better on average in one of the interleaved series. ``low`` and ``high``
    concern all labels.
    """

    mean_difference: float | None
    low: float
    high: float
    p_value: float
    winner: Winner | None
    decided_at: int | None
    samples: int


class PairedComparison:
    """Compares two learners by their losses on the same examples. It may be read after each, and stopped at any time.

    Parameters
    ----------
    horizon
        Steps over which labels overlap, h: a label is known h steps after its prediction.
    alpha
        Upper bound of the probability of ever naming a winner where both are equally good. Several challengers share it.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    Examples
    --------
    >>> comparison = PairedComparison(horizon=1)
    >>> for step in range(400):
    ...     comparison.update(0.2, 0.2 + 0.1 * (step % 2))
    >>> comparison.result.winner, round(comparison.result.mean_difference, 6)
    ('first', 0.05)

    References
    ----------
    See `alpha_pulse.kernels.detection.eprocess`.
    """

    def __init__(self, horizon: int = 1, alpha: float = 0.05) -> None:
        if horizon < 1:
            raise ConfigError(f"the horizon of a comparison is {horizon!r}; expected 1 or more steps")
        if not 0.0 < alpha < 1.0:
            raise ConfigError(f"alpha of a comparison is {alpha!r}; expected a number between 0 and 1")
        self._alpha = alpha
        self._log_half_alpha = math.log(0.5 * alpha)
        self._state: Row = np.zeros(eprocess.size(horizon))
        self._state[eprocess.HORIZON] = horizon
        self._winner: Winner | None = None
        self._decided_at: int | None = None
        self._waiting: list[float] = []

    def update(self, first: float, second: float) -> None:
        """Process the losses of both on the next example, each from 0 to 1, in the order of the predictions.

        Raises DataError, without a change, for a loss that is not from 0 to 1.
        """
        if not (0.0 <= first <= 1.0 and 0.0 <= second <= 1.0):
            raise _unbounded(first if not 0.0 <= first <= 1.0 else second)
        self._waiting.append(second - first)
        if len(self._waiting) >= TOGETHER:
            self._catch_up()

    def _catch_up(self) -> None:
        """Process the buffered losses in one call: the result is equal bit for bit, at a fraction of the cost."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._take(np.array(waiting))

    def update_many(self, first: Row, second: Row) -> None:
        """`update` for each of two arrays (n,) of losses."""
        check_array("the losses of the first", first, (None,))
        check_array("the losses of the second", second, (len(first),))
        self._catch_up()
        for losses in (first, second):
            fits = (losses >= 0.0) & (losses <= 1.0)
            if not fits.all():
                raise _unbounded(float(losses[~fits][0]))
        self._take(second - first)

    def _take(self, differences: Row) -> None:
        positive, negative = eprocess.steps(self._state, differences, self._log_half_alpha)
        if self._winner is None and (positive or negative):
            first = positive and (not negative or positive <= negative)
            self._winner, self._decided_at = ("first", positive) if first else ("second", negative)

    @property
    def result(self) -> Comparison:
        """The result so far."""
        self._catch_up()
        state = self._state
        samples = int(state[eprocess.SEEN])
        log_p = min(eprocess.log_p(state, eprocess.EVIDENCE_UP), eprocess.log_p(state, eprocess.EVIDENCE_DOWN))
        half = 0.5 * self._alpha
        return Comparison(
            mean_difference=float(state[eprocess.TOTAL]) / samples if samples else None,
            low=eprocess.lower_bound(state, half, 1.0),
            high=-eprocess.lower_bound(state, half, -1.0),
            p_value=min(2.0 * math.exp(log_p), 1.0),
            winner=self._winner,
            decided_at=self._decided_at,
            samples=samples,
        )

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._catch_up()
        return State({"decision": [self._winner, self._decided_at], "alpha": self._alpha}, {"state": self._state.copy()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        alpha, decision = scalar(state, "alpha", float), scalar(state, "decision", list)
        try:
            winner, decided_at = msgspec.convert(decision, tuple[Winner | None, int | None])
        except msgspec.ValidationError as error:
            raise StateError(f"the decision of a comparison is {decision!r} ({error})") from None
        if alpha != self._alpha:
            raise StateError(f"a comparison was saved with alpha = {alpha!r}; expected {self._alpha!r}")
        take(self._state, state, "state")
        self._waiting = []
        self._winner, self._decided_at = winner, decided_at


def compare(first: Row, second: Row, horizon: int = 1, alpha: float = 0.05) -> Comparison:
    """`PairedComparison` of two arrays (n,) of losses from 0 to 1, in the order of the predictions.

    >>> rng = np.random.default_rng(1)
    >>> losses = rng.random((2, 2_000))
    >>> compare(losses[0], losses[1]).winner
    >>> compare(0.8 * losses[0], losses[1]).winner
    'first'
    """
    comparison = PairedComparison(horizon, alpha)
    comparison.update_many(first, second)
    return comparison.result


def _unbounded(loss: float) -> DataError:
    return DataError(
        f"a loss is {loss!r}; expected losses from 0 to 1; use errors or squared errors of probabilities, or scale a bounded "
        "loss"
    )
