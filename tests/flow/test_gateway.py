"""What the gateway answers: the inspector, the stream of steps, queries, and a sentence for everything that cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from alpha_pulse.core.errors import AlphaPulseError, ConfigError, ConflictError, DataError, NonFiniteError, NotFoundError
from alpha_pulse.gateway.protocol import Page, Step
from alpha_pulse.runtime.local_gateway import LocalGateway
from flow.gateways import opened, ran, running, until
from flow.runs import RESTLESS, restless, restless_run

WHOLE = Page(limit=10_000)


@pytest.fixture(scope="module")
def gateway() -> LocalGateway:
    return asyncio.run(ran(opened(restless(), RESTLESS)))


def test_the_inspector_shows_what_the_journal_says(gateway: LocalGateway) -> None:
    done = restless_run()
    prediction = next(p for p in done.predictions if p.prediction_id == "SYN/direction/3000")
    found = gateway.inspect(prediction.prediction_id)
    assert (found.probability, found.confidence, found.horizon) == (prediction.probability, prediction.confidence, 3)
    assert [part.model_id for part in found.members] == [part.model_id for part in prediction.members]
    assert found.bar.close == done.bars[3_000].close
    assert list(found.features.values()) == done.records[3_000].features["SYN"][:30]
    label = next(label for label in done.labels if label.prediction_id == prediction.prediction_id)
    assert found.status == "labelled"
    assert found.label is not None
    assert (found.label["label"], found.label["value"], found.label["weight"]) == (label.label, label.value, label.weight)
    assert found.label["scores"]["served"] == prediction.probability
    decided = done.decisions[3_000]
    assert decided is not None
    assert [order["order_id"] for order in found.orders] == [order.order_id for order in decided.orders]
    assert found.signals[0]["direction"] == decided.signals[0].direction
    assert [part["agent"] for part in found.signals] == ["combined", "trend", "reversion"]
    assert set(gateway.inspect("SYN/volatility/3000").features) > set(found.features)
    assert gateway.inspect("SYN/direction/4199").status == "pending"
    assert gateway.inspect("SYN/direction/4199").label is None
    msgspec.json.encode(found)


def test_a_fill_leads_to_the_step_that_decided_it_and_back(gateway: LocalGateway) -> None:
    fills = gateway.fills("SYN", "all", WHOLE).fills
    for fill in (fills[0], fills[len(fills) // 2], fills[-1]):
        found = gateway.inspect_fill(fill.fill_id)
        assert found.fill == fill
        assert fill in found.fills
        assert found.seq < fill.seq
        assert fill.order_id in [order["order_id"] for order in found.orders]
    traded = next(fill for fill in fills if gateway.inspect_fill(fill.fill_id).trades)
    opened_by = {fill.fill_id for fill in gateway.inspect_fill(traded.fill_id).fills}
    lots = {lot.lot_id: lot for lot in restless_run().lots}
    assert all(lots[trade.lot_id].open_fill_id in opened_by for trade in gateway.inspect_fill(traded.fill_id).trades)


def sentences() -> list[tuple[Callable[[LocalGateway], object], type[AlphaPulseError], str]]:
    numbers = [0.0] * 30
    return [
        (lambda g: g.bars("SYM", WHOLE), NotFoundError, "did you mean 'SYN'"),
        (lambda g: g.predictions("SYN", "volatilty", WHOLE), NotFoundError, "did you mean 'volatility'"),
        (lambda g: g.fills(None, "combinde", WHOLE), NotFoundError, "did you mean 'combined'"),
        (lambda g: g.bars("SYN", Page(limit=0)), ConfigError, "limit is 0"),
        (lambda g: g.bars("SYN", Page(from_seq=-1)), ConfigError, "from_seq is -1"),
        (lambda g: g.equity(Page(max_points=1)), ConfigError, "max_points is 1"),
        (lambda g: g.inspect("SYN/direction/99999"), NotFoundError, "go from 49 to 4199"),
        (lambda g: g.inspect("SYN/direction/x"), NotFoundError, "number of a bar"),
        (lambda g: g.inspect("nonsense"), NotFoundError, "no symbol"),
        (lambda g: g.inspect("SYN/directoin/50"), NotFoundError, "did you mean 'direction'"),
        (lambda g: g.inspect_fill("combined/SYN/1/f"), NotFoundError, "no fill has the id"),
        (lambda g: g.session_scores("SYN/direktion"), NotFoundError, "did you mean 'SYN/direction'"),
        (lambda g: g.predict("SYN/direction", [1.0]), DataError, "takes 30"),
        (lambda g: g.predict("SYN/direction", [float("nan"), *numbers[1:]]), NonFiniteError, "at index 0"),
        (lambda g: g.predict("SYN/direction", {"ret_1": 1.0}), DataError, "lack"),
        (lambda g: g.predict("SYN/direction", {"ret1": 1.0}), DataError, "did you mean 'ret_1'"),
        (lambda g: g.predict("SYN/trade_quality", {"ret_1": 1.0}), DataError, "list of 36 numbers"),
        (lambda g: g.set_speed(-1.0), ConfigError, "bars_per_second is -1"),
        (lambda g: g.set_speed(float("nan")), ConfigError, "bars_per_second is nan"),
        (lambda g: asyncio.run(g.adapt("SYN/direction", "performance")), ConflictError, "finished"),
        (lambda g: g.pause(), ConflictError, "finished"),
        (lambda g: g.resume(), ConflictError, "finished"),
    ]


@pytest.mark.parametrize("number", range(len(sentences())))
def test_what_cannot_be_is_answered_with_a_sentence(number: int, gateway: LocalGateway) -> None:
    ask, kind, words = sentences()[number]
    with pytest.raises(kind) as caught:
        ask(gateway)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_query_is_answered_by_all_members_and_changes_nothing(gateway: LocalGateway) -> None:
    system = gateway._system
    before = system.state_sha256()
    schema = system.symbols["SYN"].extractor.schema
    found = gateway.inspect("SYN/direction/4199")
    asked = gateway.predict("SYN/direction", {name: value or 0.0 for name, value in found.features.items()})
    assert [part.source for part in asked.members] == ["online", "batch", "base"]
    assert asked.probability == pytest.approx(found.probability, abs=1e-9)
    assert (asked.schema_id, asked.model_version) == (schema.schema_id, str(system.learning.session("SYN").labels_used))
    assert gateway.predict("SYN/volatility", [0.0] * len(schema.names)).confidence is not None
    alone = gateway.predict("SYN/trade_quality", [0.0] * 36)
    assert (alone.members, alone.schema_id) == ([], None)
    assert system.state_sha256() == before
    assert gateway.status().counts.queries == 2


async def _followed() -> tuple[LocalGateway, list[Step]]:
    gateway = opened(restless(), RESTLESS, speed=0.0, paused=True)
    found: list[Step] = []
    told: list[int] = []
    async with running(gateway):
        await gateway.step(1_000)
        end = gateway.listen(lambda: told.append(gateway.control().seq))
        at = gateway.control().seq + 1
        for _ in range(40):
            await gateway.step(10)
            newest = gateway.control().seq
            for seq in range(at, newest + 1):
                step = gateway.steps("SYN", seq, seq)
                assert step is not None
                found.append(step)
            at = newest + 1
        end()
        await gateway.step(1)
        assert told == sorted(told)
        assert told[-1] == 1_399
        gateway.resume()
        await until(gateway, "finished")
    return gateway, found


def test_every_step_is_streamed_with_all_its_events() -> None:
    gateway, steps = asyncio.run(_followed())
    done = restless_run()
    part = slice(1_000, 1_400)
    assert [step.bar.close for step in steps if step.bar] == [bar.close for bar in done.bars[part]]
    fills = [fill.fill_id for record in done.records[part] for fill in record.fills]
    assert [fill.fill_id for step in steps for fill in step.fills] == fills
    labels = [label.prediction_id for record in done.records[part] for label in record.labels]
    assert [label.prediction_id for step in steps for label in step.labels] == labels
    alarms = [alarm.alarm_id for record in done.records[part] for alarm in record.alarms]
    assert [alarm.alarm_id for step in steps for alarm in step.alarms if alarm.ts_ms == step.ts_ms] == alarms
    served = [prediction.prediction_id for record in done.records[part] for prediction in record.predictions]
    assert [served.prediction_id for step in steps for served in step.served] == served
    assert all(step.steps == 1 for step in steps)
    history = gateway.metrics_history("SYN", "direction", WHOLE)
    by_seq = dict(zip(history.columns["seq"], history.columns["skill_served"], strict=True))
    assert [step.skill["direction"]["served"] for step in steps] == [by_seq[seq] for seq in range(1_000, 1_400)]


def test_steps_can_stand_for_many_rows_and_older_ones_are_gone(gateway: LocalGateway) -> None:
    oldest, newest = gateway.oldest_step, gateway.control().seq
    assert newest - oldest + 1 >= 1_000
    assert gateway.steps("SYN", 0, oldest - 1) is None
    assert gateway.steps("SYN", newest + 1, newest + 9) is None
    one = gateway.steps("SYN", newest - 99, newest)
    assert one is not None
    assert one.steps == 100
    records = restless_run().records[newest - 99 : newest + 1]
    assert len(one.fills) == sum(len(record.fills) for record in records)
    assert len(one.labels) == sum(len(record.labels) for record in records)
    assert one.equity == {book: status.equity for book, status in gateway.positions().books.items()}
    assert b"NaN" not in msgspec.json.encode(one)
