"""History holds what the journal holds, whether it was fed live or read back, and agrees with the engine's own figures."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.gateway.protocol import Page, Series
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.stores.memory import MemoryStore
from flow.gateways import opened, ran
from flow.runs import EURUSD, INDICES, RESTLESS, Done, again, bundled_feed, restless, restless_run, run

ALL = Page(limit=10_000)


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="module")
def live(store: MemoryStore) -> LocalGateway:
    return asyncio.run(ran(opened(restless(), RESTLESS, store)))


@pytest.fixture(scope="module")
def reread(live: LocalGateway, store: MemoryStore) -> LocalGateway:
    assert live.control().state == "finished"
    return opened(restless(), RESTLESS, store)


def everything(gateway: LocalGateway) -> Iterator[bytes]:
    """All that can be read of a run, as it goes over the wire."""
    for symbol in gateway.symbols:
        yield msgspec.json.encode(gateway.bars(symbol, ALL))
        yield msgspec.json.encode(gateway.regimes(symbol))
        for target in ("volatility", "direction"):
            yield msgspec.json.encode(gateway.predictions(symbol, target, ALL))
            yield msgspec.json.encode(gateway.metrics_history(symbol, target, ALL))
            yield msgspec.json.encode(gateway.reliability(symbol, target))
    yield msgspec.json.encode(gateway.equity(ALL))
    yield msgspec.json.encode(gateway.fills(None, "all", ALL))
    yield msgspec.json.encode(gateway.trades(None, "all", ALL))
    yield msgspec.json.encode(gateway.adaptations())
    yield msgspec.json.encode(gateway.positions())
    yield msgspec.json.encode(gateway.sessions())
    yield msgspec.json.encode(gateway.drift())
    yield msgspec.json.encode(gateway.status())


def test_a_restart_shows_the_whole_history(live: LocalGateway, reread: LocalGateway) -> None:
    assert list(everything(live)) == list(everything(reread))


def test_nothing_is_ever_nan(live: LocalGateway) -> None:
    for answer in everything(live):
        assert b"NaN" not in answer
        assert b"Infinity" not in answer


def column(series: Series, name: str) -> list[float]:
    return [math.nan if value is None else float(value) for value in series.columns[name]]


def test_series_hold_what_the_journal_holds(live: LocalGateway) -> None:
    done = restless_run()
    symbol = live.symbols[0]
    assert column(live.bars(symbol, ALL), "close") == [bar.close for bar in done.bars]
    found = live.predictions(symbol, "direction", ALL)
    served = [prediction for prediction in done.predictions if prediction.target == "direction"]
    assert column(found, "probability") == [prediction.probability for prediction in served]
    labels = {label.prediction_id: label for label in done.labels}
    expected = [labels.get(prediction.prediction_id) for prediction in served]
    assert found.columns["label"] == [None if label is None else label.label for label in expected]
    weights = np.nansum([column(found, f"weight_{name}") for name in ("online", "batch", "base")], axis=0)
    assert np.allclose(weights, 1.0, atol=1e-8)
    mixed = np.nansum(
        [np.multiply(column(found, name), column(found, f"weight_{name}")) for name in ("online", "batch", "base")], axis=0
    )
    assert np.allclose(mixed, column(found, "probability"), atol=1e-8)
    assert live.fills(symbol, "all", ALL).total == len(done.fills)
    assert live.trades(symbol, "combined", ALL).total == sum(lot.book == "combined" for lot in done.lots)


def test_level_and_realised_are_volatility_over_the_horizon(live: LocalGateway) -> None:
    symbol = live.symbols[0]
    closes = np.log(column(live.bars(symbol, ALL), "close"))
    found = live.predictions(symbol, "volatility", ALL)
    numbers = np.array(column(found, "seq"), dtype=np.int64)
    realised = np.array(column(found, "volatility_realised"))
    for place in (0, 500, 3_000):
        at = numbers[place]
        assert realised[place] == pytest.approx(math.sqrt(np.sum(np.diff(closes[at : at + 13]) ** 2)), rel=1e-9)
    assert np.isnan(realised[-12:]).all()
    assert not np.isnan(realised[:-12]).any()
    levels = np.array(column(found, "volatility_forecast"))
    assert not np.isnan(levels).any()
    # A forecast is of the size of what came true.
    assert 0.8 < np.nanmedian(realised / levels) < 1.25


def test_windowed_figures_are_the_sessions_own(live: LocalGateway) -> None:
    symbol = live.symbols[0]
    for target in ("volatility", "direction"):
        window = live.session_scores(f"{symbol}/{target}").window
        found = live.metrics_history(symbol, target, ALL)
        for member in ("online", "batch", "served", "no_change"):
            assert column(found, f"skill_{member}")[-1] == pytest.approx(window[member].skill_millinats, abs=1e-8)
            assert column(found, f"accuracy_{member}")[-1] == pytest.approx(window[member].accuracy, abs=1e-12)
        status = next(found for found in live.sessions() if found.session_id == f"{symbol}/{target}")
        assert status.skill_millinats == pytest.approx(window["served"].skill_millinats, abs=1e-8)
        assert sum(part.count for part in live.reliability(symbol, target).bins) == 1_000


def test_equity_ends_where_the_books_end(live: LocalGateway) -> None:
    found = live.equity(ALL)
    for book, status in live.positions().books.items():
        assert column(found, book)[-1] == status.equity
        assert column(found, book)[0] == 100_000.0
    assert len(found.columns["seq"]) == len(restless_run().bars)


def test_bars_are_summed_up_when_thinned_out(live: LocalGateway) -> None:
    symbol = live.symbols[0]
    whole, thin = live.bars(symbol, ALL), live.bars(symbol, Page(max_points=100))
    assert len(thin.columns["seq"]) == 100
    assert thin.columns["open"][0] == whole.columns["open"][0]
    assert (thin.columns["close"][-1], thin.columns["seq"][-1]) == (whole.columns["close"][-1], whole.columns["seq"][-1])
    assert max(column(thin, "high")) == max(column(whole, "high"))
    assert min(column(thin, "low")) == min(column(whole, "low"))
    assert thin.columns["open"][1:] == [whole.columns["open"][int(seq) + 1] for seq in thin.columns["seq"][:-1]]  # type: ignore[arg-type]


def test_success_metrics_are_those_of_the_final_report(live: LocalGateway) -> None:
    status = live.status()
    assert status.result is not None
    report = msgspec.json.decode(status.result)
    found = msgspec.to_builtins(status.success_metrics)
    assert found == report["success_metrics"]
    for pair in found["online_minus_batch"].values():
        assert pair["low"] < pair["mean"] < pair["high"]
    assert status.decisions_sha256 == report["decisions_sha256"] == restless_run().decisions_sha256
    for name in ("predictions", "labelled", "pending", "expired", "trades"):
        assert getattr(status.counts, name) == report[name]
    assert (status.counts.alarms, status.counts.adaptations) == (report["drift_alarms"], report["adaptations"])
    assert live.positions().books["combined"].sharpe == report["books"]["combined"]["sharpe"]


def test_two_symbols_side_by_side() -> None:
    gateway = asyncio.run(ran(opened(again(bundled_feed(INDICES)).cut(1_900))))
    status = gateway.status()
    assert status.result is not None
    report = msgspec.json.decode(status.result)
    assert msgspec.to_builtins(status.success_metrics) == report["success_metrics"]
    done = Done(gateway._system)
    for symbol in gateway.symbols:
        assert column(gateway.bars(symbol, ALL), "close") == [bar.close for bar in done.bars if bar.symbol == symbol]
    assert {fill.symbol for fill in gateway.fills(gateway.symbols[1], "all", ALL).fills} == {gateway.symbols[1]}


def test_the_inspection_of_a_decision_shows_the_order_that_was_refused_at_its_fill() -> None:
    feed = ReplayFeed(bundled_feed(EURUSD).columns.pick(slice(0, 300)))
    settings = {"venue.min_order_value": 40_000.0, "batch.enabled": False}
    records = run(again(feed), settings).records
    (refusal,) = [refusal for record in records for refusal in record.refusals if refusal.order_id is not None]
    order_id = str(refusal.order_id)
    number = order_id.rpartition("/")[2]
    gateway = asyncio.run(ran(opened(feed, settings)))
    decision = gateway.inspect(f"EURUSD/direction/{number}")
    assert order_id in [order["order_id"] for order in decision.orders]
    assert decision.refusals == [{"book": refusal.book, "reasons": list(refusal.reasons), "order_id": order_id}]
    assert gateway.inspect(f"EURUSD/direction/{int(number) + 1}").refusals == []
