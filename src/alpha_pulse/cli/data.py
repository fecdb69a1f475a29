"""The commands ``alpha-pulse data inspect`` and ``data import``: read files as a replay does, then report or write them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from alpha_pulse.cli.atomic_files import AtomicFiles
from alpha_pulse.cli.reading import files_of, reader_options
from alpha_pulse.cli.reading_options import DataOptions
from alpha_pulse.cli.render.data import show_imported, show_inspection
from alpha_pulse.cli.terminal.signals import StoppedError, signals
from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.core.files import make_folders
from alpha_pulse.core.version import __version__
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.files.conversion import ImportedFile, ImportResult, file_names, to_parquet
from alpha_pulse.feeds.files.provenance import Provenance, SourceFile, fingerprint
from alpha_pulse.feeds.interval import show_interval
from alpha_pulse.feeds.market_data import MarketData, ReadOptions
from alpha_pulse.feeds.reading import read
from alpha_pulse.feeds.reports.inspection import DataInspection, inspect
from alpha_pulse.library.progress import Phases
from alpha_pulse.reporting.required_bars import too_few_bars

REPLAY = ("alpha-pulse", "replay")


class InspectionOutput(DataInspection, frozen=True, kw_only=True):
    """The JSON of ``data inspect --json``: the inspection, the command that replays the files, and warnings of too few bars."""

    command: str | None
    too_few_bars: tuple[str, ...] = ()


def inspect_files(selection: DataOptions, config: Config, *, json: bool) -> bool:
    """Report how files are read, and return whether a replay would accept them.

    Raises
    ------
    AlphaPulseError
        An argument names no file, or an option has an invalid value.
    """
    paths, options = files_of(selection), reader_options(selection)
    with closing(Phases()) as phases:
        inspection = inspect(paths, options, _file_progress(phases, "reading"))
    bars = {each.symbol: each.bars for each in inspection.symbols}
    output = InspectionOutput(
        **msgspec.structs.asdict(inspection),
        command=shlex.join([*REPLAY, *selection.words()]) if inspection.would_load else None,
        too_few_bars=tuple(too_few_bars(config, bars)),
    )
    if json:
        print(msgspec.json.encode(output).decode())
    else:
        show_inspection(output, output.command, output.too_few_bars)
    return inspection.would_load


def import_files(selection: DataOptions, folder: Path, *, overwrite: bool, json: bool) -> None:
    """Read files, and write one Parquet file for each symbol into a folder.

    Raises
    ------
    AlphaPulseError
        The files are refused, or a file cannot be written.
    StoppedError
        By Ctrl-C or SIGTERM; no file is written then.
    """
    paths, options = files_of(selection), reader_options(selection)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--to {folder} is not a folder; name the folder for the imported files")
    for path in paths:
        if not path.is_file():
            raise ConfigError(f"{path} is not a regular file, and cannot be read a second time for its hash; save it as one")
    with closing(Phases()) as phases:
        data = read(paths, options, _file_progress(phases, "reading"))
    targets = {symbol: folder / name for symbol, name in file_names(data.bars.symbols, data.bars.interval_ns).items()}
    _refuse_overwrites(targets.values(), paths, overwrite=overwrite)
    with signals() as caught, closing(Phases()) as phases:
        hashing, writing = _file_progress(phases, "hashing the sources"), _file_progress(phases, "writing")
        sources: dict[str, SourceFile] = {}
        for done, report in enumerate(data.files):
            _stop_if_signalled(caught)
            hashing(done, len(data.files))
            if report.path not in sources:
                sources[report.path] = _fingerprint(Path(report.path), report.source, report.title)
        _create(folder)
        written = []
        with AtomicFiles() as output:
            bars = data.bars.sorted_by_symbol()
            for done, (symbol, part) in enumerate(bars.symbol_slices()):
                _stop_if_signalled(caught)
                writing(done, len(targets))
                columns = bars.pick(part).with_ends()
                written.append(_write(output, targets[symbol], columns, _provenance(data, symbol, columns, options, sources)))
            _stop_if_signalled(caught)
    result = ImportResult(
        interval=show_interval(data.bars.interval_ns),
        interval_inferred=data.interval_inferred,
        sources=tuple(sources.values()),
        files=tuple(written),
        notes=data.notes,
        command=shlex.join([*REPLAY, "--data", str(folder)]),
    )
    if json:
        print(msgspec.json.encode(result).decode())
    else:
        show_imported(result)
    sys.stdout.flush()


def _file_progress(phases: Phases, title: str) -> Callable[[int, int], None]:
    """Shows how many files are done; a single file shows no progress."""

    def show(done: int, total: int) -> None:
        if total > 1:
            phases.show(title, total, "files", done)

    return show


def _refuse_overwrites(targets: Iterable[Path], sources: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse to overwrite a source, and any other file without ``overwrite``. Raises ConfigError."""
    real = {path.resolve() for path in sources}
    for path in targets:
        if path.resolve() in real:
            raise ConfigError(f"{path} is a file to import and would be overwritten; name another folder with --to")
        if path.exists() and not overwrite:
            raise ConfigError(f"{path} exists already; name another folder with --to, or replace it with --overwrite")


def _fingerprint(path: Path, source: str, title: str) -> SourceFile:
    try:
        return fingerprint(path, source, title)
    except OSError as error:
        raise DataError(f"file {path} cannot be read: {reason_of(error)}; import it again when it can be read") from None


def _create(folder: Path) -> None:
    try:
        make_folders(folder)
    except OSError as error:
        raise ConfigError(f"--to {folder} cannot be created: {reason_of(error)}; name a folder you may write to") from None


def _stop_if_signalled(caught: Sequence[int]) -> None:
    if caught:
        raise StoppedError(caught[0])


def _provenance(
    data: MarketData, symbol: str, columns: BarColumns, options: ReadOptions, sources: dict[str, SourceFile]
) -> Provenance:
    return Provenance(
        version=__version__,
        interval=show_interval(data.bars.interval_ns),
        interval_ns=data.bars.interval_ns,
        symbol=symbol,
        bars=columns.code.size,
        files=tuple({report.path: sources[report.path] for report in data.files if symbol in report.symbols}.values()),
        options=options,
        notes=data.notes,
    )


def _write(output: AtomicFiles, path: Path, columns: BarColumns, provenance: Provenance) -> ImportedFile:
    content = to_parquet(columns, provenance)
    output.write(path, content)
    starts, ends = columns.ts_start, columns.ends()
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
