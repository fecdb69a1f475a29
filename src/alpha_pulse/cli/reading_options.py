"""The options of every command that reads bars, each stated once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer


class DataOptions(NamedTuple):
    """The files of a command that reads bars, and the options of the reader, as on the command line."""

    data: list[str] | None
    interval: Annotated[
        str | None, typer.Option(metavar="I", help="Length of a bar: 5m, 1h, 1d, 1w, 1mo (default: inferred).")
    ] = None
    tz: Annotated[
        str | None, typer.Option(metavar="Z", help="Time zone of times without one, such as UTC; required for such times.")
    ] = None
    symbol: Annotated[
        list[str] | None,
        typer.Option(metavar="S", help="Only this symbol; may be repeated. Names the bars of a file without symbols."),
    ] = None
    stamp: Annotated[
        str | None,
        typer.Option(
            metavar="open|close", help="Whether a bar's time is its open or its close (default: that of the source, else open)."
        ),
    ] = None
    duplicates: Annotated[
        str, typer.Option(metavar="refuse|first|last", help="What to do with several rows of one symbol and time.")
    ] = "refuse"
    dates: Annotated[
        str | None,
        typer.Option(
            metavar="dmy|mdy|ymd", help="Order of day, month and year in 01/02/2024 (default: inferred from the rows)."
        ),
    ] = None
    adjusted: Annotated[
        bool, typer.Option("--adjusted", help="Use adjusted closes, and scale the other prices by the same factor.")
    ] = False

    def words(self) -> list[str]:
        """The options as arguments of a command line."""
        words = [word for path in self.data or () for word in ("--data", path)]
        for flag, value in (("--interval", self.interval), ("--tz", self.tz), ("--stamp", self.stamp), ("--dates", self.dates)):
            words += [] if value is None else [flag, value]
        words += [] if self.duplicates == "refuse" else ["--duplicates", self.duplicates]
        words += ["--adjusted"] if self.adjusted else []
        return words + [word for name in self.symbol or () for word in ("--symbol", name)]


def reads_bars(files: Any, *, required: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace the parameter ``options`` of a command by the options of `DataOptions`, which the command then receives as one.

    Parameters
    ----------
    files
        The annotation of the option or argument that names the files.
    required
        Whether they must be named.
    """
    types = {**get_type_hints(DataOptions, include_extras=True), "data": files}
    options = [
        parameter.replace(
            kind=inspect.Parameter.KEYWORD_ONLY,
            annotation=types[name],
            default=None if name == "data" and not required else parameter.default,
        )
        for name, parameter in inspect.signature(DataOptions).parameters.items()
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def read(**values: Any) -> None:
            command(options=DataOptions(**{name: values.pop(name) for name in types}), **values)

        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command, eval_str=True).parameters.values():
            one = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            parameters += options if parameter.name == "options" else [one]
        # Typer reads both.
        read.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        read.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return read

    return decorate
