"""The slow obvious twins of the detectors of changed features: everything from all rows, at every comparison."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]  # SciPy has no types

Rows = NDArray[np.float64]
BINS = 10


def edges(known: Rows) -> Rows:
    """Upper ends of all bins but the last: the deciles that differ from each other and from the largest value, or the value
    next to the largest.
    """
    ordered = np.sort(known)
    found = {float(ordered[max(k * len(ordered) // BINS - 1, 0)]) for k in range(1, BINS)}
    return np.array(sorted(found - {float(ordered[-1])}) or [float(ordered[ordered < ordered[-1]].max())])


def binned(ends: Rows, values: Rows) -> Rows:
    """How many of the known values lie in each bin."""
    return np.bincount(np.searchsorted(ends, values[~np.isnan(values)]), minlength=len(ends) + 1).astype(float)


def unseen(block: int, window: int) -> float:
    """The design effect of what the reference never shows."""
    return max(min(float(block), window / 10.0), 1.0)


class Counted:
    """How often marks (n,) of 0 and 1 are 1, and the design effect of that."""

    def __init__(self, marks: Rows, block: int, window: int) -> None:
        self.counts = np.array([len(marks) - marks.sum(), marks.sum()])
        self.effect = unseen(block, window)
        if marks.any() and not marks.all():
            pieces = marks.reshape(-1, block).sum(axis=1)
            gaps = pieces - pieces.mean()
            blocks, p = len(pieces), marks.mean()
            alike = (gaps**2).sum() * (1 / self.counts[0] + 1 / self.counts[1]) < 1e-9
            r = 0.0 if alike else (gaps[1:] * gaps[:-1]).sum() / (gaps**2).sum()
            r = 0.0 if alike else min(max(r + (1 + 3 * r) / blocks, 0.0), 0.9)
            plain = (gaps**2).sum() * blocks / (blocks - 1) / (len(marks) * p * (1 - p))
            self.effect = max((1 + r) / (1 - r) * float(plain), 1 / block)


class Reference:
    """What one feature's reference says, of ``column`` (n,) with NaN where a value is missing."""

    def __init__(self, column: Rows, block: int, window: int) -> None:
        self.known = column[~np.isnan(column)]
        self.judged = 2 * len(self.known) > len(column)
        self.constant = self.judged and len(set(self.known.tolist())) == 1
        self.missing = Counted(np.isnan(column).astype(float), block, window)
        self.noise = len(column) / block - 1.0
        if not self.judged:
            return
        if self.constant:
            value = self.known[0]
            self.edges = np.array([np.nextafter(value, -np.inf), value])
            self.shares = np.array([0.0, float(len(self.known)), 0.0])
            self.largest = self.steps = unseen(block, window)
            self.freedom = 2.0
            return
        self.edges = edges(self.known)
        self.shares = binned(self.edges, column)
        pieces = column.reshape(-1, block)
        counts = np.array([binned(self.edges, piece) for piece in pieces])
        gaps = counts - np.outer(counts.sum(axis=1), self.shares / self.shares.sum())
        blocks, n = len(pieces), len(self.known)
        wide = gaps / np.sqrt(self.shares)
        alike = (wide**2).sum() < 1e-9
        r = 0.0 if alike else (wide[1:] * wide[:-1]).sum() / (wide**2).sum()
        r = 0.0 if alike else min(max(r + (1 + 3 * r) / blocks, 0.0), 0.9)
        kept, free = (1 + r) / (1 - r), blocks / (blocks - 1)
        p = self.shares / n
        ranks = np.cumsum(p) - 0.5 * p - 0.5
        effects = [free * float((wide**2).sum()) / (len(p) - 1)]
        for scores in (ranks, np.abs(ranks)):
            variance = float((scores**2) @ p - (scores @ p) ** 2)
            if variance >= 1e-9:
                effects.append(free * float(((gaps @ scores) ** 2).sum()) / (n * variance))
        self.largest = max(kept * max(effects), 1 / block)
        self.freedom = (len(p) - 1) * (1.0 if alike else effects[0] / max(effects))
        below = np.cumsum(p)[:-1]
        steps = kept * free * float((np.cumsum(gaps, axis=1)[:, :-1] ** 2).sum()) / (n * float((below * (1 - below)).sum()))
        self.steps = max(steps, 1 / block)


