"""One run of one engine: ``python engine_run.py SRC BOOKS JOURNAL FROM TO``, in a process of its own: SRC may be any version.

It imports the package from the folder SRC, replays TO synthetic bars, and prints one line of JSON: CPU seconds from bar FROM to
bar TO, and the number of bars between them. BOOKS is ``defaults`` or ``lean``. JOURNAL is ``counted``, for a journal that only
counts its steps, or ``stored``, for an SQLite store with the default durability, which contains all steps at bar TO.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

CHUNK_SLICES = 1_024


def cpu_seconds() -> float:
    """CPU seconds of all threads of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def configuration(books: str) -> Any:
    """All defaults; or one logistic model per target, no batch model and one book, with detectors and regimes."""
    import msgspec

    from alpha_pulse.core.config import Config

    lean = {"learning": {"model": "logistic"}, "batch": {"enabled": False}, "execution": {"shadow_books": False}}
    return msgspec.convert(lean if books == "lean" else {}, Config)


def counting_store() -> Any:
    """A store that counts steps, and stores neither steps nor checkpoints; in a version with blocks, it is the journal too."""
    from alpha_pulse.stores.memory import MemoryStore

    class CountingStore(MemoryStore):
        count = 0

        @property
        def head(self) -> tuple[int, bytes]:
            return self.count - 1, b""

        @property
        def next_seq(self) -> int:
            return self.count

        def append(self, block: Any, *_: Any) -> Any:
            self.count += getattr(block, "steps", 1)
            return self.count - 1

        def count_block(self, record: Any) -> None:
            self.count += len(record.block)

        def save_checkpoint(self, seq: int, blob: bytes) -> None:
            pass

    return CountingStore()


def sqlite_store(folder: str, settings: Any) -> Any:
    """A store in a folder."""
    from alpha_pulse.stores.sql import SqliteStore

    return SqliteStore(Path(folder) / "run.db", settings)


def run_to(system: Any, bar: int) -> None:
    """Run to a bar: in blocks as `alpha_pulse.runtime.replay` does, or step by step in a version without blocks."""
    while hasattr(system, "advance") and system.feed.position < bar:
        system.advance(min(CHUNK_SLICES, bar - system.feed.position))
    while system.feed.position < bar:
        system.step()


def main() -> None:
    """Measure and print."""
    source, books, journal, first, last = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])
    sys.path.insert(0, source)
    from alpha_pulse.engine.system import System
    from alpha_pulse.feeds.synthetic import Market, regimes

    market = Market(interval_ns=300_000_000_000, volatility=0.0015, has_volume=True)
    feed = regimes(last, seed=8, change_points=[last * k // 4 for k in (1, 2, 3)], market=market)
    config = configuration(books)
    with tempfile.TemporaryDirectory() as folder:
        store = sqlite_store(folder, config.store) if journal == "stored" else counting_store()
        print(json.dumps({"cpu_s": measured(System(config, feed, store), store, first, last), "bars": last - first}))
        store.close()


def measured(system: Any, store: Any, first: int, last: int) -> float:
    """CPU seconds from bar ``first`` to bar ``last``."""
    system.begin("benchmark", resume=False)
    if hasattr(store, "count") and hasattr(system, "write_block"):
        system.write_block = store.count_block
    elif hasattr(store, "count") and hasattr(system.pipeline, "journal"):
        system.pipeline.journal = store
    run_to(system, first)
    start = cpu_seconds()
    run_to(system, last)
    store.flush()
    return cpu_seconds() - start


if __name__ == "__main__":
    main()
