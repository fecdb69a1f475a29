"""One learning session: the model of one (symbol, target), its pending predictions, its scores, and its trial if one runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import NonFiniteError, SessionError
from alpha_pulse.core.stateful import State, take_all
from alpha_pulse.core.types import Example, FeatureVector, Missing
from alpha_pulse.kernels.base import baselines, scores
from alpha_pulse.kernels.base.scores import BASE, LABEL, LAST_KNOWN, NO_CHANGE, ONLINE, SERVED
from alpha_pulse.kernels.mixing.ensemble import ADAPTED, CONTROL, RAW_ONLINE, ROW
from alpha_pulse.kernels.session import layout
from alpha_pulse.kernels.session.layout import GOOD_STATE_EVERY
from alpha_pulse.kernels.session.target import note_age
from alpha_pulse.learning.pending import Pending, PendingPrediction
from alpha_pulse.learning.pending_ring import PendingRing
from alpha_pulse.learning.trial import Trial, TrialResult
from alpha_pulse.metrics.comparison import PairedComparison
from alpha_pulse.models.base import OnlineModel, Row


@runtime_checkable
class Recoverable(Protocol):
    """A model that recovers from its own errors. ``failure`` is the reason when it has no probability, else empty.

    While it recovers (``warming_up``) it is left out for that reason, and its last good state is not restored.
    """

    failure: str

    @property
    def warming_up(self) -> bool:
        """Whether it predicts no probability until it has seen enough new labels."""
        ...


class SessionSpec(msgspec.Struct, frozen=True):
    """The fixed properties of a session. A target uses the first ``n_features`` values of the schema.

    ``horizon`` is the number of steps (bars) until the label, ``window`` the number of labels in the sliding scores.
    ``ordered``: each prediction gets one label, ``horizon`` steps later; the labels of trades come when their lots are closed.
    """

    symbol: str
    target: str
    model_type: str
    horizon: int
    n_features: int
    window: int
    ordered: bool = True

    @property
    def session_id(self) -> str:
        """``symbol/target``."""
        return f"{self.symbol}/{self.target}"


class ScoredPrediction(msgspec.Struct, gc=False):
    """A stored prediction with its label: the input of stages 2 to 4.

    ``values`` is its row of probabilities, laid out as in `kernels.mixing.ensemble`. ``trial`` contains the probabilities of
    the adapted model and of its control if the label counted for a trial; else it is empty.
    """

    session: Session
    example: Example
    values: list[float]
    trial: list[float]

    @property
    def scores(self) -> list[float]:
        """The journaled part: members, label, last known label, and the online model's probability before calibration."""
        return self.values[: RAW_ONLINE + 1]


