from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.config import AdaptationConfig, BatchConfig, Config, LearningConfig
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, SyntheticFeed, planted_signal, random_walk
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.journal.digest import DecisionDigest
from alpha_pulse.kernels.base import scores as kernels
from alpha_pulse.kernels.base.scores import MEMBERS, ONLINE, RECORD, SERVED
from alpha_pulse.metrics import streaming as metrics
from alpha_pulse.metrics.members import MemberScore, compare, score_members, target_reliability
from alpha_pulse.metrics.reliability import reliability_table
from alpha_pulse.reporting.report import Report, decode_report
from alpha_pulse.runtime.replay import Progress, replay
from alpha_pulse.stores.memory import MemoryStore
from journal_rows import decode_step, rows

CONFIG = Config(
    learning=LearningConfig(direction_horizon_bars=1),
    batch=BatchConfig(enabled=False),
    adaptation=AdaptationConfig(drift_threshold=0.2, boost_labels=50),
)
SYMBOLS = ("A", "B")
BARS = 1_600
CASES = Path(__file__).resolve().parents[2] / "cases"


def flipping() -> SyntheticFeed:
    """A signal that can be learned and then turns round: there will be alarms."""
    return planted_signal(BARS, 5, [900], Market(symbols=SYMBOLS, volatility=0.004), strength=0.9)


def finish() -> tuple[System, Report, list[bytes]]:
    feed, store, lines = flipping(), MemoryStore(), list[bytes]()
    result = replay(CONFIG, feed, store, "test", write_decision=lines.append)
    assert result is not None
    system = System(CONFIG, flipping(), store)
    system.begin("test", resume=True)
    return system, decode_report(result), lines


@pytest.fixture(scope="module")
def finished() -> tuple[System, Report, list[bytes]]:
    return finish()


def test_totals_add_up_and_are_those_of_their_symbols(finished: tuple[System, Report, list[bytes]]) -> None:
    report = finished[1]
    assert report.bars == 2 * BARS
    assert report.slices == BARS
    assert report.predictions == report.labelled + report.pending + report.expired > 0
    for name in ("bars", "predictions", "labelled", "pending", "expired", "ties", "trades", "drift_alarms", "adaptations"):
        assert getattr(report, name) == sum(getattr(part, name) for part in report.by_symbol.values()), name
    for part in (report, *report.by_symbol.values()):
        assert part.net_pnl == pytest.approx(part.gross_pnl - part.fees - part.costs, abs=1e-6)
        assert part.predictions == part.labelled + part.pending + part.expired
    for book in report.books:
        assert report.books[book].net_pnl == pytest.approx(sum(part.books[book].net_pnl for part in report.by_symbol.values()))


def test_scores_are_those_that_the_sessions_kept(finished: tuple[System, Report, list[bytes]]) -> None:
    system, report, _ = finished
    for symbol, part in report.by_symbol.items():
        for target, members in part.metrics.items():
            kept = metrics.whole_run(system.learning.session(symbol, target).scores)
            assert members["batch"] == MemberScore(0)
            for name, expected in kept.items():
                found = members[name]
                assert found.labels == expected.samples
                for field in ("accuracy", "log_loss", "brier", "kappa", "kappa_temporal", "skill_millinats"):
                    assert getattr(found, field) == pytest.approx(getattr(expected, field), abs=1e-9), (target, name, field)
                assert found.auc is not None
                assert found.auc == pytest.approx(expected.auc, abs=expected.auc_error)
    for target, members in report.metrics.items():
        for name, score in members.items():
            assert score.labels == sum(part.metrics[target][name].labels for part in report.by_symbol.values())


def test_the_last_part_begins_with_the_first_bar_of_the_last_70_percent(finished: tuple[System, Report, list[bytes]]) -> None:
    report = finished[1]
    horizon = CONFIG.learning.direction_horizon_bars
    served = report.by_symbol["A"].metrics["direction"]["served"]
    # These bars have no ties, and every bar of the last 70 % is long past the first features.
    assert served.labels_last70 == BARS * 7 // 10 - horizon


