from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.config import RiskConfig
from alpha_pulse.kernels.execution.risk_gate import reduces
from execution_parts import checked, fitting
from execution_samples import CENTS, UNIT
from naive_books import naive_gate
from naive_execution.risk import OrderRequest, RiskGate

PLAIN = OrderRequest(UNIT, 0, 100.0, 100_000, 100_000, 0, 60, 0, CENTS)

requests = st.builds(
    OrderRequest,
    quantity=st.one_of(st.integers(-(10**8), 10**8), st.integers(-(2**64), 2**64)),
    held=st.integers(-(10**8), 10**8),
    price=st.one_of(st.floats(0.01, 1e4), st.sampled_from([0.0, -1.0, math.nan, math.inf, -math.inf])),
    equity=st.integers(-(10**5), 10**8),
    day_start_equity=st.integers(1, 10**8),
    age_ns=st.integers(0, 400),
    interval_ns=st.just(60),
    frozen_bars=st.integers(0, 20),
    units=st.just(CENTS),
    others=st.integers(0, 10**8),
)
limits = st.builds(
    RiskConfig,
    max_position_fraction=st.floats(0.1, 2.0),
    max_order_fraction=st.floats(0.1, 3.0),
    max_daily_loss_fraction=st.floats(0.01, 1.0),
    stale_after_intervals=st.floats(0.5, 5.0),
    frozen_after_bars=st.integers(1, 20),
)


@given(limits, requests)
def test_the_gate_passes_what_its_reference_passes(risk: RiskConfig, request: OrderRequest) -> None:
    reasons = checked(risk, request)
    assert (not reasons) == naive_gate(risk, request)


@given(limits, requests)
def test_the_sentences_are_those_of_the_twin(risk: RiskConfig, request: OrderRequest) -> None:
    assert checked(risk, request) == RiskGate(risk).check(request)


@given(limits, requests)
def test_no_order_beyond_a_limit_passes_unless_it_only_reduces(risk: RiskConfig, request: OrderRequest) -> None:
    if checked(risk, request) or reduces(request.held, fitting(request.quantity)):
        return
    worth = request.price / 10_000
    assert abs(request.held + request.quantity) * worth + request.others <= risk.max_position_fraction * request.equity + 1
    assert abs(request.quantity) * worth <= risk.max_order_fraction * request.equity + 1


def changed(**values: float) -> OrderRequest:
    return msgspec.structs.replace(PLAIN, **values)


REFUSED = {
    "position": (changed(quantity=11 * UNIT), ["1,100.00", "1,000.00", "max_position_fraction"]),
    "order": (changed(quantity=25 * UNIT, held=-15 * UNIT), ["2,500.00", "2,000.00", "max_order_fraction"]),
    "other symbols": (changed(quantity=6 * UNIT, others=50_000), ["500.00", "1,100.00", "max_position_fraction"]),
    "loss": (changed(equity=97_000), ["30.00", "max_daily_loss_fraction"]),
    "stale": (changed(age_ns=181), ["3.0 intervals", "stale_after_intervals"]),
    "frozen": (changed(frozen_bars=12), ["12 bars", "frozen_after_bars"]),
    "zero": (changed(price=0.0), ["0.0", "above 0"]),
    "nan": (changed(price=math.nan), ["nan", "finite"]),
    "huge": (changed(quantity=2**63, price=1e-12), ["2**63"]),
}


@pytest.mark.parametrize(("request_", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_reason_names_what_was_found_and_the_limit(request_: OrderRequest, words: list[str]) -> None:
    reasons = checked(RiskConfig(), request_)
    assert any(all(word in reason for word in words) for reason in reasons)


def test_all_reasons_are_given_together() -> None:
    bad = changed(quantity=25 * UNIT, equity=90_000, age_ns=1000, frozen_bars=99)
    assert len(checked(RiskConfig(), bad)) == 5


def test_limits_themselves_pass() -> None:
    assert checked(RiskConfig(), changed(quantity=10 * UNIT, age_ns=180, frozen_bars=11)) == ()
    assert checked(RiskConfig(), changed(equity=97_001)) == ()


def test_an_order_that_only_reduces_passes_all_but_a_bad_price() -> None:
    trapped = changed(quantity=30 * UNIT, held=-30 * UNIT, equity=50_000, age_ns=10_000, frozen_bars=99)
    assert checked(RiskConfig(), trapped) == ()
    assert checked(RiskConfig(), msgspec.structs.replace(trapped, quantity=31 * UNIT))
    assert checked(RiskConfig(), msgspec.structs.replace(trapped, price=-5.0))
