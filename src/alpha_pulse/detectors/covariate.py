"""Detectors of a change in the distribution of features: the newest window is compared with a reference, per feature and in
total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import ConfigError, NonFiniteError, StateError
from alpha_pulse.core.ranges import check_minimum, check_range
from alpha_pulse.core.stateful import State, scalar, take
from alpha_pulse.detectors.base import Detection
from alpha_pulse.kernels.detection import covariate_layout as layout
from alpha_pulse.kernels.detection.covariate import counts_as_test, covariate_step, covariate_steps
from alpha_pulse.kernels.detection.covariate_layout import covariate_state
from alpha_pulse.kernels.detection.detection import CHANGE, DRIFT, FLAG, HEADER, SCORE, SEEN, THRESHOLD, WARNING

Rows = NDArray[np.float64]
Known = NDArray[np.bool_]

OVERLAP = 4.0
"""Neighbouring comparisons share 4/5 of their rows, so this many count as one test. The value was chosen by simulation and is
conservative; `alpha_pulse.simulation.covariate_trials` shows the resulting rates.
"""
COMPARISONS = 5
"""Comparisons per window."""
SUREST = 0.5
"""The largest level."""


class FeatureDetector:
    """Compares the newest rows of features with a reference window, with a bounded rate of false alarms.

    The reference is filled first. Then the window of the newest rows is compared with it, feature by feature, every fifth of a
    window. The values of a feature depend on each other; the reference gives an estimate of the equivalent number of
    independent values. In simulations the rate of false alarms holds up to an autocorrelation of about .9, not beyond. Simes'
    rule combines the p-values into one; it is exact for independent tests and conservative for positively dependent ones.

    For a feature that is constant in the reference, the test is whether it has another value. Where half or more of a feature's
    newest values are missing, the fraction of missing values is tested. A feature that is missing in half or more of the
    reference is not tested until the next reference.

    Each drift is reported once. The rows since the change begin a new reference; the next comparison follows when it is full
    and one more window is.

    `Detection` concerns all features together: ``score`` is the statistic of the feature with the smallest p-value, and
    ``change_sample`` the estimated time of its change, which is never before the current window.

    Parameters
    ----------
    names
        One per feature.
    samples_per_false_alarm
        Rows per false alarm, 1,000 or more.
    reference, window
        Rows of the reference, and of the window that is compared with it.
    block
        Rows of a block of the reference, which has ten blocks or more. Dependence is estimated within blocks, and between
        neighbouring blocks as a first-order autoregression.

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
            raise ConfigError(f"the features of {self.title} are {self.names!r}; expected one or more different names")
        check_range(f"{self.title}'s samples_per_false_alarm", samples_per_false_alarm, 999.0, usual="10000")
        check_minimum(f"{self.title}'s block", block, 2, usual="50")
        check_minimum(f"{self.title}'s window", window, 50, usual="500")
        check_minimum(f"{self.title}'s reference", reference, 10 * block, usual="2000")
        if reference % block or window % COMPARISONS or window >= reference:
            raise ConfigError(
                f"{self.title}'s reference is {reference} rows, its window {window} and its block {block}; expected a "
                f"reference of whole blocks, and a window of a multiple of {COMPARISONS} rows that is shorter than it "
                "(usual: 2000, 500, 50)"
            )
        every = window // COMPARISONS
        self.level = min(OVERLAP * every / samples_per_false_alarm, SUREST)
        """A total p-value of at most this is a drift."""
        self._state = covariate_state(len(self.names), self.level, reference, window, block, every, exact=self.exact)
        self._all_known = np.ones(len(self.names), dtype=np.bool_)

    @property
    def last(self) -> Detection:
        """The result for the newest row; before the first row, no drift and ``sample`` 0."""
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
        """The state itself, for kernels that work on it, with the layout of
        `alpha_pulse.kernels.detection.covariate_layout`."""
        return self._state

    def _column(self, column: int) -> Rows:
        return layout.table_of(self._state)[:, column].copy()

    @property
    def statistics(self) -> Rows:
        """Statistic of each feature at the newest comparison, (d,); 0 where it was not tested."""
        return self._column(layout.STATISTIC)

    @property
    def p_values(self) -> Rows:
        """P-value of each feature at the newest comparison, (d,), not adjusted; 1 where it was not tested."""
        return self._column(layout.P_VALUE)

    @property
    def changed(self) -> tuple[str, ...]:
        """The features that changed, by the newest comparison, the smallest p-value first; empty without a drift.

        The first is listed because the total p-value was a drift. The others are listed because Holm's rule rejects them at
        `level`.
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
        """Which features can be tested with the current reference, (d,)."""
        known: Known = self._column(layout.COUNT) > 0.0
        return known

    @property
    def p_value(self) -> float:
        """P-value of all features together at the newest comparison; 1 before the first."""
        return float(self._state[layout.TOTAL_P])

    @property
    def comparisons(self) -> int:
        """Number of comparisons."""
        return int(self._state[layout.COMPARED])

    def update(self, values: Rows, known: Known | None = None) -> bool:
        """Process a row ``values`` (d,), of which only those ``known`` (d,) count; True for a drift.

        Raises
        ------
        NonFiniteError
            A known value is not finite; the state does not change.
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
        """Process rows ``values`` (n, d) one by one; whether each gave a drift, (n,). Bit-equal to the same calls of `update`.

        Raises NonFiniteError, and processes none, when a known value is not finite; DataError for other shapes or types.
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
            f"{self.names[column]!r} for {self.title} is {float(values[column])!r}; expected a finite value; "
            "mask missing values"
        )

    def snapshot(self) -> State:
        """The names of the features and the packed state, including its parameters."""
        return State(scalars={"names": list(self.names)}, arrays={"state": self._state.copy()})

    def restore(self, state: State) -> None:
        """Restore a packed state. Raises StateError for other features or parameters."""
        saved = scalar(state, "names", list)
        if saved != list(self.names):
            raise StateError(f"a saved state of {self.title} has the features {saved}; expected {list(self.names)}")
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

    By convention an index below 0.1 is small and one above 0.25 is large, whatever the number of rows.

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
    """Holm's adjusted p-values of ``p_values`` (n,), which control the family-wise error rate.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(p_values), 0, -1) * p_values[order]
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
