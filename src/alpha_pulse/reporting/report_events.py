"""Alarms, responses, adaptations and models in a result: each time has a second field with the open of its bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from alpha_pulse.core.types import AdaptationAction, AlarmResponse, DriftAlarm
from alpha_pulse.learning.training import ModelReady

BarOpen = Callable[[str, int], int]
"""The open of a symbol's bar that ends at an instant; nanoseconds."""


class ListedAlarm(DriftAlarm, frozen=True, gc=False, kw_only=True):
    """A drift alarm; the opens are None in a result of an older version."""

    bar_open_ts: int | None = None
    change_bar_open_ts: int | None = None


class ListedResponse(AlarmResponse, frozen=True, gc=False, kw_only=True):
    """A response to an alarm."""

    bar_open_ts: int | None = None


class ListedAction(AdaptationAction, frozen=True, gc=False, kw_only=True):
    """An adaptation."""

    bar_open_ts: int | None = None
    closed_bar_open_ts: int | None = None


class ListedModel(ModelReady, frozen=True, gc=False, kw_only=True):
    """A batch model; its ready time is the end of its training, which is not the end of a bar."""

    trained_bar_open_ts: int | None = None


T = TypeVar("T", ListedAlarm, ListedResponse, ListedAction, ListedModel)


def listed(kind: type[T], event: msgspec.Struct, symbol: str, opened: BarOpen) -> T:
    """``event`` as ``kind``, whose fields ``..._bar_open_ts`` are computed from its times of these names."""
    content = {name: getattr(event, name) for name in event.__struct_fields__}
    for name in kind.__struct_fields__[len(content) :]:
        ts = content["ts" if name == "bar_open_ts" else name.replace("bar_open_", "")]
        content[name] = None if ts is None else opened(symbol, ts)
    return kind(**content)
