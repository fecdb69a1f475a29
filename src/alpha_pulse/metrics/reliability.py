"""Calibration of probabilities: reliability bins, calibration errors, decomposition of the Brier score."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.calibration.reliability import CAME, COLUMNS, COUNT, HIGHEST, LOWEST, SAID, bin_sums, wilson
from alpha_pulse.models.base import Row

BINS = 10


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Labels whose probabilities lay from ``lowest`` to ``highest``; ``low`` and ``high`` bound the true proportion (95 %)."""

    count: int
    lowest: float
    highest: float
    mean_predicted: float
    observed: float
    low: float
    high: float


class ReliabilityTable(msgspec.Struct, frozen=True):
    """Bins of about equal counts, and the measures computed from them; None without labels.

    ``ece``: mean distance of observed proportion and mean probability, weighted by counts; ``largest_error``: the largest such
    distance. ``brier = reliability - resolution + uncertainty + within_bins``, the last term being the variation within bins.
    On n labels of equal probability a perfectly calibrated forecast has an ECE of about 0.4 sqrt(bins / n), not 0.
    """

    labels: int
    ece: float | None = None
    largest_error: float | None = None
    brier: float | None = None
    reliability: float | None = None
    resolution: float | None = None
    uncertainty: float | None = None
    within_bins: float | None = None
    bins: list[ReliabilityBin] = msgspec.field(default_factory=list)


def reliability_table(probabilities: Row, labels: NDArray[np.bool_], *, bins: int = BINS, horizon: int = 1) -> ReliabilityTable:
    """Compare stored probabilities with their labels.

    Parameters
    ----------
    probabilities
        float64 of shape (n,), as they were served; NaN without a prediction; these are left out.
    labels
        bool of shape (n,).
    bins
        Maximum number of bins, of about equal counts; equal probabilities stay together.
    horizon
        Bars over which labels overlap: n labels count as n / horizon in the bins' intervals (Wilson, 1927).

    Raises
    ------
    ConfigError
        No bins, or no horizon.
    DataError
        The arrays are of other shapes or types.

    Examples
    --------
    >>> table = reliability_table(np.array([0.2, 0.2, 0.8, 0.8]), np.array([False, False, True, False]), bins=2)
    >>> round(table.ece, 2), [bin.observed for bin in table.bins]
    (0.25, [0.0, 0.5])

    References
    ----------
    Murphy (1973), "A new vector partition of the probability score"; Stephenson, Coelho & Jolliffe (2008), "Two extra
    components in the Brier score decomposition"; Guo et al. (2017), "On calibration of modern neural networks".
    """
    if bins < 1 or horizon < 1:
        raise ConfigError(f"a reliability table of {bins} bins over a horizon of {horizon} bars; expected at least 1 of each")
    check_array("the probabilities", probabilities, (None,))
    check_array("the labels", labels, (len(probabilities),), np.bool_)
    known = ~np.isnan(probabilities)
    p, observed_labels = probabilities[known], labels[known].astype(np.float64)
    n = len(p)
    if n == 0:
        return ReliabilityTable(0)
    order = np.argsort(p, kind="stable")
    sums = np.zeros((bins, COLUMNS))
    sums = sums[: bin_sums(p[order], observed_labels[order], bins, sums)]
    share, predicted, observed = sums[:, COUNT] / n, sums[:, SAID] / sums[:, COUNT], sums[:, CAME] / sums[:, COUNT]
    base = float(observed_labels.mean())
    errors = np.abs(predicted - observed)
    brier = float(np.mean((p - observed_labels) ** 2))
    reliability = float(share @ errors**2)
    resolution = float(share @ (observed - base) ** 2)
    uncertainty = base * (1.0 - base)
    return ReliabilityTable(
        labels=n,
        ece=min(float(share @ errors), float(errors.max())),
        largest_error=float(errors.max()),
        brier=brier,
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        within_bins=brier - (reliability - resolution + uncertainty),
        bins=[
            ReliabilityBin(int(row[COUNT]), row[LOWEST], row[HIGHEST], mean, seen, *wilson(seen, row[COUNT] / horizon))
            for row, mean, seen in zip(sums.tolist(), predicted.tolist(), observed.tolist(), strict=True)
        ],
    )