def test_decisions_are_those_of_the_journal(finished: tuple[System, Report, list[bytes]]) -> None:
    system, report, lines = finished
    digest = DecisionDigest()
    for block in decoded_blocks(system.store):
        digest.add(block)
    assert (digest.hexdigest(), digest.steps) == (report.decisions_sha256, report.decisions)
    assert [line.rstrip(b"\n") for line in lines] == [row.decision for row in rows(system.store) if row.decision is not None]
    assert len(lines) == report.decisions
    assert report.state_sha256 == system.state_sha256()
    assert report.ml_fraction == system.agents.ml_fraction


def test_alarms_and_adaptations_are_listed_once(finished: tuple[System, Report, list[bytes]]) -> None:
    report = finished[1]
    assert len(report.drift_alarm_list) == report.drift_alarms > 0
    assert len(report.adaptation_list) == report.adaptations > 0
    assert len({action.action_id for action in report.adaptation_list}) == report.adaptations
    assert report.success_metrics.adaptation_speed.drifts > 0


def test_each_session_is_compared_with_the_base_rate(finished: tuple[System, Report, list[bytes]]) -> None:
    system, report, _ = finished
    for symbol, part in report.by_symbol.items():
        assert set(part.against_base) == {f"{symbol}/{target}" for target in report.metrics}
        for target, members in part.metrics.items():
            found = report.against_base[f"{symbol}/{target}"]
            assert found == part.against_base[f"{symbol}/{target}"]
            compared = system.learning.session(symbol, target).against_base
            assert compared is not None
            assert found == compared.result
            assert found.samples == members["served"].labels > 0