def psi(old: Rows, new: Rows, prior: float) -> float:
    """The population stability index."""
    p, q = (old + prior) / (old + prior).sum(), (new + prior) / (new + prior).sum()
    return float(((q - p) * np.log(q / p)).sum())


def compared(reference: Reference, column: Rows, *, exact: bool) -> tuple[float, float]:
    """(statistic, p-value) of a feature."""
    now = column[~np.isnan(column)]
    if not reference.judged or (reference.constant and (now == reference.known[0]).all() and 2 * len(now) > len(column)):
        return 0.0, 1.0
    if 2 * len(now) <= len(column):
        old, new, effect = reference.missing.counts, np.array([len(now), len(column) - len(now)]), reference.missing.effect
        size = old.sum() * new.sum() / (old.sum() + new.sum())
        scaled = psi(old, new, 0.5 * effect) * size / effect
        shares = abs(new[1] / new.sum() - old[1] / old.sum())
        return float(shares) if exact else psi(old, new, 0.5), float(stats.f.sf(scaled, 1.0, 4 * reference.noise))
    n, m = len(reference.known), len(now)
    if reference.constant:
        counts, effect = binned(reference.edges, column), reference.largest
        scaled = psi(reference.shares, counts, 0.5 * effect) * n * m / (n + m) / effect
        p = float(stats.f.sf(scaled / 2.0, 2.0, 4 * reference.noise))
        return (1.0 - counts[1] / m if exact else psi(reference.shares, counts, 0.5)), p
    size = n * m / (n + m)
    if exact:
        distance = float(stats.ks_2samp(reference.known, now, method="asymp").statistic)
        z, noise = distance * math.sqrt(size / reference.steps), reference.noise
        terms = [(-1) ** (j - 1) * (1 + 4 * (j * z) ** 2 / noise) ** (-noise / 2) for j in range(1, 101)]
        return distance, min(max(2 * sum(terms), 0.0), 1.0) if z > 0.2 else 1.0
    counts = binned(reference.edges, column)
    scaled = psi(reference.shares, counts, 0.5 * reference.largest) * size / reference.largest
    p = stats.f.sf(scaled / reference.freedom, reference.freedom, 4 * reference.noise)
    return psi(reference.shares, counts, 0.5), float(p)


def simes(p_values: list[float]) -> float:
    """One p-value of several."""
    return min([1.0, *(len(p_values) * p / k for k, p in enumerate(sorted(p_values), 1))])


def before_change(reference: Reference, column: Rows) -> int:
    """Rows of the window before its likeliest change."""
    if 2 * np.isnan(column).sum() >= len(column):
        old, ends, column = reference.missing.counts + 0.5, np.array([0.5]), np.isnan(column).astype(float)
    else:
        old, ends = reference.shares + 0.5, reference.edges
    before = 0
    for _ in range(4):
        counts = binned(ends, column[before:]) + 0.5
        gains = np.log(counts / counts.sum()) - np.log(old / old.sum())
        found = [0.0]
        for value in column[:-1]:
            found.append(found[-1] + (0.0 if np.isnan(value) else float(gains[np.searchsorted(ends, value)])))
        before = int(np.argmin(np.round(found, 8)))
    return before


def detections(
    rows: Rows, level: float, reference: int, window: int, block: int, *, exact: bool
) -> tuple[list[tuple[int, int, int]], list[tuple[Rows, Rows]]]:
    """For ``rows`` (n, d), NaN where missing: (row, worst feature, rows before the change) of each drift, and statistics and
    p-values of each comparison.
    """
    drifts, told, start = [], [], 0
    references: list[Reference] = []
    for at in range(1, len(rows) + 1):
        if at - start == reference:
            references = [Reference(column, block, window) for column in rows[start:at].T]
        current = at - start - reference
        if current < window or current % (window // 5):
            continue
        newest = rows[at - window : at]
        found = [compared(one, column, exact=exact) for one, column in zip(references, newest.T, strict=True)]
        told.append((np.array([f[0] for f in found]), np.array([f[1] for f in found])))
        judged = [
            (found[j][1], -found[j][0], j)
            for j, one in enumerate(references)
            if one.judged and not (one.constant and found[j][0] == 0.0)
        ]
        if judged and simes([p for p, _, _ in judged]) <= level:
            worst = min(judged)[2]
            start = at - window + before_change(references[worst], newest[:, worst])
            drifts.append((at - 1, worst, start))
    return drifts, told
