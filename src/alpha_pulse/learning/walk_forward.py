"""Walk-forward validation of a batch model: each fold is predicted by a model of the labels that were known before it.

Labels overlap and are known late, so the examples before a fold are not all used. *Purged* are those whose labels are known
only after the fold has begun: they would contain its prices. An *embargo* leaves out some more bars before the fold, because
neighbouring examples are alike.

Source: López de Prado (2018), Advances in Financial Machine Learning, chapter 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError
from alpha_pulse.learning.training import MIN_EXAMPLES, Examples, train
from alpha_pulse.metrics.definitions import exact_auc, log_losses
from alpha_pulse.metrics.intervals import Interval, mean_interval
from alpha_pulse.models.base import BatchModel, Row

Window = Literal["grow", "slide"]
MILLI = 1_000.0


class Dataset(msgspec.Struct, frozen=True):
    """The examples of a session in order, and of each the bar of its features, that of its label, and its market time (ns)."""

    session_id: str
    horizon: int
    examples: Examples
    served: NDArray[np.int64]
    known: NDArray[np.int64]
    times: NDArray[np.int64]


class Fold(msgspec.Struct, frozen=True):
    """One fold: how many examples were trained on, left out between, and predicted, and how well.

    ``skill`` is the log loss of the base rate of the training set minus that of the model, in mnat per label; ``interval`` its
    95 % interval. ``auc`` is null where only one class occurred.
    """

    number: int
    first_ts: int
    last_ts: int
    trained: int
    left_out: int
    predicted: int
    accuracy: float
    auc: float | None
    log_loss: float
    skill: float
    interval: Interval | None


class WalkForward(msgspec.Struct, frozen=True):
    """The folds of one session, and the skill over all of them."""

    session_id: str
    model: str
    window: str
    horizon: int
    embargo: int
    folds: list[Fold]
    skill: float
    interval: Interval | None


def splits(dataset: Dataset, folds: int, embargo: int) -> Iterator[tuple[int, int, int]]:
    """For each fold: how many examples may be trained on, and the first and the last place of those to predict.

    The examples are divided into ``folds + 1`` parts; the first one is only trained on.

    >>> served = np.arange(12)
    >>> dataset = Dataset("X/d", 2, Examples(np.zeros((12, 1)), served % 2, np.ones(12)), served, served + 2, served)
    >>> list(splits(dataset, 2, 0)), list(splits(dataset, 2, 1))
    ([(3, 4, 8), (7, 8, 12)], [(2, 4, 8), (6, 8, 12)])
    """
    n = len(dataset.examples)
    for fold in range(folds):
        first, last = (fold + 1) * n // (folds + 1), (fold + 2) * n // (folds + 1)
        # A label that is known at a bar is learned before that bar's prediction.
        yield int(dataset.known.searchsorted(dataset.served[first] - embargo, side="right")), first, last


def walk_forward(
    dataset: Dataset,
    model: str,
    make_model: Callable[[], BatchModel],
    *,
    folds: int,
    embargo: int,
    window: Window,
    most: int,
    seed: int = 1,
    on_fold: Callable[[int], object] = lambda _: None,
) -> WalkForward:
    """Train and predict fold by fold.

    Parameters
    ----------
    dataset
        Of a session.
    model, make_model
        The name of the model, and what makes a new one.
    folds
        At least 1.
    embargo
        Bars before a fold whose examples are left out, in addition to those that are purged.
    window
        ``grow``: all examples before the fold, evenly thinned to ``most``; ``slide``: the newest ``most``.
    most
        Examples of a training set, at most.
    seed
        Of the intervals.
    on_fold
        Called with the number of folds done.

    Raises
    ------
    DataError
        There are too few examples for so many folds.
    """
    found, gains = list[Fold](), list[Row]()
    for number, (known, first, last) in enumerate(splits(dataset, folds, embargo), 1):
        if known < MIN_EXAMPLES or last == first:
            raise DataError(
                f"{dataset.session_id} has {len(dataset.examples):,} labels, and fold {number} of {folds} would be trained on "
                f"{known:,}; at least {MIN_EXAMPLES} are needed, so give more bars or fewer --folds"
            )
        fold, gained = _fold(dataset, make_model, number, known, (first, last), window, most, seed)
        found.append(fold)
        gains.append(gained)
        on_fold(number)
    gained = np.concatenate(gains)
    return WalkForward(
        dataset.session_id, model, window, dataset.horizon, embargo, found, MILLI * float(gained.mean()),
        _interval(gained, dataset.horizon, seed),
    )  # fmt: skip


def _fold(
    dataset: Dataset, make_model: Callable[[], BatchModel], number: int, known: int, test: tuple[int, int], window: Window,
    most: int, seed: int,
) -> tuple[Fold, Row]:  # fmt: skip
    """One fold, and the gain over the base rate at each of its labels."""
    first, last = test
    kept = np.arange(max(0, known - most), known) if window == "slide" else _spread(known, most)
    training, tested, model = dataset.examples[kept], dataset.examples[slice(first, last)], make_model()
    trained = train(model, training)
    if trained.state is None:
        raise DataError(f"fold {number} of {dataset.session_id} cannot be trained: {trained.refused}")
    probabilities = np.array([model.predict(row) for row in tested.features])
    base = np.full(len(tested), training.labels.mean())
    losses = log_losses(probabilities, tested.labels == 1)
    gained = log_losses(base, tested.labels == 1) - losses
    return Fold(
        number=number,
        first_ts=int(dataset.times[first]),
        last_ts=int(dataset.times[last - 1]),
        trained=len(training),
        left_out=first - known,
        predicted=len(tested),
        accuracy=float(((probabilities >= 0.5) == (tested.labels == 1)).mean()),
        auc=exact_auc(probabilities, tested.labels == 1),
        log_loss=float(losses.mean()),
        skill=MILLI * float(gained.mean()),
        interval=_interval(gained, dataset.horizon, seed),
    ), gained


def _spread(n: int, most: int) -> NDArray[np.int64]:
    """At most ``most`` of the first ``n`` places, evenly spread, the newest among them."""
    return np.arange(n) if n <= most else n - 1 - (np.arange(most) * n // most)[::-1]


def _interval(gained: Row, horizon: int, seed: int) -> Interval | None:
    return mean_interval(MILLI * gained, seed, least_block=horizon)
