"""The state of one symbol in the loop: its features, the references of its labels, its volatility forecast."""

from __future__ import annotations

import math

from alpha_pulse.core.config import Config
from alpha_pulse.core.durations import YEAR_NS
from alpha_pulse.core.stateful import State, Stateful
from alpha_pulse.core.types import Bar, DriftAlarm, FeatureVector, Prediction
from alpha_pulse.engine.bar_rows import BarRows
from alpha_pulse.engine.target import Resolved, TargetLoop
from alpha_pulse.execution.volatility_calibrator import VolatilityCalibrator
from alpha_pulse.features.extractor import FeatureExtractor
from alpha_pulse.learning.feature_monitor import FeatureMonitor

TARGETS = ("volatility", "direction")


class SymbolState:
    """The pipeline's own state of one symbol, beside the services.

    Parameters
    ----------
    extractor
        Of this symbol.
    config
        Of it: ``learning`` (horizons) and ``adaptation`` (which detector monitors the features).

    Attributes
    ----------
    trailing_median
        Of the volatility label, at the newest bar; 0 before it exists.
    plain_volatility
        Volatility per bar with no model: the trailing median's, or before that exists the exponential mean's.
    """

    def __init__(self, extractor: FeatureExtractor, config: Config) -> None:
        self.extractor = extractor
        self.calibrator = VolatilityCalibrator()
        self.feature_monitor = FeatureMonitor(extractor.symbol, extractor.schema.names, config.adaptation)
        self.rows = BarRows(len(extractor.schema.names))
        self.targets: dict[str, TargetLoop] = {}
        """By target, in the order of `TARGETS`; added when its session is open."""
        self.direction_horizon = config.learning.direction_horizon_bars
        self._root_horizon = math.sqrt(config.learning.volatility_horizon_bars)
        self._first_ts = 0
        self._newest_ts = 0
        self.trailing_median = 0.0
        self.plain_volatility = 0.0

    def n_features(self, target: str) -> int:
        """How many leading features a target uses: the volatility levels, last in the schema, are for ``volatility`` alone."""
        schema = self.extractor.schema
        return schema.n_common if target == "direction" else len(schema.names)

    def extract(self, bar: Bar) -> FeatureVector | None:
        """Process a bar; returns its features, or None while there are too few bars."""
        if not self._first_ts:
            self._first_ts = bar.ts_event
        self._newest_ts = bar.ts_event
        vector = self.extractor.update(bar)
        self.trailing_median = median = self.extractor.trailing_median
        self.plain_volatility = median / self._root_horizon if median > 0.0 else self.extractor.bar_volatility
        if vector is not None:
            self.rows.put_features(0, vector, median)
            self.feature_monitor.observe(vector)
        return vector

    def resolve(self, bar: Bar, number: int, realised: float) -> list[Resolved]:
        """Label and learn the predictions that the symbol's ``number``-th bar makes due.

        ``realised`` is its realised volatility over the label's horizon.
        """
        self.rows.put_bar(0, bar, number, realised)
        return [target.resolve() for target in self.targets.values()]

    def serve(self) -> list[Prediction]:
        """The predictions for the newest features: one per target, as far as it can be labelled later."""
        served = [target.serve() for target in self.targets.values()]
        return [prediction for prediction in served if prediction is not None]

    def detect(self, ts: int) -> list[DriftAlarm]:
        """Alarms about the distribution of the features, from the vectors up to the step before; each vector is used once."""
        return self.feature_monitor.detect(ts)

    def forecast_volatility(self, probability: float | None) -> float:
        """Volatility per bar over the next h bars, calibrated by what such a probability has meant so far (log return)."""
        return self.plain_volatility if probability is None else self.calibrator.forecast(probability, self.plain_volatility)

    @property
    def bars_per_year(self) -> float:
        """Bars per year at the mean rate of this symbol so far, so that closed markets do not count."""
        elapsed = self._newest_ts - self._first_ts
        return (self.extractor.bars - 1) * YEAR_NS / elapsed if elapsed else 0.0

    def components(self, symbol: str) -> dict[str, Stateful]:
        """Components with state, by name."""
        return {
            f"features/{symbol}": self.extractor,
            f"level/{symbol}": self.calibrator,
            f"monitor/{symbol}": self.feature_monitor,
            f"instrument/{symbol}": self,
            **{f"target/{symbol}/{name}": target for name, target in self.targets.items()},
        }

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(scalars={"first_ts": self._first_ts, "newest_ts": self._newest_ts})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._first_ts, self._newest_ts = state.scalars["first_ts"], state.scalars["newest_ts"]
