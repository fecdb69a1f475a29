"""Metrics in the format of Prometheus: ``alpha_pulse_<noun>_<unit>``, in base units, with labels of few values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from alpha_pulse.api.streaming import Hub
from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.gateway.protocol import Gateway, SessionStatus

CONTENT_TYPE = CONTENT_TYPE_LATEST
STATES = ("warming", "running", "paused", "waiting", "finished", "failed")
MOST_SYMBOLS = 50
MILLI = 1_000
Values = Mapping[tuple[str, ...], float]


class Exposition:
    """Reads the metrics from the gateway at each request."""

    def __init__(self, registry: CollectorRegistry, gateway: Gateway, hub: Hub) -> None:
        self._registry = registry
        self._gateway = gateway
        self._hub = hub
        registry.register(self)

    def text(self) -> bytes:
        """All metrics, in the text format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Returns no metrics, because registration must not read the engine."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        yield from self._run()
        yield from self._sessions()
        yield from self._models()
        books = self._gateway.positions().books
        yield _gauge("equity_cash", "Equity", ("book",), {(name,): book.equity for name, book in books.items()})
        yield _gauge("stream_clients", "WebSocket clients", (), {(): self._hub.clients})
        yield _counter("stream_frames", "Frames produced, each for all clients of a symbol", (), {(): self._hub.frames})
        yield _counter("stream_gaps", "Gaps in the streams of slow clients", (), {(): self._hub.gaps})
        yield _counter("stream_clients_dropped", "Clients disconnected because they were too slow", (), {(): self._hub.dropped})

    def _run(self) -> Iterator[Metric]:
        status = self._gateway.status()
        counts = status.counts
        yield _gauge(
            "state", "1 for the current state of the run", ("state",), {(s,): float(s == status.state) for s in STATES}
        )
        yield _counter("bars", "Bars processed", (), {(): status.feed.bars_done})
        yield _counter("predictions_labelled", "Labelled predictions", (), {(): counts.labelled})
        yield _counter("predictions_expired", "Expired predictions", (), {(): counts.expired})
        yield _gauge("predictions_pending", "Predictions without a label yet", (), {(): counts.pending})
        yield _counter("fills", "Fills of the combined book", (), {(): counts.fills})
        yield _counter("trades", "Closed lots of the combined book", (), {(): counts.trades})
        if counts.alarms is not None:
            yield _counter("drift_alarms", "Alarms of the drift detectors", (), {(): counts.alarms})
        if counts.adaptations is not None:
            yield _counter("adaptations", "Adaptations", (), {(): counts.adaptations})
        yield _counter("queries", "Predictions requested over the API", (), {(): counts.queries})
        if status.measured_bars_per_second is not None:
            rate: Values = {(): status.measured_bars_per_second}
            yield _gauge("loop_bars_per_second", "Measured speed of the loop", (), rate)

    def _sessions(self) -> Iterator[Metric]:
        sessions = self._shown()
        keys = ("symbol", "target")
        yield _counter("labels", "Labels that a session has learned", keys, {_key(s): s.labels_used for s in sessions})
        yield _counter(
            "quarantines",
            "Times that a session's model was reset to its last good state",
            keys,
            {_key(s): s.quarantines for s in sessions},
        )
        ages = {_key(s): s.age_s for s in sessions if s.age_s is not None}
        yield _gauge("model_age_seconds", "Market time since a session's newest label", keys, ages)
        skills = {_key(s): s.skill_millinats / MILLI for s in sessions if s.skill_millinats is not None}
        yield _gauge(
            "window_skill_nats",
            "Log-loss skill of the served prediction over the base rate, in nats per label, in the window",
            keys,
            skills,
        )
        predictions: dict[tuple[str, ...], float] = {}
        for session in sessions:
            made = session.labels_used + session.ties + session.pending
            predictions[session.target,] = predictions.get((session.target,), 0) + made
        yield _counter("predictions", "Predictions served, without those that expired", ("target",), predictions)

    def _models(self) -> Iterator[Metric]:
        """The registry; nothing where the run has none, or it cannot be read."""
        try:
            totals, now_ms = self._gateway.models.totals(), self._gateway.status().ts_ms
        except AlphaPulseError:
            return
        shown = list(dict.fromkeys(total.symbol for total in totals))[:MOST_SYMBOLS]
        of = {(total.symbol, total.target): total for total in totals if total.symbol in shown}
        keys = ("symbol", "target")
        states: Values = {(*key, state): count for key, total in of.items() for state, count in total.states.items()}
        yield _gauge("model_versions", "Versions in the registry", (*keys, "state"), states)
        made = {key: total.champion_made_ms for key, total in of.items()}
        ages: Values = {key: max(0, now_ms - at) / MILLI for key, at in made.items() if at is not None and now_ms is not None}
        yield _gauge("champion_age_seconds", "Market time since the champion was made", keys, ages)
        frozen: Values = {key: total.frozen for key, total in of.items()}
        yield _gauge("champion_frozen", "1 where the champion cannot be changed", keys, frozen)
        promotions: Values = {key: total.promotions for key, total in of.items()}
        yield _counter("model_promotions", "Promotions to champion", keys, promotions)
        rollbacks: Values = {key: total.rollbacks for key, total in of.items()}
        yield _counter("model_rollbacks", "Rollbacks to the champion before", keys, rollbacks)

    def _shown(self) -> list[SessionStatus]:
        """Engine sessions of the first ``MOST_SYMBOLS`` symbols, to limit the number of series."""
        sessions = self._gateway.sessions()
        shown = list(dict.fromkeys(session.symbol for session in sessions))[:MOST_SYMBOLS]
        return [session for session in sessions if session.symbol in shown and session.source == "loop"]


def _key(session: SessionStatus) -> tuple[str, ...]:
    return session.symbol, session.target


def _gauge(name: str, about: str, keys: tuple[str, ...], values: Values) -> Metric:
    family = GaugeMetricFamily(f"alpha_pulse_{name}", about, labels=keys)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _counter(name: str, about: str, keys: tuple[str, ...], values: Values) -> Metric:
    family = CounterMetricFamily(f"alpha_pulse_{name}", about, labels=keys)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family
