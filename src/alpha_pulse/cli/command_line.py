"""Typer commands with short help, and with errors that name the value and what was expected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from alpha_pulse.core.errors import ConfigError

HELP_NAMES = {"help_option_names": ["-h", "--help"]}


class _Command(TyperCommand):
    """A command whose help shows no type for flags, and no braces around arguments."""

    def get_params(self, ctx: Any) -> list[Any]:
        """See `typer.core.TyperCommand.get_params`."""
        return _without_flag_types(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words of the usage line."""
        arguments = [str(parameter.metavar) for parameter in self.params if isinstance(parameter, TyperArgument)]
        return ["[OPTIONS]", *arguments]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; one too many is taken for a file of bars, where these are named by ``--data``."""
        if any("--data" in parameter.opts for parameter in self.params):
            ctx.allow_extra_args = True
        rest: list[str] = super().parse_args(ctx, args)
        if rest and ctx.allow_extra_args and not ctx.resilient_parsing:
            ctx.fail(f"Got unexpected extra argument ({' '.join(rest)}). Files are named by --data: --data {rest[0]}")
        return rest


class _Group(TyperGroup):
    """A group of commands; an unknown command is answered with the known ones."""

    def get_params(self, ctx: Any) -> list[Any]:
        """See `typer.core.TyperCommand.get_params`."""
        return _without_flag_types(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command of the first argument."""
        if not args[0].startswith("-") and args[0] not in self.commands:
            ctx.fail(f"No such command {args[0]!r}. Commands: {', '.join(self.commands)}.")
        return super().resolve_command(ctx, args)


class Commands(typer.Typer):
    """A group of commands with short help and ``-h``.

    Parameters
    ----------
    about
        The help of the group, with Rich markup.
    """

    def __init__(self, about: str, **options: Any) -> None:
        super().__init__(
            cls=_Group, help=about, no_args_is_help=True, rich_markup_mode="rich", context_settings=HELP_NAMES, **options
        )

    def command(self, name: str | None = None, **options: Any) -> Callable[..., Any]:
        """Add a function as a command."""
        return super().command(name, cls=_Command, **options)


def in_range(low: int, high: int | None = None) -> Callable[[typer.CallbackParam, Any], Any]:
    """A callback that checks the range of an option; it raises ConfigError for a number outside the range."""
    expected = f"{low} or more" if high is None else f"a number from {low} to {high}"

    def check(parameter: typer.CallbackParam, value: Any) -> Any:
        if value is not None and not low <= value <= (value if high is None else high):
            raise ConfigError(f"{parameter.opts[0]} is {value}; expected {expected}")
        return value

    return check


def _without_flag_types(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return parameters
