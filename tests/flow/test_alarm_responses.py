"""Every drift alarm is acted on, deferred or skipped, with the reason, in journal, report and gateway alike."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import cache
from typing import Any

import msgspec
import pytest

from alpha_pulse.core.types import AlarmResponse
from alpha_pulse.reporting.report import make_report
from alpha_pulse.runtime.local_gateway import LocalGateway
from flow.gateways import opened, ran
from flow.runs import LEAN, RESTLESS, Done, restless, run

SLOW: dict[str, Any] = {**LEAN, **RESTLESS, "adaptation.boost_labels": 400, "adaptation.cooldown_labels": 300}
"""Trials and cool-downs so long that alarms fall into them."""


@cache
def slow_run() -> Done:
    return run(restless(), SLOW)


@cache
def slow_gateway() -> LocalGateway:
    return asyncio.run(ran(opened(restless(), SLOW)))


def newest(done: Done, rows: int | None = None) -> dict[str, AlarmResponse]:
    """The newest response to each alarm, after so many rows."""
    return {response.alarm_id: response for record in done.records[:rows] for response in record.alarm_responses}


def test_no_alarm_vanishes_at_any_row() -> None:
    done = slow_run()
    raised: list[str] = []
    known: dict[str, AlarmResponse] = {}
    opened_by = {action.action_id: action for action in done.adaptations if action.status == "open"}
    for record in done.records:
        raised += [alarm.alarm_id for alarm in record.alarms]
        for response in record.alarm_responses:
            # What was acted on or skipped is final.
            assert response.alarm_id not in known or known[response.alarm_id].status == "deferred"
            known[response.alarm_id] = response
        assert list(known) == raised
    counts = Counter(response.status for response in known.values())
    assert sum(counts.values()) == len(done.alarms)
    assert min(counts["acted"], counts["skipped"]) > 0
    assert any(response.status == "deferred" for record in done.records for response in record.alarm_responses)
    for response in known.values():
        assert response.reason
        if response.status == "acted":
            assert opened_by[response.action_id or ""].ts == response.ts
        else:
            assert response.action_id is None
    # Each drift that led to an action is one that was acted on.
    caused = {action.cause.removeprefix("drift:") for action in opened_by.values() if action.cause.startswith("drift:")}
    assert caused <= {alarm_id for alarm_id, response in known.items() if response.status == "acted"}


def test_report_and_gateway_count_alike() -> None:
    gateway = slow_gateway()
    known = newest(slow_run())
    wanted = {
        f"alarms_{status}": sum(r.status == status for r in known.values()) for status in ("acted", "deferred", "skipped")
    }
    counts = msgspec.to_builtins(gateway.status().counts)
    assert {name: counts[name] for name in wanted} == wanted
    assert counts["alarms"] == sum(wanted.values()) == len(known)
    report = make_report(slow_run().system)
    for part in (report, report.by_symbol["SYN"]):
        assert {name: getattr(part, name) for name in wanted} == wanted
        assert part.drift_alarms == sum(wanted.values())
    listed = msgspec.convert(msgspec.to_builtins(report.alarm_response_list), list[AlarmResponse])
    assert listed == list(known.values())
    shown = {alarm.alarm_id: (alarm.status, alarm.reason, alarm.action_id) for alarm in gateway.adaptations().alarms}
    assert shown == {alarm_id: (r.status, r.reason, r.action_id) for alarm_id, r in known.items()}


def test_a_stream_tells_of_the_response_that_comes_later() -> None:
    gateway = slow_gateway()
    late = [
        (number, response.alarm_id)
        for number, record in enumerate(slow_run().records)
        for response in record.alarm_responses
        if number >= gateway.oldest_step and response.alarm_id not in {alarm.alarm_id for alarm in record.alarms}
    ]
    assert late
    for number, alarm_id in late:
        step = gateway.steps("SYN", number, number)
        assert step is not None
        assert alarm_id in {alarm.alarm_id for alarm in step.alarms}


@pytest.mark.parametrize("cut", [1_200])
def test_where_adaptation_is_switched_off_every_alarm_is_skipped(cut: int) -> None:
    done = run(restless().cut(cut), {**SLOW, "adaptation.enabled": False})
    assert done.alarms
    known = newest(done)
    assert set(known) == {alarm.alarm_id for alarm in done.alarms}
    about = {alarm.alarm_id: alarm.monitored for alarm in done.alarms}
    for alarm_id, response in known.items():
        assert response.status == "skipped"
        assert ("adaptation.enabled is false" in response.reason) == (about[alarm_id] == "errors")
