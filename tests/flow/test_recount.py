"""Every figure about learning that a result shows can be computed again from the rows of its store, by other code."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from alpha_pulse.gateway.protocol import Page
from alpha_pulse.metrics.streaming import MemberMetrics
from alpha_pulse.reporting.report import Report, make_report
from alpha_pulse.reporting.success_types import ResponseTimes
from alpha_pulse.runtime.local_gateway import LocalGateway
from flow.gateways import opened, ran
from flow.runs import INDICES, RESTLESS, Done, bundled_run, restless, restless_run
from recount import BASE, ONLINE, SERVED, Recount, interval_of_total, scores_of

TARGETS = ("volatility", "direction")


@cache
def reported(name: str) -> tuple[Report, Recount]:
    done = run_of(name)
    return make_report(done.system), Recount(payload for payload, _ in done.steps)


def run_of(name: str) -> Done:
    return restless_run() if name == "restless" else bundled_run(name)


@pytest.mark.parametrize("name", ["restless", INDICES])
def test_scores_of_what_was_predicted_and_served(name: str) -> None:
    report, rows = reported(name)
    for target in TARGETS:
        labels = rows.labels(target)
        for member, place in (("online", ONLINE), ("served", SERVED), ("base", BASE)):
            for key, value in scores_of(labels, place).items():
                assert getattr(report.metrics[target][member], key) == pytest.approx(value, abs=1e-9), (target, member, key)
        for session, compared in report.against_base.items():
            symbol, _, of = session.rpartition("/")
            if of == target:
                squares = [
                    (label["scores"][BASE] - label["label"]) ** 2 - (label["scores"][SERVED] - label["label"]) ** 2
                    for label in labels
                    if label["symbol"] == symbol
                ]
                assert compared.samples == len(squares)
                assert compared.mean_difference == pytest.approx(sum(squares) / len(squares), abs=1e-12)


@pytest.mark.parametrize("name", ["restless", INDICES])
def test_trade_quality(name: str) -> None:
    report, rows = reported(name)
    trades, lots = rows.trades(), {lot["lot_id"]: lot for row in rows.rows for lot in row.get("lots", ())}
    assert report.trade_quality.lots == len(trades) > 100
    assert report.trade_quality.wins == sum(trade["label"] for trade in trades)
    assert all(trade["label"] == (lots[trade["lot_id"]]["net_pnl"] > 0) for trade in trades)
    for symbol, members in report.trade_quality.metrics.items():
        mine = [trade for trade in trades if trade["symbol"] == symbol]
        for member, place in (("online", ONLINE), ("served", SERVED), ("base", BASE)):
            found = scores_of(mine, place)
            assert members[member].samples == found.pop("labels")
            for key, value in found.items():
                assert getattr(members[member], key) == pytest.approx(value, abs=1e-9), (symbol, member, key)


def test_every_trial_is_judged_alike() -> None:
    report, rows = reported("restless")
    judged = {action.action_id: action for action in report.adaptation_list if action.status != "open"}
    found = rows.trials()
    assert set(found) == set(judged)
    assert len(judged) > 3
    for name, (effect, samples, status) in found.items():
        action = judged[name]
        assert (action.effect_samples, action.status) == (samples, status), name
        assert action.effect == pytest.approx(effect, abs=1e-12), name


@pytest.mark.parametrize("name", ["restless", INDICES])
def test_freshness(name: str) -> None:
    report, rows = reported(name)
    metrics = report.success_metrics
    assert (metrics.model_freshness_mean_s, metrics.model_freshness_max_s) == pytest.approx(rows.freshness_s, rel=1e-9)


def test_adaptation_speed() -> None:
    report, rows = reported("restless")
    episodes = rows.episodes()
    speed = report.success_metrics.adaptation_speed
    assert speed.drifts == len(episodes) > 3
    assert speed.accepted == sum(episode["status"] == "accepted" for episode in episodes)
    acted = [episode for episode in episodes if episode["action"]]
    back = [episode for episode in episodes if episode["recovery"] and episode["status"] != "open"]
    recovered = [episode for episode in back if episode["status"] == "accepted"]
    recovered_without_adaptation = [episode for episode in back if episode["status"] != "accepted"]
    assert acted
    assert recovered_without_adaptation
    same_episodes(speed.acted, acted, ("alarm", "action"))
    same_episodes(speed.recovered, recovered, ("alarm", "action", "recovery"))
    same_episodes(speed.recovered_without_adaptation, recovered_without_adaptation, ("alarm", "recovery"))
    for episode in episodes:
        points = [episode[step] for step in ("change", "alarm", "action", "recovery") if episode[step]]
        assert points == sorted(points)
        assert [ts for _, ts in points] == sorted(ts for _, ts in points)


def same_episodes(speed: ResponseTimes, episodes: Sequence[dict[str, Any]], steps: Sequence[str]) -> None:
    assert speed.episodes == len(episodes)
    for step in ("alarm", "action", "recovery"):
        samples, seconds = getattr(speed, f"samples_to_{step}"), getattr(speed, f"market_s_to_{step}")
        if step not in steps or not episodes:
            assert (samples, seconds) == (None, None)
            continue
        away = [(end[0] - start[0], (end[1] - start[1]) / 1e9) for start, end in ((e["change"], e[step]) for e in episodes)]
        assert samples == pytest.approx(sum(labels for labels, _ in away) / len(away))
        assert seconds == pytest.approx(sum(lasted for _, lasted in away) / len(away))


@pytest.mark.parametrize("name", ["restless", INDICES])
def test_what_the_models_earned(name: str) -> None:
    report, rows = reported(name)
    earned = report.success_metrics.ml_pnl
    assert earned is not None
    books = report.books
    assert earned.net == pytest.approx(books["combined"].net_pnl - books["rules_only"].net_pnl, abs=1e-6)
    assert earned.gross == pytest.approx(books["combined"].gross_pnl - books["rules_only"].gross_pnl, abs=1e-6)
    assert (earned.net_low, earned.net_high) == pytest.approx(interval_of_total(rows.earned(), 1), abs=1e-6)
    assert earned.net_low < earned.net < earned.net_high
    assert earned.gross_low < earned.gross < earned.gross_high


def test_of_one_symbol_among_several_nothing_is_said_to_be_earned() -> None:
    report, _ = reported(INDICES)
    assert [part.success_metrics.ml_pnl for part in report.by_symbol.values()] == [None, None]


@pytest.fixture(scope="module")
def live() -> LocalGateway:
    return asyncio.run(ran(opened(restless(), RESTLESS)))


def test_scores_that_the_page_shows(live: LocalGateway) -> None:
    _, rows = reported("restless")
    (symbol,) = live.symbols
    for target in TARGETS:
        labels = rows.labels(target)
        history = live.metrics_history(symbol, target, Page(limit=10_000))
        window = history.window
        assert window is not None
        for at in (700, 2_500, len(labels) - 1):
            mine = labels[max(at + 1 - window, 0) : at + 1]
            for member, place in (("online", ONLINE), ("served", SERVED)):
                found = scores_of(mine, place)
                assert history.columns[f"skill_{member}"][at] == pytest.approx(found["skill_millinats"], abs=1e-6)
                assert history.columns[f"accuracy_{member}"][at] == pytest.approx(found["accuracy"], abs=1e-9)
        scores = live.session_scores(f"{symbol}/{target}")
        for member, place in (("online", ONLINE), ("served", SERVED)):
            same_scores(scores.whole_run[member], scores_of(labels, place))
            same_scores(scores.window[member], scores_of(labels[-window:], place))


def test_trade_quality_that_the_page_shows(live: LocalGateway) -> None:
    _, rows = reported("restless")
    (symbol,) = live.symbols
    scores = live.session_scores(f"{symbol}/trade_quality")
    trades = rows.trades()
    assert scores.labels_used == len(trades)
    for member, place in (("online", ONLINE), ("served", SERVED)):
        same_scores(scores.whole_run[member], scores_of(trades, place))


def same_scores(shown: MemberMetrics, found: dict[str, float]) -> None:
    assert shown.samples == found.pop("labels")
    for key, value in found.items():
        assert getattr(shown, key) == pytest.approx(value, abs=1e-6), key