class Session:
    """Predicts and stores; when the label comes, scores the stored prediction and learns from the stored features.

    Parameters
    ----------
    spec
        Symbol, target, horizon and sizes.
    make_model
        Builds a fresh model of the session's kind; also used for the control of a trial.
    engine_owned
        Whether the pipeline serves this session and provides its labels. Otherwise its caller does, and the session computes
        its own baselines.

    References
    ----------
    Scoring before learning (prequential evaluation): Dawid (1984), Statistical theory: the prequential approach, JRSS A 147(2).
    Labels that come late: Joulani, György and Szepesvári (2013), Online learning under delayed feedback, ICML.
    """

    def __init__(self, spec: SessionSpec, make_model: Callable[[], OnlineModel], *, engine_owned: bool = False) -> None:
        self.spec = spec
        self.session_id = spec.session_id
        self.model = make_model()
        self._make_model = make_model
        self._width = spec.n_features
        self._n_outputs = self.model.n_outputs
        self._scratch: Row = np.zeros(self._n_outputs)
        self.head: NDArray[np.int64] = np.zeros(layout.HEAD, dtype=np.int64)
        """Counters; see `alpha_pulse.kernels.session.layout`."""
        self.pending: PendingRing | Pending = Pending(spec.n_features, self._n_outputs)
        """The predictions that wait for their labels: of a target of the run in a ring, else by id."""
        if engine_owned and spec.ordered:
            self.pending = PendingRing(self.session_id, spec.horizon, spec.n_features, self._n_outputs, self.head)
        self.scores: Row = np.zeros(scores.size(spec.window))
        self.scores[scores.WINDOW] = spec.window
        self._baselines: Row = np.zeros(baselines.SIZE)
        baselines.start(self._baselines, 0)
        self.engine_owned = engine_owned
        self.against_base = PairedComparison(spec.horizon) if spec.ordered else None
        """What was served (first) and the base rate (second), by their squared errors; None where labels have no order."""
        self._good: State | None = None
        self.trial: Trial | None = None

    @property
    def waiting(self) -> Pending:
        """The predictions of a session whose examples come from its caller; they are labelled by id."""
        assert isinstance(self.pending, Pending)
        return self.pending

    @property
    def ring(self) -> PendingRing:
        """The predictions of a target of the run, which are labelled in order."""
        assert isinstance(self.pending, PendingRing)
        return self.pending

    @property
    def labels_used(self) -> int:
        """Labels that the model learned."""
        return int(self.head[layout.LABELS_USED])

    @property
    def ties(self) -> int:
        """Labels that were ties, which are neither scored nor learned."""
        return int(self.head[layout.TIES])

    @property
    def quarantines(self) -> int:
        """The number of times that the model diverged and its last good state was restored."""
        return int(self.head[layout.QUARANTINES])

    @property
    def last_label_ts(self) -> int:
        """Market time (ns) of the newest label that was learned; 0 before any."""
        return int(self.head[layout.LAST_LABEL_TS])

    def predict(self, prediction_id: str, features: FeatureVector) -> tuple[PendingPrediction, Missing | None]:
        """Predict, and store the prediction under its id until its label comes.

        Returns
        -------
        tuple
            The stored prediction, with the online model's probability in its row (NaN without one), and why the online model is
            missing, or None.

        Raises
        ------
        NonFiniteError
            A feature is not finite.
        SessionError
            The id is pending already.
        """
        stored = features.values
        if len(stored) != self._width:
            stored = stored[: self._width]
        if not np.isfinite(stored).all():
            raise NonFiniteError(f"the features of prediction {prediction_id!r} are not finite; mask missing values")
        row = np.empty(ROW)
        row.fill(math.nan)
        pending = PendingPrediction(stored, np.empty(self._n_outputs), row)
        self.waiting.add(prediction_id, pending)
        missing = self.call_model(stored, pending.outputs, row)
        if self.trial is not None:
            pending.control_outputs = np.empty(self._n_outputs)
            self.call_control(self.trial, stored, pending.control_outputs, row)
            if not math.isnan(row[RAW_ONLINE]):
                missing = None
        note_age(self.head, features.ts)
        return pending, missing

    def call_model(self, features: Row, outputs: Row, row: Row) -> Missing | None:
        """Let the model predict into ``row`` and ``outputs``; returns why it is missing, or None."""
        probability = self.model.predict(features, outputs)
        if 0.0 <= probability <= 1.0:
            row[RAW_ONLINE] = probability
            return None
        if isinstance(self.model, Recoverable) and self.model.failure:
            return Missing(self.spec.model_type, self.model.failure)
        return self.quarantine()

    def call_control(self, trial: Trial, features: Row, outputs: Row, row: Row) -> None:
        """Let the control of a trial predict, and mix its probability with the adapted model's."""
        row[ADAPTED] = row[RAW_ONLINE]
        control = trial.control.predict(features, outputs)
        row[CONTROL] = control if 0.0 <= control <= 1.0 else math.nan
        row[RAW_ONLINE] = trial.mix(float(row[ADAPTED]), float(row[CONTROL]))

    def predict_alone(self, prediction_id: str, features: FeatureVector) -> float:
        """Predict for a session whose examples come from its caller. The online model alone is served, and the base rate until
        the model has a probability.

        Base rate and no-change are stored too, as baselines of the scores. Returns P(label = 1).
        """
        pending, _ = self.predict(prediction_id, features)
        self.drop_excess()
        row, base = pending.row, baselines.base_rate(self._baselines, 0)
        row[ONLINE] = row[RAW_ONLINE]
        row[SERVED] = base if math.isnan(row[RAW_ONLINE]) else row[RAW_ONLINE]
        row[BASE], row[NO_CHANGE] = base, baselines.no_change(self._baselines, 0)
        row[LAST_KNOWN] = baselines.last_known(self._baselines, 0)
        return float(row[SERVED])

    def query(self, features: Row) -> float:
        """P(label = 1) by the online model alone; nothing is stored or counted. Raises SessionError for a row of another
        length."""
        self.check_width(features)
        return self.model.predict(features, self._scratch)

    def check_width(self, features: Row) -> None:
        """Raise SessionError for a row of another length."""
        if len(features) != self._width or features.ndim != 1:
            raise SessionError(f"session {self.session_id} expects {self._width} features, got {features.size}; see the schema")

    def apply_label(self, example: Example, *, keep: bool = False) -> ScoredPrediction | None:
        """Join a label to its stored prediction by id, score the prediction, then learn.

        Parameters
        ----------
        example
            The label: 0, 1 or None for a tie, with its time and weight.
        keep
            Leave the prediction pending: one signal may close several lots.

        Returns
        -------
        ScoredPrediction or None
            None for a tie, which is only counted, and for weight 0, which changes no model, score or monitor.

        Raises
        ------
        SessionError
            No prediction is pending under the id.
        """
        pending = self.waiting.get(example.prediction_id) if keep else self.waiting.pop(example.prediction_id)
        label = example.label
        if label is None:
            self.head[layout.TIES] += 1
            return None
        if example.weight == 0.0:
            return None
        row, features = pending.row, pending.features
        row[LABEL] = label
        scores.step(self.scores, row)
        values: list[float] = row.tolist()
        if self.against_base is not None and values[SERVED] == values[SERVED]:
            first, second = values[SERVED] - label, values[BASE] - label
            self.against_base.update(first * first, second * second)  # as the loop does; a power may differ in the last bit
        trial_probabilities: list[float] = []
        if self.trial is not None:
            trial_probabilities = self._learn_trial(self.trial, pending, label, example.weight, values)
        self.model.learn(features, label, example.weight, pending.outputs)
        if not self.engine_owned:
            baselines.learn(self._baselines, 0, label, values[LAST_KNOWN], 1.0)
        self.head[layout.LABELS_USED] += 1
        self.head[layout.LAST_LABEL_TS] = example.label_ts
        self.check_health_if_due()
        return ScoredPrediction(self, example, values, trial_probabilities)

    def drop(self, prediction_id: str) -> None:
        """Drop a pending prediction that will get no label."""
        self.waiting.pop(prediction_id)

    def drop_excess(self) -> None:
        """Drop the oldest pending predictions of a caller, so that `alpha_pulse.learning.pending.MAX_PENDING` are left."""
        for prediction_id in self.waiting.excess:
            self.drop(prediction_id)

    def check_health_if_due(self) -> None:
        """Every `GOOD_STATE_EVERY` labels outside of trials: save the state of a healthy model as the last good state.

        The last good state of an unhealthy model is restored, unless the model recovers by itself.
        """
        if self.labels_used % GOOD_STATE_EVERY or self.trial is not None:
            return
        if self.model.healthy():
            self._good = self.model.snapshot()
        elif isinstance(self.model, Recoverable) and self.model.warming_up:
            return
        else:
            self.quarantine()

    def _last_good(self) -> State:
        """The last good state: until one is saved, that of a fresh model."""
        return self._make_model().snapshot() if self._good is None else self._good

    def quarantine(self) -> Missing:
        """Restore the last good state of a model that has diverged; returns why it is missing."""
        self.head[layout.QUARANTINES] += 1
        self.model.restore(self._last_good())
        return Missing(
            self.spec.model_type, "quarantined: it diverged; its last good state is restored and serves from the next step"
        )

    # A trial: the adapted model and a control, the model as it was, learn the same examples and serve as a mixture.

    def begin_trial(self, *, boost: float | None) -> None:
        """Adapt: learn ``boost`` times faster, or reset if it is None. A copy of the unchanged model is the control."""
        if self.trial is not None:
            raise SessionError(f"session {self.session_id} is in a trial already, which ends by itself")
        control = self._make_model()
        control.restore(self.model.snapshot())
        self.trial = Trial(control, self.spec.horizon)
        if boost is None:
            self.model.reset()
        else:
            self.model.set_boost(boost)

    @property
    def in_trial(self) -> bool:
        """Whether an adaptation is being compared with its control."""
        return self.trial is not None

    @property
    def trial_samples(self) -> int:
        """Labels on which the adapted model and its control were compared."""
        return 0 if self.trial is None else self.trial.samples

    def _learn_trial(
        self, trial: Trial, pending: PendingPrediction, label: int, weight: float, values: list[float]
    ) -> list[float]:
        """Compare the two stored predictions, where both exist, and let the control learn; returns the two probabilities."""
        outputs, compared = pending.control_outputs, list[float]()
        if outputs is None:
            outputs = pending.outputs
        else:
            compared = values[ADAPTED : CONTROL + 1]
            trial.compare(values[ADAPTED], values[CONTROL], label)
        trial.control.learn(pending.features, label, weight, outputs)
        return compared

    def end_trial(self) -> TrialResult:
        """End the trial: accept the adapted model if its saving is significant, else roll back to the control."""
        trial = self.trial
        if trial is None:
            raise SessionError(f"session {self.session_id} is in no trial; begin one first")
        result = trial.result()
        if result.accepted:
            self.model.set_boost(1.0)
        else:
            self.model = trial.control
        self.pending.end_control(keep=result.accepted)
        self.trial = None
        return result

    @property
    def age_ns(self) -> tuple[float | None, int | None]:
        """Mean and largest market time (ns) from a model's newest label to its prediction; None before any label."""
        count, seconds, rest, largest = self.head[layout.AGES : layout.AGES + 4].tolist()
        return ((seconds * SECOND_NS + rest) / count, largest) if count else (None, None)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        states = {"model": self.model.snapshot(), "good": self._last_good(), "pending": self.pending.snapshot()}
        if self.against_base is not None:
            states["against_base"] = self.against_base.snapshot()
        if self.trial is not None:
            states["trial"] = self.trial.snapshot()
        arrays = {f"{name}/{key}": array for name, state in states.items() for key, array in state.arrays.items()}
        arrays |= {name: array.copy() for name, array in self._arrays().items()}
        return State({"nested": {name: state.scalars for name, state in states.items()}}, arrays)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"head": self.head, "scores": self.scores, "baselines": self._baselines}

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        nested = {
            name: State(scalars, {k.partition("/")[2]: a for k, a in state.arrays.items() if k.startswith(f"{name}/")})
            for name, scalars in state.scalars["nested"].items()
        }
        self.model.restore(nested["model"])
        self._good = nested["good"]
        self.pending.restore(nested["pending"])
        if self.against_base is not None:
            self.against_base.restore(nested["against_base"])
        self.trial = None
        if "trial" in nested:
            self.trial = Trial(self._make_model(), self.spec.horizon)
            self.trial.restore(nested["trial"])
        take_all(self._arrays(), state)
