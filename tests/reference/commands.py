"""The tables of a command's arguments and options, from the Typer application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer.main
from typer.core import TyperArgument, TyperGroup

from alpha_pulse.cli.commands import app

from .markdown import markdown_table

MARKUP = re.compile(r"\[/?(?:bold)?\]")
"""The Rich markup of help texts; bold words are code on the page."""


def tables() -> dict[str, str]:
    """A table for each command that has arguments or options, by its words."""
    return {name: _table(command) for name, command in _commands(typer.main.get_command(app), "")}


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(command, TyperGroup):
        for word, below in command.commands.items():
            yield from _commands(below, f"{name} {word}".strip())
    else:
        yield name, command


def _table(command: Any) -> str:
    return markdown_table(["option", "default", "meaning"], [_row(parameter) for parameter in command.params])


def _row(parameter: Any) -> list[str]:
    meaning = MARKUP.sub("`", parameter.help or "")
    if isinstance(parameter, TyperArgument):
        return [f"`{parameter.metavar}`", "required", meaning]
    if parameter.is_flag:
        return [f"`{parameter.opts[0]}`", "", meaning]
    default = "required" if parameter.required else "" if parameter.default is None else f"`{_shown(parameter.default)}`"
    return [f"`{parameter.opts[0]} {parameter.metavar}`", default, meaning]


def _shown(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)
