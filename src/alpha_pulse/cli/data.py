"""What ``alpha-pulse data inspect`` and ``data import`` do: read as a replay does, and report or write clean files."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from alpha_pulse import __version__
from alpha_pulse.cli.atomic_files import Together
from alpha_pulse.cli.reading import Given
from alpha_pulse.cli.render.data import show_imported, show_inspection
from alpha_pulse.cli.terminal.progress import Phases
from alpha_pulse.cli.terminal.signals import StoppedError, signals
from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.core.files import make_folders
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.files.conversion import ImportedFile, ImportResult, file_names, to_parquet
from alpha_pulse.feeds.files.provenance import Provenance, SourceFile, fingerprint
from alpha_pulse.feeds.interval import show_interval
from alpha_pulse.feeds.market_data import MarketData, ReadOptions
from alpha_pulse.feeds.reading import read
from alpha_pulse.feeds.reports.inspection import Inspection, inspect
from alpha_pulse.reporting.required_bars import too_few_bars

REPLAY = ("alpha-pulse", "replay")


class Answer(Inspection, frozen=True, kw_only=True):
    """What ``data inspect --json`` prints: an inspection, the command that replays the files, and what is too short for it."""

    command: str | None
    too_few_bars: tuple[str, ...] = ()


def inspect_files(given: Given, config: Config, *, json: bool) -> bool:
    """Report how files are understood; whether a replay would take them.

    Raises
    ------
    AlphaPulseError
        An argument names no file, or an option cannot be read.
    """
    paths, options = given.files(), given.options()
    with closing(Phases()) as phases:
        found = inspect(paths, options, _showing(phases, "reading"))
    bars = {each.symbol: each.bars for each in found.symbols}
    answer = Answer(
        **msgspec.structs.asdict(found),
        command=shlex.join([*REPLAY, *given.words()]) if found.would_load else None,
        too_few_bars=tuple(too_few_bars(config, bars)),
    )
    if json:
        print(msgspec.json.encode(answer).decode())
    else:
        show_inspection(answer, answer.command, answer.too_few_bars)
    return found.would_load


def import_files(given: Given, folder: Path, *, overwrite: bool, json: bool) -> None:
    """Read files, and write one Parquet file for each symbol into a folder.

    Raises
    ------
    AlphaPulseError
        The files are refused, or a file cannot be written.
    StoppedError
        By Ctrl-C or SIGTERM; nothing is written then.
    """
    paths, options = given.files(), given.options()
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--to {folder} is not a folder; name the folder that is to hold the imported files")
    for path in paths:
        if not path.is_file():
            raise ConfigError(f"{path} can be read only once, but its content is to be hashed too; save it as a file first")
    with closing(Phases()) as phases:
        data = read(paths, options, _showing(phases, "reading"))
    targets = {symbol: folder / name for symbol, name in file_names(data.bars.symbols, data.bars.interval_ns).items()}
    _refuse_taken(targets.values(), paths, overwrite=overwrite)
    with signals() as caught, closing(Phases()) as phases:
        hashing, writing = _showing(phases, "hashing the sources"), _showing(phases, "writing")
        sources: dict[str, SourceFile] = {}
        for done, report in enumerate(data.files):
            _heed(caught)
            hashing(done, len(data.files))
            if report.path not in sources:
                sources[report.path] = _fingerprint(Path(report.path), report.source, report.title)
        _make(folder)
        written = []
        with Together() as together:
            bars = data.bars.sorted_by_symbol()
            for done, (symbol, part) in enumerate(bars.symbol_slices()):
                _heed(caught)
                writing(done, len(targets))
                own = bars.pick(part).with_ends()
                written.append(_write(together, targets[symbol], own, _provenance(data, symbol, own, options, sources)))
            _heed(caught)
    found = ImportResult(
        interval=show_interval(data.bars.interval_ns),
        interval_inferred=data.interval_inferred,
        sources=tuple(sources.values()),
        files=tuple(written),
        notes=data.notes,
        command=shlex.join([*REPLAY, "--data", str(folder)]),
    )
    if json:
        print(msgspec.json.encode(found).decode())
    else:
        show_imported(found)
    sys.stdout.flush()


def _showing(phases: Phases, title: str) -> Callable[[int, int], None]:
    """Shows how many files are done of how many; a single file has no progress to show."""

    def show(done: int, total: int) -> None:
        if total > 1:
            phases.show(title, total, "files", done)

    return show


def _refuse_taken(targets: Iterable[Path], sources: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse to write over a source, and over any other file unless that was asked for. Raises ConfigError."""
    real = {path.resolve() for path in sources}
    for path in targets:
        if path.resolve() in real:
            raise ConfigError(f"{path} would be written over the file it is imported from; name another folder with --to")
        if path.exists() and not overwrite:
            raise ConfigError(f"{path} is there already; name another folder with --to, or write over it with --overwrite")


def _fingerprint(path: Path, source: str, title: str) -> SourceFile:
    try:
        return fingerprint(path, source, title)
    except OSError as error:
        raise DataError(f"file {path} cannot be read: {reason_of(error)}; import it again when it can") from None


def _make(folder: Path) -> None:
    try:
        make_folders(folder)
    except OSError as error:
        raise ConfigError(f"--to {folder} cannot be made: {reason_of(error)}; name a folder you may write to") from None


def _heed(caught: Sequence[int]) -> None:
    if caught:
        raise StoppedError(caught[0])


def _provenance(
    data: MarketData, symbol: str, own: BarColumns, options: ReadOptions, sources: dict[str, SourceFile]
) -> Provenance:
    return Provenance(
        version=__version__,
        interval=show_interval(data.bars.interval_ns),
        interval_ns=data.bars.interval_ns,
        symbol=symbol,
        bars=own.code.size,
        files=tuple({report.path: sources[report.path] for report in data.files if symbol in report.symbols}.values()),
        options=options,
        notes=data.notes,
    )


def _write(together: Together, path: Path, own: BarColumns, provenance: Provenance) -> ImportedFile:
    content = to_parquet(own, provenance)
    together.write(path, content)
    starts, ends = own.ts_start, own.ends()
    return ImportedFile(
        path=str(path),
        symbol=provenance.symbol,
        bars=starts.size,
        first_open_ts=int(starts[0]),
        first_close_ts=int(ends[0]),
        last_open_ts=int(starts[-1]),
        last_close_ts=int(ends[-1]),
        bytes=len(content),
    )
