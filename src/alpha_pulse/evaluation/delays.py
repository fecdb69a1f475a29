"""When each label becomes known: at once, after a delay, at its own time, or never; a label may be revised later."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, DataError

Labels = NDArray[np.int64]
NOT_KNOWN = -1
LABELLED, PENDING, EXPIRED = range(3)


class Revision(msgspec.Struct, frozen=True):
    """From ``step`` on, the label of ``example`` is ``label``."""

    example: int
    step: int
    label: int


class Timeline(msgspec.Struct, frozen=True):
    """When labels become known, in the order in which models learn them: n examples, m labels and revisions of labels.

    Parameters
    ----------
    steps
        int64 of shape (m,), rising: the label is known after the prediction of this example and before the next one.
    examples, labels
        int64 of shape (m,): the example, and its label as known from this step on.
    before
        int64 of shape (m,): the label that this one replaces, or -1.
    final
        int64 of shape (n,): the label known at the end of the stream, which scores use; -1 if there is none.
    status
        int64 of shape (n,): `LABELLED`, `PENDING` or `EXPIRED`.
    horizon
        The longest delay until a label first becomes known, h: the label of example i is known when example i + h is
        predicted. Revisions may come later, so code that relies on h uses `first`.
    """

    steps: Labels
    examples: Labels
    labels: Labels
    before: Labels
    final: Labels
    status: Labels
    horizon: int

    @property
    def immediate(self) -> bool:
        """Whether each label is known before the next prediction and is never revised."""
        numbers = np.arange(len(self.final))
        return np.array_equal(self.examples, numbers) and np.array_equal(self.steps, numbers)

    @property
    def first(self) -> Labels:
        """The label of each example as it first became known, int64 of shape (n,); -1 if it never did."""
        first = self.before == NOT_KNOWN
        labels = np.full(len(self.final), NOT_KNOWN, dtype=np.int64)
        labels[self.examples[first]] = self.labels[first]
        return labels

    def counts(self) -> tuple[int, int, int]:
        """The numbers of labelled, pending and expired examples; their sum is the number of examples."""
        labelled, pending, expired = np.bincount(self.status, minlength=3).tolist()
        return labelled, pending, expired


def timeline(
    labels: Labels,
    delay: int = 0,
    *,
    arrivals: Labels | None = None,
    timeout: int | None = None,
    revisions: Sequence[Revision] = (),
) -> Timeline:
    """The timeline of the labels (n,) of a stream.

    Parameters
    ----------
    labels
        The labels as they first become known.
    delay
        Number of examples predicted between an example and its label; 0: the label is known before the next prediction.
    arrivals
        In place of ``delay``: int64 of shape (n,), the example after whose prediction each label becomes known. A number
        beyond the end leaves the example pending.
    timeout
        A label that arrives more than this many examples after its own is ignored; the example expires.
    revisions
        Labels that change later. A model learns each revision as one more example, with the features and the model outputs
        stored at the prediction; it does not unlearn the earlier label. Scores use the label known at the end.

    Raises
    ------
    ConfigError
        A negative delay or time-out.
    DataError
        An arrival before its example, a revision of a label that is not known yet, or a revision to a negative class.

    Examples
    --------
    >>> known = timeline(np.array([1, 0, 1, 1]), delay=2)
    >>> known.steps.tolist(), known.examples.tolist(), known.counts()
    ([2, 3], [0, 1], (2, 2, 0))
    """
    n = len(labels)
    if delay < 0 or (timeout is not None and timeout < 0):
        raise ConfigError(f"the delay of labels is {delay} and the time-out {timeout}; expected whole numbers from 0 on")
    numbers = np.arange(n, dtype=np.int64)
    known = numbers + min(delay, n) if arrivals is None else arrivals
    if known.shape != (n,) or (known < numbers).any():
        raise DataError(
            f"arrivals of shape {known.shape} were given for {n} labels; expected for each the number of an example that is "
            "not before its own"
        )
    status = np.where(known < n, LABELLED, PENDING)
    if timeout is not None:
        late = known - numbers > timeout
        status[late] = np.where(numbers[late] < n - 1 - timeout, EXPIRED, PENDING)
    first = np.flatnonzero(status == LABELLED)
    final = np.full(n, NOT_KNOWN, dtype=np.int64)
    final[first] = labels[first]
    taken, before = _revised(revisions, known, status, final)
    examples = np.concatenate([first, [revision.example for revision in taken]]).astype(np.int64)
    steps = np.concatenate([known[first], [revision.step for revision in taken]]).astype(np.int64)
    revealed = np.concatenate([labels[first], [revision.label for revision in taken]]).astype(np.int64)
    earlier = np.concatenate([np.full(len(first), NOT_KNOWN), before]).astype(np.int64)
    # Within a step the earlier example comes first, and a label before its revisions.
    order = np.lexsort((np.arange(len(steps)), examples, steps))
    horizon = int((steps - examples)[: len(first)].max(initial=0)) + 1
    return Timeline(steps[order], examples[order], revealed[order], earlier[order], final, status, horizon)


def _revised(
    revisions: Sequence[Revision], known: Labels, status: Labels, final: Labels
) -> tuple[list[Revision], list[int]]:  # fmt: skip
    """The revisions known by the end, in order, and the label that each replaces; updates ``final``."""
    n = len(final)
    taken: list[Revision] = []
    before: list[int] = []
    for revision in sorted(revisions, key=lambda revision: (revision.step, revision.example)):
        if revision.label < 0:
            raise DataError(
                f"the label of example {revision.example} was revised to {revision.label} at step {revision.step}; "
                "expected the number of a class, from 0 on"
            )
        if not 0 <= revision.example < n or revision.step < known[revision.example]:
            raise DataError(
                f"the label of example {revision.example} was revised at step {revision.step}, but was not known by then"
            )
        if status[revision.example] == LABELLED and revision.step < n:
            taken.append(revision)
            before.append(int(final[revision.example]))
            final[revision.example] = revision.label
    return taken, before
