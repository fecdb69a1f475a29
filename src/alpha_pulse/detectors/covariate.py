"""Detectors of a change of the features themselves, against a reference window: feature by feature and in total."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import ConfigError, NonFiniteError, StateError
from alpha_pulse.core.stateful import State, scalar, take
from alpha_pulse.detectors.base import Detection
from alpha_pulse.detectors.packed import check_minimum, check_range
from alpha_pulse.kernels.detection import covariate_layout as layout
from alpha_pulse.kernels.detection.covariate import counts_as_test, covariate_step, covariate_steps
from alpha_pulse.kernels.detection.covariate_layout import covariate_state
from alpha_pulse.kernels.detection.detection import CHANGE, DRIFT, FLAG, HEADER, SCORE, SEEN, THRESHOLD, WARNING

Rows = NDArray[np.float64]
Known = NDArray[np.bool_]

OVERLAP = 4.0
"""Neighbouring comparisons share 4/5 of their rows, so that this many count for one: found by simulation, with room to spare
(`alpha_pulse.simulation.covariate_trials` shows what comes of it).
"""
COMPARISONS = 5
"""Comparisons in the time of one window."""
SUREST = 0.5
"""No level is above this."""


class FeatureDetector:
    """Compares the newest rows of features with a reference window; about one false alarm in so many rows, or fewer.

    The reference is filled first; then, every fifth of a window, the window of the newest rows is compared with it for each
    feature. How much less a feature's dependent values tell than independent ones is estimated from the reference: simulation
    shows the stated rate kept up to an autocorrelation of about .9, not beyond. All p-values are made one by Simes' rule, which
    is exact for independent tests with exact p-values, as these are about, and on the safe side for positively dependent ones.
    Of a feature that is constant in the reference it is judged whether it stays so; where half of a feature's newest values or
    more are missing, how often it is missing. One that is missing in half of the reference or more is not judged until the
    next reference.
    A drift is told once: the rows since the change begin a new reference, and there is no verdict until it is full and a window
    has followed it.

    `Detection` is about the total: its ``score`` is the statistic of the feature that changed most surely, and
    ``change_sample`` dates that feature's change, not before the current window.

    Parameters
    ----------
    names
        One per feature.
    samples_per_false_alarm
        Rows per accepted false alarm, from 1,000 on.
    reference, window
        Rows of the reference and of the newest that are compared with it.
    block
        Rows of a block of the reference, which it needs ten of at least: dependence is seen over this many rows, and by one
        step of autoregression beyond.

    Raises
    ------
    ConfigError
        A parameter is out of range.
    """

    title: ClassVar[str]
    exact: ClassVar[bool]

    def __init__(
        self,
        names: Sequence[str],
        samples_per_false_alarm: float = 10_000.0,
        *,
        reference: int = 2_000,
        window: int = 500,
        block: int = 50,
    ) -> None:
        self.names = tuple(names)
        if not self.names or len(set(self.names)) != len(self.names):
            raise ConfigError(
                f"{self.title} was given the features {self.names!r}, but one name at least, and none twice, is needed"
            )
        check_range(f"{self.title}'s samples_per_false_alarm", samples_per_false_alarm, 999.0, math.inf, "10000")
        check_minimum(f"{self.title}'s block", block, 2, "50")
        check_minimum(f"{self.title}'s window", window, 50, "500")
        check_minimum(f"{self.title}'s reference", reference, 10 * block, "2000")
        if reference % block or window % COMPARISONS or window >= reference:
            raise ConfigError(
                f"{self.title}'s reference is {reference} rows, its window {window} and its block {block}, but a reference of "
                f"whole blocks and a window of a multiple of {COMPARISONS} rows, shorter than it, are needed; "
                "2000, 500 and 50 are usual"
            )
        every = window // COMPARISONS
        self.level = min(OVERLAP * every / samples_per_false_alarm, SUREST)
        """A total p-value of at most this is a drift."""
        self._state = covariate_state(len(self.names), self.level, reference, window, block, every, exact=self.exact)
        self._all_known = np.ones(len(self.names), dtype=np.bool_)

    @property
    def last(self) -> Detection:
        """The verdict on the newest row; before any, a quiet one with ``sample`` 0."""
        state = self._state
        return Detection(
            score=float(state[SCORE]),
            warning=bool(state[FLAG] == WARNING),
            drift=bool(state[FLAG] == DRIFT),
            sample=int(state[SEEN]),
            change_sample=int(state[CHANGE]),
        )

    @property
    def packed(self) -> Rows:
        """The state itself, for kernels that work on it, laid out as `alpha_pulse.kernels.detection.covariate_layout` says."""
        return self._state

    def _column(self, column: int) -> Rows:
        return layout.table_of(self._state)[:, column].copy()

    @property
    def statistics(self) -> Rows:
        """Of each feature at the newest comparison, (d,); 0 where it was not judged."""
        return self._column(layout.STATISTIC)

    @property
    def p_values(self) -> Rows:
        """Of each feature at the newest comparison, (d,), each for itself; 1 where it was not judged."""
        return self._column(layout.P_VALUE)

    @property
    def changed(self) -> tuple[str, ...]:
        """The features that the newest comparison names, the surest first; empty when all together were no drift.

        The surest is named because all together were a drift; the others are those that Holm's rule confirms at `level`.
        """
        p_values = self.p_values
        if self._state[layout.WORST] < 0 or self.p_value > self.level:
            return ()
        judged = np.flatnonzero([counts_as_test(entry) for entry in layout.table_of(self._state)])
        surest = judged[np.lexsort((-self.statistics[judged], p_values[judged]))]
        named = holm(p_values[surest]) <= self.level
        return tuple(self.names[columns] for rank, columns in enumerate(surest.tolist()) if rank == 0 or named[rank])

    @property
    def judged(self) -> Known:
        """Which features the newest reference allows to be judged, (d,)."""
        known: Known = self._column(layout.COUNT) > 0.0
        return known

    @property
    def p_value(self) -> float:
        """Of all features together at the newest comparison; 1 before one."""
        return float(self._state[layout.TOTAL_P])

    @property
    def comparisons(self) -> int:
        """How many were made."""
        return int(self._state[layout.COMPARED])

    def update(self, values: Rows, known: Known | None = None) -> bool:
        """Take a row ``values`` (d,), of which only those ``known`` (d,) count; True when it gave a drift.

        Raises
        ------
        NonFiniteError
            A known value is not finite; the row is not taken.
        DataError
            The arrays are of other shapes or types.
        """
        check_array(f"the values for {self.title}", values, (len(self.names),))
        if known is not None:
            check_array(f"the marks of known values for {self.title}", known, (len(self.names),), np.bool_)
        flag = covariate_step(self._state, values, self._all_known if known is None else known)
        if flag < 0:
            raise self._refusal(values, known)
        return flag == DRIFT

    def update_many(self, values: Rows, known: Known | None = None) -> Known:
        """Take rows ``values`` (n, d) one by one; whether each gave a drift, (n,). Bit-equal to the same calls of `update`.

        Raises NonFiniteError, taking none, when a known value is not finite, DataError for arrays of other shapes or types.
        """
        check_array(f"the rows for {self.title}", values, (None, len(self.names)))
        if known is not None:
            check_array(f"the marks of known values for {self.title}", known, values.shape, np.bool_)
        every = np.broadcast_to(self._all_known, values.shape).copy() if known is None else known
        wrong = (~np.isfinite(values) & every).any(axis=1)
        if wrong.any():
            index = int(np.argmax(wrong))
            raise self._refusal(values[index], every[index])
        flags = np.empty(len(values), dtype=np.int64)
        covariate_steps(self._state, values, every, flags)
        drifts: Known = flags == DRIFT
        return drifts

    def _refusal(self, values: Rows, known: Known | None) -> NonFiniteError:
        wrong = ~np.isfinite(values) & (self._all_known if known is None else known)
        column = int(np.argmax(wrong))
        return NonFiniteError(
            f"{self.title} was given {float(values[column])!r} as {self.names[column]!r}, but a finite value is needed; "
            "mask what is missing"
        )

    def snapshot(self) -> State:
        """The features' names and the packed state, its parameters included."""
        return State(scalars={"names": list(self.names)}, arrays={"state": self._state.copy()})

    def restore(self, state: State) -> None:
        """Take over a packed state; StateError when it is of other features or sizes."""
        saved = scalar(state, "names", list)
        if saved != list(self.names):
            raise StateError(f"a saved state of {self.title} is of the features {saved}, but {list(self.names)} are needed")
        packed = self._state.copy()
        take(packed, state, "state")
        fixed = [THRESHOLD, *range(HEADER, layout.CELLS), layout.EVERY]
        if not np.array_equal(packed[fixed], self._state[fixed]):
            raise StateError(
                f"a saved state of {self.title} has other parameters than this configuration; "
                "restore with the configuration that saved it"
            )
        self._state[...] = packed


