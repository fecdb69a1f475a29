"""Sequential comparison of two learners, valid at any stopping time."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import ConfigError, DataError, StateError
from alpha_pulse.core.stateful import State, scalar, take_all
from alpha_pulse.kernels.detection import eprocess

Row = NDArray[np.float64]
Winner = Literal["first", "second"]
WINNERS: dict[int, Winner | None] = {0: None, 1: "first", -1: "second"}


class Comparison(msgspec.Struct, frozen=True):
    """The result after ``samples`` labels.

    ``mean_difference`` is the second learner's mean loss minus the first's: positive if the first is better; None without
    labels. ``low`` and ``high`` bound its average expectation at all times at once. ``p_value`` is two-sided, for the
    hypothesis that neither was better at any time; it may be read after every label. ``winner`` was decided after
    ``decided_at`` labels and does not change: up to that label it was better on average in one of the interleaved series.
    ``low`` and ``high`` concern all labels.
    """

    mean_difference: float | None
    low: float
    high: float
    p_value: float
    winner: Winner | None
    decided_at: int | None
    samples: int


class PairedComparison:
    """Compares two learners by their losses on the same examples. The result may be read after each example, and the comparison
    may stop at any time.

    Parameters
    ----------
    horizon
        Steps over which labels overlap, h: a label is known h steps after its prediction.
    alpha
        Upper bound of the probability of ever naming a winner if both are equally good. Several challengers share it.

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
        self.log_half_alpha = math.log(0.5 * alpha)
        """The logarithm of the p-value at which a winner is named."""
        self._state: Row = np.zeros(eprocess.size(horizon))
        self._state[eprocess.HORIZON] = horizon
        self._decision = np.zeros(2, dtype=np.int64)

    def update(self, first: float, second: float) -> None:
        """Process the losses of both on the next example, each from 0 to 1, in the order of the predictions.

        Raises DataError, without a change, for a loss that is not from 0 to 1.
        """
        if not (0.0 <= first <= 1.0 and 0.0 <= second <= 1.0):
            raise _unbounded(first if not 0.0 <= first <= 1.0 else second)
        eprocess.decide(self._state, self._decision, second - first, self.log_half_alpha)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The packed state, which `eprocess.decide` changes in place: evidence, and the decision."""
        return {"against": self._state, "decision": self._decision}

    def update_many(self, first: Row, second: Row) -> None:
        """`update` for each of two arrays (n,) of losses."""
        check_array("the losses of the first", first, (None,))
        check_array("the losses of the second", second, (len(first),))
        for losses in (first, second):
            fits = (losses >= 0.0) & (losses <= 1.0)
            if not fits.all():
                raise _unbounded(float(losses[~fits][0]))
        positive, negative = eprocess.steps(self._state, second - first, self.log_half_alpha)
        if self._decision[0] == 0 and (positive or negative):
            first_better = positive and (not negative or positive <= negative)
            self._decision[:] = (1, positive) if first_better else (-1, negative)

    @property
    def result(self) -> Comparison:
        """The result so far."""
        state = self._state
        winner, decided_at = self._decision.tolist()
        samples = int(state[eprocess.SEEN])
        log_p = min(eprocess.log_p(state, eprocess.EVIDENCE_UP), eprocess.log_p(state, eprocess.EVIDENCE_DOWN))
        half = 0.5 * self._alpha
        return Comparison(
            mean_difference=float(state[eprocess.TOTAL]) / samples if samples else None,
            low=eprocess.lower_bound(state, half, 1.0),
            high=-eprocess.lower_bound(state, half, -1.0),
            p_value=min(2.0 * math.exp(log_p), 1.0),
            winner=WINNERS[winner],
            decided_at=decided_at or None,
            samples=samples,
        )

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State({"alpha": self._alpha}, {name: array.copy() for name, array in self.arrays.items()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        alpha = scalar(state, "alpha", float)
        if alpha != self._alpha:
            raise StateError(f"a comparison was saved with alpha = {alpha!r}; expected {self._alpha!r}")
        take_all(self.arrays, state)


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
