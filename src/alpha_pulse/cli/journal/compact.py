"""The command ``alpha-pulse journal compact``: remove old checkpoints and free pages from a stored run."""

from __future__ import annotations

import msgspec

from alpha_pulse.library.places import find_run
from alpha_pulse.runtime.kept_checkpoints import checkpoints_to_keep
from alpha_pulse.stores.copies.compaction import compact


def compact_run(run: str, keep_checkpoints: int, *, json: bool) -> None:
    """Compact a run that nobody uses, and print what was done.

    Parameters
    ----------
    run
        A store's URL or path, or the id of a run in this user's data folder.
    keep_checkpoints
        How many checkpoints that the run can be resumed from are kept.
    json
        Print JSON instead of text.

    Raises
    ------
    AlphaPulseError
        There is no such run, it is in use or damaged, or the new file cannot be written.
    """
    path = find_run(run)
    done = compact(path, lambda reader: checkpoints_to_keep(reader, keep_checkpoints))
    if json:
        print(msgspec.json.encode({"store": f"sqlite:///{path}", **msgspec.structs.asdict(done)}).decode())
    else:
        print(
            f"sqlite:///{path}: {done.bytes_before:,} bytes before, {done.bytes_after:,} now; "
            f"{len(done.removed)} checkpoints removed, {len(done.kept)} kept; all steps are kept, and the hashes were checked"
        )