class PSI(FeatureDetector):
    """The population stability index over ten bins, the deciles of the reference: the sum of (q - p) log(q / p).

    Custom calls an index below 0.1 small and one above 0.25 large, whatever the number of rows.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> detector = PSI(["a", "b"])
    >>> rows = rng.normal(size=(5_000, 2))
    >>> rows[4_000:, 1] += 1.0
    >>> np.flatnonzero(detector.update_many(rows)).tolist(), detector.changed
    ([4099], ('b',))

    References
    ----------
    Siddiqi (2006), "Credit risk scorecards", https://doi.org/10.1002/9781119201731; Yurdakul & Naranjo (2020), "Statistical
    properties of the population stability index", Journal of Risk Model Validation 14, https://doi.org/10.21314/JRMV.2020.227;
    Rao & Scott (1981), on dependent counts, JASA 76, https://doi.org/10.1080/01621459.1981.10477633
    """

    title = "PSI"
    exact = False


class KolmogorovSmirnov(FeatureDetector):
    """The largest distance between the distribution functions of the reference and of the newest rows, 0 to 1.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> detector = KolmogorovSmirnov(["a", "b"])
    >>> rows = rng.normal(size=(5_000, 2))
    >>> rows[4_000:, 1] += 1.0
    >>> np.flatnonzero(detector.update_many(rows)).tolist(), detector.changed
    ([4099], ('b',))

    References
    ----------
    Smirnov (1948), "Table for estimating the goodness of fit of empirical distributions", Annals of Mathematical Statistics 19,
    https://doi.org/10.1214/aoms/1177730256; Simes (1986), Biometrika 73, https://doi.org/10.1093/biomet/73.3.751
    """

    title = "Kolmogorov-Smirnov"
    exact = True


FEATURE_DETECTORS: dict[str, type[FeatureDetector]] = {"psi": PSI, "ks": KolmogorovSmirnov}


def holm(p_values: Rows) -> Rows:
    """Holm's adjusted p-values of ``p_values`` (n,): a test at any level errs in one or more of them no more often than that.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(p_values), 0, -1) * p_values[order]
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
