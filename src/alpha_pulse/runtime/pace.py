"""How many slices are processed at once, by the time that the last ones took."""

from __future__ import annotations


def next_slices(slices: int, took_ns: int, budget_ns: int, most: int) -> int:
    """Double the number of slices while they take less than a third of the budget, and halve it above the budget.

    Parameters
    ----------
    slices, took_ns
        How many slices were processed, and the time that they took, ns.
    budget_ns
        The time that they should take at most, ns.
    most
        The largest number.

    >>> next_slices(8, 10, 100, 12), next_slices(8, 50, 100, 12), next_slices(8, 101, 100, 12), next_slices(1, 101, 100, 12)
    (12, 8, 4, 1)
    """
    if took_ns < budget_ns // 3:
        return min(2 * slices, most)
    return max(1, slices // 2) if took_ns > budget_ns else slices