def test_every_number_is_finite(finished: tuple[System, Report, list[bytes]]) -> None:
    def check(value: object) -> None:
        if isinstance(value, float):
            assert np.isfinite(value)
        elif isinstance(value, dict):
            for inner in value.values():
                check(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                check(inner)

    check(msgspec.to_builtins(finished[1]))


def test_stopping_and_going_on_gives_the_same_report(finished: tuple[System, Report, list[bytes]]) -> None:
    feed, store = flipping(), MemoryStore()
    seen: list[Progress] = []
    assert replay(CONFIG, feed, store, "cut", on_progress=seen.append, stopped=lambda: len(seen) == 1) is None
    assert 0 < seen[-1].bars < 2 * BARS
    result = replay(CONFIG, flipping(), store, "cut", resume=True)
    assert result is not None
    again = replay(CONFIG, flipping(), store, "cut", resume=True)
    assert again == result
    wall = {"bars_per_second": None}
    assert msgspec.structs.replace(decode_report(result), **wall) == msgspec.structs.replace(finished[1], **wall)


def test_a_run_too_short_to_learn_anything_has_a_report() -> None:
    result = replay(CONFIG, random_walk(3, seed=1), MemoryStore(), "short")
    assert result is not None
    report = decode_report(result)
    assert (report.bars, report.predictions, report.trades, report.decisions) == (3, 0, 0, 0)
    assert report.metrics["direction"]["served"] == MemberScore(0)
    success = report.success_metrics
    assert (success.model_freshness_mean_s, success.model_freshness_max_s, success.ml_pnl) == (None, None, None)
    assert report.decisions_sha256 == DecisionDigest().hexdigest()


def test_what_two_bars_do_not_define_is_null() -> None:
    result = replay(CONFIG, ReplayFeed.from_file(CASES / "two_bars.csv"), MemoryStore(), "two")
    assert result is not None
    found = msgspec.json.decode(result)
    success = found["success_metrics"]
    assert success["model_freshness_mean_s"] is success["model_freshness_max_s"] is success["ml_pnl"] is None
    assert [book["sharpe"] for book in found["books"].values()] == [None] * len(found["books"])
    for speed in ("acted", "recovered", "recovered_without_adaptation"):
        assert success["adaptation_speed"][speed]["samples_to_alarm"] is None


def random_scores(n: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    rng = np.random.default_rng(seed)
    rows = rng.uniform(0.05, 0.95, size=(n, RECORD))
    rows[:, kernels.LABEL] = rng.integers(0, 2, n)
    rows[:, kernels.LAST_KNOWN] = rng.choice([0.0, 0.5, 1.0], n)
    rows[: n // 3, kernels.BATCH] = np.nan
    return rows


def step_by_step(rows: np.ndarray[tuple[int, int], np.dtype[np.float64]], member: int) -> metrics.MemberMetrics:
    state = np.zeros(kernels.size(1))
    state[kernels.WINDOW] = 1
    for row in rows:
        kernels.step(state, row)
    return metrics.whole_run(state)[MEMBERS[member]]


def test_scores_agree_with_the_kernels_record_by_record() -> None:
    rows = random_scores(600, 2)
    found = score_members(rows, np.ones(600, dtype=bool), 1, 1, 1)
    for member, name in enumerate(MEMBERS):
        expected = step_by_step(rows[~np.isnan(rows[:, member])], member)
        assert found[name].auc == pytest.approx(expected.auc, abs=expected.auc_error)
        for field in ("accuracy", "log_loss", "brier", "kappa", "kappa_temporal", "skill_millinats"):
            assert getattr(found[name], field) == pytest.approx(getattr(expected, field), abs=1e-12), (name, field)


def test_the_gain_of_the_last_part_is_that_of_its_labels_alone() -> None:
    rows = random_scores(600, 5)
    late = np.arange(600) >= 180
    found, alone = score_members(rows, late, 1, 1, 1), score_members(rows[late], np.ones(420, dtype=bool), 1, 1, 1)
    for name in MEMBERS:
        assert found[name].labels_last70 == alone[name].labels < found[name].labels or name == "batch"
        assert found[name].skill_millinats_last70 == pytest.approx(alone[name].skill_millinats)
    assert found["online"].skill_millinats != pytest.approx(found["online"].skill_millinats_last70)


def test_members_are_compared_on_common_labels_only() -> None:
    rows = random_scores(300, 4)
    found = compare(rows, SERVED, kernels.BATCH, 1, 12, 1)
    assert found is not None
    assert found.labels == 200
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.mean < found.high
    few = compare(rows[:110], SERVED, kernels.BATCH, 1, 12, 1)
    assert few is not None
    assert (few.labels, few.low, few.high) == (10, None, None)
    both = score_members(rows[100:], np.ones(200, dtype=bool), 1, 1, 1)
    served, batch = both["served"], both["batch"]
    assert found.mean == pytest.approx((served.skill_millinats or 0.0) - (batch.skill_millinats or 0.0))
    assert compare(rows[:50], ONLINE, kernels.BATCH, 1, 12, 1) is None


def test_reliability_is_of_what_was_served_and_of_the_confidence_stated_with_it(
    finished: tuple[System, Report, list[bytes]],
) -> None:
    system, report, _ = finished
    said, pairs = {}, []
    for row in rows(system.store):
        step = decode_step(row.payload)
        said.update({made.prediction_id: made for made in step.predictions})
        pairs += [(said[label.prediction_id], label.label) for label in step.labels if label.scores]
    for target, horizon in (("direction", 1), ("volatility", 12)):
        found = report.reliability[target]
        wanted = [(made, label == 1) for made, label in pairs if made.target == target]
        served = np.array([made.probability for made, _ in wanted])
        labels = np.array([label for _, label in wanted])
        stated = np.array([np.nan if made.confidence is None else made.confidence for made, _ in wanted])
        assert found.served == reliability_table(served, labels, horizon=horizon)
        assert found.confidence == reliability_table(stated, (served >= 0.5) == labels, horizon=horizon)
        assert found.served.labels == report.metrics[target]["served"].labels > found.confidence.labels > 0
        assert found.served.ece == report.metrics[target]["served"].ece
        assert found.served.brier == pytest.approx(report.metrics[target]["served"].brier, abs=1e-12)


def test_a_member_that_says_what_comes_true_has_no_calibration_error_to_speak_of() -> None:
    rows = random_scores(20_000, 3)
    rows[:, kernels.LABEL] = np.random.default_rng(4).random(len(rows)) < rows[:, SERVED]
    found = score_members(rows, np.ones(len(rows), dtype=bool), 1, 1, 1)
    assert (found["served"].ece or 0.0) < 0.01
    assert (found["online"].ece or 0.0) > 0.1
    assert target_reliability(rows, np.full(len(rows), np.nan), 1).confidence.labels == 0
