"""Versions of models on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from alpha_pulse.cli.terminal.table import TableRow, print_table
from alpha_pulse.feeds.interval import show_interval
from alpha_pulse.gateway.model_messages import ModelDetails, ModelList, ModelVersion, ServedModels
from alpha_pulse.serving.registry.difference import FieldDifference, VersionDifference
from alpha_pulse.serving.registry.lineage import Measured
from alpha_pulse.serving.registry.version_files import SHOWN

_TITLES = ["session", "state", "kind", "model", "learned until", "examples"]
_LEAVE_OUT = ["examples", "kind", "model", "learned until"]
_NOTHING = "·"


def show_list(found: ModelList, console: Console) -> None:
    """Print the versions as a table, and below it who serves."""
    rows = [TableRow(each.version[:SHOWN], _cells(each)) for each in found.versions]
    print_table(console, "version", _TITLES, rows, _LEAVE_OUT)
    for each in found.versions:
        if each.problem is not None:
            console.print(f"{each.version[:SHOWN]}: {each.problem}", style="dim", soft_wrap=True)
    console.print()
    for served in found.served:
        console.print(_served(served), soft_wrap=True)


def show_details(details: ModelDetails, console: Console) -> None:
    """Print one version: its lineage, what was measured, and what was done with it."""
    of = details.version
    alias = f", {of.alias}" if of.alias not in (None, of.state) else ""
    console.print(f"version   {of.version}", soft_wrap=True)
    console.print(f"serves    {of.symbol}/{of.target}, {of.state}{alias}; registered {_time(of.added_ms)}")
    if of.kind is not None and details.interval_s is not None:
        inputs = f"{details.n_features} features of schema {details.schema_id}"
        bars = f"bars of {show_interval(round(details.interval_s * 1e9))}"
        console.print(f"model     {of.model}, {of.kind}, {inputs}, horizon {of.horizon} {bars}", soft_wrap=True)
        range_of_bars = f"bars that ended from {_time(of.first_ms)} to {_time(of.last_ms)}"
        console.print(f"data      {of.examples:,} examples, {range_of_bars}", soft_wrap=True)
        step = "" if details.seq is None else f", after step {details.seq:,}"
        ready = "" if details.ready_ms is None else f", predicted from {_time(details.ready_ms)}"
        console.print(f"made      at {_time(of.made_ms)} in run {of.run_id}{step}{ready}", soft_wrap=True)
        if of.served_as:
            console.print(f"named     {of.served_as} in the predictions of that run")
        console.print(f"settings  {str(details.config_hash)[:SHOWN]} (version {details.program_version} of the program)")
        console.print(f"parent    {'none' if of.parent is None else of.parent[:SHOWN]}")
        for name, measured in of.metrics.items():
            console.print(f"measured  {name} {_measured(measured)}")
    size = "missing" if details.size_bytes is None else f"{details.size_bytes:,} bytes"
    checked = "all hashes fit" if details.problem is None else details.problem
    console.print(f"artefact  {size}; {checked}", soft_wrap=True)
    console.print()
    rows = [
        TableRow(_time(move.moved_ms), [move.action, move.state or _NOTHING, move.actor, _reason(move.reason, move.evidence)])
        for move in details.moves
    ]
    print_table(console, "when (UTC)", ["what", "state", "by", "reason"], rows, [])


def show_difference(difference: VersionDifference, console: Console) -> None:
    """Print what differs between two versions."""
    titles = [difference.first[:SHOWN], difference.second[:SHOWN]]
    if difference.first == difference.second:
        console.print("both are the same version")
        return
    if difference.features is not None:
        place, one, other = difference.features.name, difference.features.first, difference.features.second
        console.print(f"the features differ from place {place} on: {one} and {other}")
    for title, fields in (("lineage", difference.fields), ("setting", difference.settings), ("measured", difference.metrics)):
        _fields(title, titles, [field for field in fields if field.name != "version"], console)
    rows = []
    for array in difference.arrays:
        changed = _NOTHING if array.different is None else f"{array.different:,} numbers"
        shapes = " and ".join(_shape(shape) for shape in dict.fromkeys((array.first, array.second)))
        rows.append(TableRow(array.name, [shapes, changed, _NOTHING if array.largest is None else f"{array.largest:.6g}"]))
    if rows:
        print_table(console, "state", ["shape", "different", "largest difference"], rows, [])


def _fields(title: str, titles: Sequence[str], fields: Sequence[FieldDifference], console: Console) -> None:
    if fields:
        rows = [TableRow(field.name, [_value(field.name, field.first), _value(field.name, field.second)]) for field in fields]
        print_table(console, title, titles, rows, [])
        console.print()


def _shape(shape: tuple[int, ...] | None) -> str:
    return "none" if shape is None else " x ".join(map(str, shape))


def _value(name: str, value: Any) -> str:
    if value is None:
        return _NOTHING
    if name.endswith("_ts"):
        return _time(value // 1_000_000)
    if isinstance(value, dict) and "value" in value:
        return _measured(Measured(**value))
    text = str(value)
    return text if len(text) <= 2 * SHOWN else f"{text[:SHOWN]}…"


def _cells(version: ModelVersion) -> list[str]:
    state = version.state if version.alias in (None, version.state) else f"{version.state}, {version.alias}"
    return [
        f"{version.symbol}/{version.target}",
        state,
        version.kind or _NOTHING,
        version.model or _NOTHING,
        _time(version.last_ms),
        _NOTHING if version.examples is None else f"{version.examples:,}",
    ]


def _served(served: ServedModels) -> str:
    aliases = (("champion", served.champion), ("challenger", served.challenger))
    shown = ", ".join(f"{name} {'none' if version is None else version[:SHOWN]}" for name, version in aliases)
    frozen = f"; frozen by {served.frozen_by}: {served.frozen_reason}" if served.frozen else ""
    return f"{served.symbol}/{served.target}: {shown}{frozen}"


def _measured(measured: Measured) -> str:
    value = _NOTHING if measured.value is None else f"{measured.value:+.2f}"
    if measured.low is None or measured.high is None:
        return f"{value} over {measured.n:,} labels"
    return f"{value} ({measured.low:+.2f} .. {measured.high:+.2f}) over {measured.n:,} labels"


def _reason(reason: str, evidence: dict[str, Any]) -> str:
    shown = ", ".join(f"{name} {value}" for name, value in evidence.items())
    return f"{reason} ({shown})" if shown else reason


def _time(ts_ms: int | None) -> str:
    return _NOTHING if ts_ms is None else f"{datetime.fromtimestamp(ts_ms / 1e3, tz=UTC):%Y-%m-%d %H:%M}"
