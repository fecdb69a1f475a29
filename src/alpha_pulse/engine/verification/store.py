"""Checks a stored run from its first step to its result: hash chain, counts, references, checkpoints, result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from alpha_pulse.core.errors import StateError
from alpha_pulse.engine.checkpoint import read_checkpoint
from alpha_pulse.engine.verification.steps import Steps
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.journal.block import decode_blocks
from alpha_pulse.journal.defects import Defects
from alpha_pulse.stores.base import Block
from alpha_pulse.stores.reading import StoreReader


class Check(msgspec.Struct, frozen=True):
    """One check: its finding in words (``detail``), and how many defects (``errors``)."""

    name: str
    ok: bool
    detail: str
    errors: int = 0


class Verification(msgspec.Struct, frozen=True):
    """The result of checking one stored run."""

    store: str
    run_id: str | None
    steps: int | None
    finished: bool | None
    ok: bool
    checks: list[Check]


def verify(reader: StoreReader, on_progress: Callable[[int], object] = lambda _: None) -> Verification:
    """Check all that is stored of a run.

    Parameters
    ----------
    reader
        The store.
    on_progress
        Called with the number of steps read, after each block.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from alpha_pulse.stores.base import RunIdentity
    >>> from alpha_pulse.stores.sql import SqliteStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SqliteStore(Path(folder, "run.db"))
    ...     store.begin(RunIdentity("r", "c", "f", "1"), resume=False)
    ...     store.close()
    ...     with StoreReader(Path(folder, "run.db")) as reader:
    ...         found = verify(reader)
    >>> found.ok, [check.name for check in found.checks]
    (True, ['file', 'chain', 'counts', 'references', 'learning', 'checkpoints', 'result'])
    """
    steps, hashes = Steps(), dict[int, str]()
    checks = [_attempt("file", lambda: _file(reader)), _attempt("chain", lambda: _chain(reader, steps, hashes, on_progress))]
    if checks[-1].ok:
        counts = steps.counts
        checks += [
            _summary("counts", steps.order, _counted(steps)),
            _summary(
                "references",
                steps.references,
                f"{counts['fills']:,} fills, {counts['lots']:,} lots, {counts['orders']:,} orders",
            ),
            _summary("learning", steps.outcomes, _outcomes(steps)),
            _attempt("checkpoints", lambda: _checkpoints(reader, hashes)),
            _attempt("result", lambda: _result(reader, steps)),
        ]
    run_id = None if reader.identity is None else reader.identity.run_id
    ok = all(check.ok for check in checks)
    return Verification(f"sqlite:///{reader.path}", run_id, reader.step_count, reader.finished, ok, checks)


def _attempt(name: str, check: Callable[[], Check]) -> Check:
    """The result of ``check``; an error of the stored state is a failed check."""
    try:
        return check()
    except StateError as error:
        return Check(name, ok=False, detail=str(error), errors=1)


def _summary(name: str, defects: Defects, detail: str) -> Check:
    if not defects.count:
        return Check(name, ok=True, detail=detail)
    more = f"; and {defects.count - len(defects.shown):,} more" if defects.count > len(defects.shown) else ""
    return Check(name, ok=False, detail="; ".join(defects.shown) + more, errors=defects.count)


def _file(reader: StoreReader) -> Check:
    defects = Defects()
    for sentence in reader.defects():
        defects.add(sentence)
    identity = reader.identity
    config = "" if identity is None else identity.config
    if identity is not None and config and hashlib.sha256(config.encode()).hexdigest() != identity.config_hash:
        defects.add("the stored configuration is not the one that config_hash names")
    return _summary("file", defects, "pages, tables and the run's identity are intact")


def _chain(reader: StoreReader, steps: Steps, hashes: dict[int, str], on_progress: Callable[[int], object]) -> Check:
    wanted = set(reader.checkpoint_steps())

    def stored() -> Iterator[Block]:
        for block in reader.blocks():
            if block.seq in wanted:
                hashes[block.seq] = block.hash.hex()
            yield block

    for block in decode_blocks(stored()):
        steps.read(block)
        on_progress(block.first_seq + block.steps)
    steps.finish()
    on_progress(reader.step_count)
    return Check("chain", ok=True, detail=f"{reader.step_count:,} steps, each block fits the one before; .head agrees")


def _counted(steps: Steps) -> str:
    counts = steps.counts
    return (
        f"{counts['predictions']:,} predictions = {counts['labelled']:,} labelled + {steps.pending:,} pending + "
        f"{counts['expired']:,} expired"
    )


def _outcomes(steps: Steps) -> str:
    counts = steps.counts
    return (
        f"{counts['outcomes']:,} closed lots of book {PRIMARY} and {counts['given']:,} external ones, "
        f"{counts['scored']:,} of them used for learning; {steps.adaptations:,} adaptations, {counts['examples']:,} examples"
    )


def _checkpoints(reader: StoreReader, hashes: dict[int, str]) -> Check:
    defects, count = Defects(), 0
    for seq in reader.checkpoint_steps():
        count += 1
        try:
            meta = read_checkpoint(reader.checkpoint(seq))[1]
        except StateError as error:
            defects.add(f"the checkpoint at step {seq}: {error}")
            continue
        if meta.get("seq") != seq or (seq >= 0 and meta.get("journal_hash") != hashes.get(seq)):
            defects.add(f"the checkpoint at step {seq} does not belong to this journal")
    each = "its step" if count == 1 else "their steps"
    return _summary("checkpoints", defects, f"{count} checkpoint{'' if count == 1 else 's'}, intact and consistent with {each}")


def _result(reader: StoreReader, steps: Steps) -> Check:
    content = reader.result()
    if content is None:
        return Check("result", ok=True, detail="none yet, since the run is not finished")
    result: dict[str, Any] = msgspec.json.decode(content)
    defects, figures = Defects(), _figures(steps)
    for name, counted in figures.items():
        stated = _stated(result, name)
        if stated is not None and stated != counted:
            defects.add(f"{name} is {stated} in the result, but {counted} in the journal")
    return _summary("result", defects, f"hash and {len(figures)} recomputed figures match")


def _figures(steps: Steps) -> dict[str, int | str]:
    """Figures that the result contains too, by their path in it."""
    counts = steps.counts
    names = (
        "bars",
        "slices",
        "predictions",
        "labelled",
        "expired",
        "ties",
        "refusals",
        "abstentions",
        "drift_alarms",
    )
    figures: dict[str, int | str] = {name: counts[name] for name in names}
    figures |= {"pending": steps.pending, "adaptations": steps.adaptations, "decisions": steps.decisions}
    figures |= {"decisions_sha256": steps.decisions_sha256}
    figures |= {f"books.{book}.fills": count for book, count in steps.fills_of.items()}
    return figures


def _stated(result: dict[str, Any], path: str) -> Any:
    value: Any = result
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
