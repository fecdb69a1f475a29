"""One run of one engine: ``python engine_run.py SRC BOOKS FROM TO``, a separate process, so that SRC may be any version.

It imports the package from the folder SRC, replays TO synthetic bars into a journal that only counts its rows, and prints one
line of JSON: CPU seconds from bar FROM to bar TO, and the number of bars between them. BOOKS is ``defaults`` or ``lean``.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any


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
    """A store that counts rows, and stores neither rows nor checkpoints."""
    from alpha_pulse.stores.memory import MemoryStore

    class CountingStore(MemoryStore):
        count = 0

        @property
        def head(self) -> tuple[int, bytes]:
            return self.count - 1, b""

        def append(self, ts_event: int, payload: bytes, decision: bytes | None) -> int:
            self.count += 1
            return self.count - 1

        def count_block(self, record: Any) -> None:
            self.count += len(record.block)

        def save_checkpoint(self, seq: int, blob: bytes) -> None:
            pass

    return CountingStore()


def run_to(system: Any, bar: int) -> None:
    """Run to a bar: in blocks, or step by step in a version without blocks."""
    if hasattr(system, "advance"):
        system.advance(bar - system.feed.position)
    while system.feed.position < bar:
        system.step()


def main() -> None:
    """Measure and print."""
    source, books, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    sys.path.insert(0, source)
    from alpha_pulse.engine.system import System
    from alpha_pulse.feeds.synthetic import Market, regimes

    market = Market(interval_ns=300_000_000_000, volatility=0.0015, has_volume=True)
    feed = regimes(last, seed=8, change_points=[last * k // 4 for k in (1, 2, 3)], market=market)
    store = counting_store()
    system = System(configuration(books), feed, store)
    system.begin("benchmark", resume=False)
    if hasattr(system, "write_block"):
        system.write_block = store.count_block
    run_to(system, first)
    start = cpu_seconds()
    run_to(system, last)
    print(json.dumps({"cpu_s": cpu_seconds() - start, "bars": last - first}))


if __name__ == "__main__":
    main()
