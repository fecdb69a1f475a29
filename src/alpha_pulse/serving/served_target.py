"""One served (symbol, target): its session and its members."""

from __future__ import annotations

from math import isnan

import numpy as np

from alpha_pulse.core.types import FeatureVector, Missing, Prediction
from alpha_pulse.kernels.base.scores import BATCH, LABEL, ONLINE
from alpha_pulse.kernels.mixing.ensemble import N_MIXED, PROBABILITIES, RAW_BATCH, RAW_ONLINE, ROW
from alpha_pulse.learning.session import ScoredPrediction, Session
from alpha_pulse.learning.training import BatchMember
from alpha_pulse.models.base import Row
from alpha_pulse.models.calibration import Calibrator
from alpha_pulse.serving.further_members import FurtherMembers
from alpha_pulse.serving.member_mix import MemberMix
from alpha_pulse.serving.predictions import ServedBy, ServedRow, Serving, make_prediction

CALIBRATED = (("online", RAW_ONLINE, ONLINE), ("batch", RAW_BATCH, BATCH))
"""Members that are calibrated before they are mixed: name, place of the raw probability, place of the calibrated one."""


class ServedTarget:
    """One (symbol, target): its session, its batch member if any, its mixture, and the newest prediction.

    ``calibrators`` replace those of the mixture, for the online and the batch member; empty for the built-in ones.
    ``further`` are the challengers.
    """

    def __init__(
        self,
        session: Session,
        batch: BatchMember | None,
        mix: MemberMix,
        calibrators: list[Calibrator],
        further: FurtherMembers,
    ) -> None:
        self.session = session
        self.batch = batch
        self.mix = mix
        self.calibrators = calibrators
        self.further = further
        self._served: ServedRow | None = None
        self._newest: Prediction | None = None
        self._of_step: Prediction | None = None
        self._callers_threshold: float | None = None
        self._count = 0

    def serve(self, row: ServedRow) -> None:
        """Note the newest prediction; it is made when somebody asks for it."""
        self._served, self._newest = row, None

    @property
    def newest(self) -> Prediction | None:
        """The newest prediction that was served by this process."""
        if self._newest is None and self._served is not None:
            served = self._served
            self._newest = self.prediction(f"{self.session.session_id}/{served.number}", served.serving, served.online)
        return self._newest

    def of_step(self, ts: int) -> Prediction | None:
        """The prediction of the step at ``ts``, if that is the newest step; plain numbers of a caller are none."""
        newest = self._of_step if self._served is None else self.newest
        return newest if newest is not None and newest.ts == ts else None

    @property
    def threshold(self) -> float | None:
        """The threshold of the confidence when the newest prediction was served."""
        return self._callers_threshold if self._served is None else self._served.threshold

    def query(self, features: Row, ts: int) -> Serving:
        """Serve ``features`` without storing anything."""
        row: Row = np.full(ROW, np.nan)
        row[RAW_ONLINE] = self.session.query(features)
        return self._mixed(row, features, ts, ts)

    def serve_caller(self, features: FeatureVector, *, is_step: bool) -> Prediction:
        """Serve a caller's session: the prediction waits for its label, see `Session.drop_excess`.

        With ``is_step`` it is the prediction of the step at the time of ``features``, see `of_step`.
        """
        self._count += 1
        prediction_id = f"{self.session.session_id}/{self._count}"
        pending, missing = self.session.predict(prediction_id, features)
        self.session.drop_excess()
        served = self._mixed(pending.row, pending.features, features.ts, self._count)
        newest = self.prediction(prediction_id, served, missing)
        self._newest, self._callers_threshold = newest, served.threshold
        if is_step:
            self._of_step = newest
        return newest

    def learn(self, scored: ScoredPrediction) -> None:
        """Learn from the label of a caller's prediction: mixture, calibration and confidence."""
        row = np.array(scored.values)
        for calibrator, (_, raw, _) in zip(self.calibrators, CALIBRATED, strict=False):
            if not isnan(row[raw]):
                calibrator.learn(float(row[raw]), int(row[LABEL]))
        number = scored.example.prediction_id.rpartition("/")[2]
        self.mix.update(row, int(number) if number.isdecimal() else 0)

    def _mixed(self, row: Row, features: Row, ts: int, step: int) -> Serving:
        """Complete a row that contains the online model's probability: batch member, calibration, mixture."""
        status = None if self.batch is None else self.batch.status
        if self.batch is not None and self.batch.status.missing(ts) is None:
            row[RAW_BATCH] = self.batch.predict(features)
        for calibrator, (_, raw, place) in zip(self.calibrators, CALIBRATED, strict=False):
            if not isnan(row[raw]):
                row[place] = calibrator.calibrate(float(row[raw]))
        session, mixed = self.session, self.mix.mixed
        mixed[PROBABILITIES, N_MIXED:] = self.further.query(features)
        values = self.mix.mix(row, step)
        further = list(zip(*mixed[:, N_MIXED:].tolist(), self.further.labels_used, strict=True))
        return Serving(ts, values, self.mix.threshold, session.labels_used, session.last_label_ts, status, further)

    def prediction(self, prediction_id: str, at: Serving, online: Missing | None) -> Prediction:
        """The prediction that was served; ``online`` is why the online model is missing, or None."""
        spec = self.session.spec
        by = ServedBy(spec.symbol, spec.target, spec.horizon, spec.model_type, self.further.names)
        return make_prediction(prediction_id, by, at, online)
