"""The baselines of every evaluation: no change, its opposite, the majority so far, the mean of the newest labels."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.evaluation.delays import NOT_KNOWN, Timeline
from alpha_pulse.metrics.batch import guesses

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


class Predictions(msgspec.Struct, frozen=True):
    """Class probabilities (n, classes) and the class predicted (n,), for every example of a stream."""

    probabilities: Floats
    guesses: Labels


class Baselines(msgspec.Struct, frozen=True):
    """The predictions of each baseline for every example, from the labels known when it was predicted.

    ``no_change`` predicts the last label known, that of the newest example whose label is known, with the fraction of
    labels that equalled it so far. ``opposite`` predicts the other class; it is None for more than two classes. ``majority``
    predicts the class frequencies of the labels so far, ``moving_average`` those of the newest labels as they first became
    known. All counts start at one label of each class.
    """

    no_change: Predictions
    opposite: Predictions | None
    majority: Predictions
    moving_average: Predictions

    def by_name(self) -> dict[str, Predictions | None]:
        """All baselines by name; None for one that is undefined."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def baselines(known: Timeline, classes: int, window: int) -> Baselines:
    """Every baseline over a stream of ``classes`` classes; ``window`` is the number of labels in the moving average.

    >>> from alpha_pulse.evaluation.delays import timeline
    >>> rules = baselines(timeline(np.array([1, 1, 0, 0])), classes=2, window=2)
    >>> rules.no_change.guesses.tolist(), rules.majority.probabilities[:, 1].round(2).tolist()
    ([1, 1, 1, 0], [0.5, 0.67, 0.75, 0.6])
    """
    n = len(known.final)
    # The number of events known when each example is predicted.
    seen = np.searchsorted(known.steps, np.arange(n), side="left")
    last = _last_known(known, seen)
    majority = _majority(known, seen, classes)
    moving = _moving_average(known, seen, classes, window)
    no_change = _no_change(known, seen, last, classes)
    repeated = np.where(last == NOT_KNOWN, guesses(no_change), last)
    opposite = Predictions(1.0 - no_change, 1 - repeated) if classes == 2 else None
    return Baselines(
        Predictions(no_change, repeated),
        opposite,
        Predictions(majority, guesses(majority)),
        Predictions(moving, guesses(moving)),
    )


def _last_known(known: Timeline, seen: Labels) -> Labels:
    """The label of the newest example whose label is known, (n,); -1 before any is."""
    numbers = np.arange(len(known.steps))
    newest = np.maximum.accumulate(known.examples) if len(numbers) else known.examples
    row_of_newest = np.maximum.accumulate(np.where(known.examples == newest, numbers, 0)) if len(numbers) else numbers
    after = np.concatenate([[NOT_KNOWN], known.labels[row_of_newest]])
    return after[seen]


def _shares(counts: Floats) -> Floats:
    """Shares (n, classes) of counts, with one label of each class added (Laplace smoothing)."""
    shares: Floats = (counts + 1.0) / (counts.sum(axis=1, keepdims=True) + counts.shape[1])
    return shares


def _running(steps: Floats) -> Floats:
    """Sums of the first 0, 1, 2 ... rows."""
    return np.concatenate([np.zeros((1, *steps.shape[1:])), np.cumsum(steps, axis=0)])


def _majority(known: Timeline, seen: Labels, classes: int) -> Floats:
    change = np.zeros((len(known.steps), classes))
    numbers = np.arange(len(change))
    change[numbers, known.labels] += 1.0
    revised = known.before != NOT_KNOWN
    change[numbers[revised], known.before[revised]] -= 1.0
    return _shares(_running(change)[seen])


def _moving_average(known: Timeline, seen: Labels, classes: int, window: int) -> Floats:
    first = known.before == NOT_KNOWN
    came = np.zeros((int(first.sum()), classes))
    came[np.arange(len(came)), known.labels[first]] = 1.0
    sums = _running(came)
    until = np.concatenate([[0], np.cumsum(first)])[seen]
    return _shares(sums[until] - sums[np.maximum(until - window, 0)])


def _no_change(known: Timeline, seen: Labels, last: Labels, classes: int) -> Floats:
    """As `kernels.base.baselines.no_change`, for any number of classes: the others share the remaining probability equally."""
    at_prediction = last[known.examples]
    first = known.before == NOT_KNOWN
    chance = first & (at_prediction != NOT_KNOWN)
    repeat = (at_prediction == known.labels).astype(np.float64) - ((at_prediction == known.before) & ~first)
    repeat[at_prediction == NOT_KNOWN] = 0.0
    chances, repeats = _running(chance.astype(np.float64))[seen], _running(repeat)[seen]
    share = (repeats + 1.0) / (chances + classes)
    out = np.repeat(((1.0 - share) / (classes - 1))[:, None], classes, axis=1)
    defined = np.flatnonzero(last != NOT_KNOWN)
    out[defined, last[defined]] = share[defined]
    out[last == NOT_KNOWN] = 1.0 / classes
    return out
