"""Fill a small disk and free it again, many times, under a run that is only started again; run in a namespace that may mount.

``python -m faults.filling FOLDER CYCLES SEED`` prints what became of the examples that were acknowledged, as JSON.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path

from faults.server import Request, serving


def cycles(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Fill the disk up to some kB, feed until it is full, free it, and go on."""
    chance, ballast, store = random.Random(seed), folder / "ballast", folder / "run.db"
    acknowledged = full = lost = doubled = failed = 0
    with serving() as server:
        for _ in range(count):
            fill(ballast, folder, 1_024 * chance.randrange(16, 400))
            arguments = {"store": str(store), "first": acknowledged, "examples": 3_000}
            first = server.ask(Request("feed", arguments))
            full += any("no space is left on the disk; " in line.get("refused", "") for line in first.told)
            acknowledged = max([acknowledged, *(line["acknowledged"] for line in first.told if "acknowledged" in line)])
            ballast.unlink()
            again = server.ask(Request("feed", {**arguments, "first": acknowledged, "examples": 3}))
            failed += again.code != 0 or "Traceback" in first.error
            held: list[int] = next((line["held"] for line in again.told if "held" in line), [])
            lost += len(set(range(acknowledged)) - set(held))
            doubled += len(held) - len(set(held))
            acknowledged = max([acknowledged, *(line["acknowledged"] for line in again.told if "acknowledged" in line)])
    return {"full": full, "acknowledged": acknowledged, "lost": lost, "doubled": doubled, "failed": failed}


def fill(ballast: Path, folder: Path, free: int) -> None:
    """Write a file that leaves ``free`` bytes of the disk."""
    with ballast.open("wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(folder).free - free)))


if __name__ == "__main__":
    print(json.dumps(cycles(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
