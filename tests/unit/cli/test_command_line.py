"""Help without types beside flags, and sentences about unknown commands and numbers out of range."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from alpha_pulse.cli.command_line import Commands, in_range
from alpha_pulse.cli.commands import app
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.evaluation.streams.named import GENERATORS


def shown(*arguments: str) -> str:
    return " ".join(CliRunner().invoke(app, [*arguments], env={"COLUMNS": "200"}).output.split())


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_shows_no_type_beside_a_flag_and_no_braces_around_an_argument(flag: str) -> None:
    assert "<bool>" not in shown("replay", flag)
    assert "data inspect [OPTIONS] FILE..." in shown("data", "inspect", flag)


def test_an_unknown_command_is_answered_with_the_known_ones() -> None:
    assert "No such command 'bogus'. Commands: replay, run," in shown("bogus")


def test_the_help_of_evaluate_names_every_generator() -> None:
    assert f"({', '.join(GENERATORS)})" in shown("evaluate", "--help")


@pytest.mark.parametrize(
    ("value", "low", "high", "message"),
    [(99_999, 0, 65_535, "--n is 99999; expected a number from 0 to 65535"), (1, 2, None, "--n is 1; expected 2 or more")],
)
def test_a_number_out_of_range_is_refused_with_its_value(value: int, low: int, high: int | None, message: str) -> None:
    commands = Commands("Test.")

    @commands.command()
    def show(n: int = typer.Option(0, callback=in_range(low, high))) -> None:
        """Show."""

    result = CliRunner().invoke(commands, ["--n", str(value)])
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == message
