"""Invariant 8: what is not finite is refused at the boundary; a model that diverges is set back while the run goes on."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.errors import DataError, NonFiniteError
from alpha_pulse.core.types import Bar
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.models import ONLINE
from flow.runs import LEAN, Diverging, begun, restless, run

BAD = [math.nan, math.inf, -math.inf, 1e300]


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume", "bid", "ask"])
def test_a_bar_that_is_not_finite_cannot_be(field: str, value: float) -> None:
    bar = Bar("X", 1, 1, 1.0, 1.0, 1.0, 1.0)
    with pytest.raises(NonFiniteError, match="not finite"):
        msgspec.structs.replace(bar, **{field: value})


@pytest.mark.parametrize("value", [*BAD, 0.0, -1.0])
def test_a_feed_with_such_a_bar_is_refused_by_its_row(value: float) -> None:
    columns = restless(100).columns
    closes = columns.close.copy()
    closes[41] = value
    with pytest.raises(DataError, match=r"row 42: column 'close'"):
        ReplayFeed(msgspec.structs.replace(columns, close=closes))


def test_a_model_that_diverges_is_set_back_and_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ONLINE, "diverging", "flow.runs:Diverging")
    settings = {**LEAN, "learning.model": "diverging", "adaptation.enabled": False}
    feed = restless(1_600)
    Diverging.left, Diverging.width = Diverging.at, begun(restless(10)).symbols["SYN"].n_features("direction")
    done = run(feed, settings)
    session = done.system.learning.session("SYN")
    assert session.quarantines == 1
    assert done.system.learning.session("SYN", "volatility").quarantines == 0
    direction = [prediction for prediction in done.predictions if prediction.target == "direction"]
    suspect = [number for number, prediction in enumerate(direction) if prediction.quarantined]
    assert len(suspect) == 1
    (missing,) = direction[suspect[0]].missing
    assert missing.model_id == "diverging"
    assert "quarantined" in missing.reason
    assert [part.source for part in direction[suspect[0]].members] == ["base"]
    following = direction[suspect[0] + 1]
    assert [part.source for part in following.members] == ["online", "base"]
    assert following.missing == ()
    assert all(0.0 <= prediction.probability <= 1.0 for prediction in done.predictions)
    assert np.isfinite([signal.direction for signal in done.signals]).all()
    assert session.labels_used > 1_500
    assert session.model.healthy()
