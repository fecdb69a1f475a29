"""The command ``alpha-pulse journal backup``: copy a stored run to another file."""

from __future__ import annotations

import msgspec

from alpha_pulse.cli.terminal.paths import check_folders_exist
from alpha_pulse.library.places import find_run, run_id_of, store_file
from alpha_pulse.stores.copies.backup import backup
from alpha_pulse.stores.reading import StoreReader


def backup_run(run: str, to: str, *, json: bool) -> None:
    """Copy a run, and print what the copy contains.

    Parameters
    ----------
    run
        A store's URL or path, or the id of a run in this user's data folder.
    to
        The URL or the path of the copy.
    json
        Print JSON instead of text.

    Raises
    ------
    AlphaPulseError
        There is no such run, none has been written yet, it is damaged, or the copy exists or cannot be written.
    """
    path, new = find_run(run), store_file(to, "--to", "a path, or sqlite:///FILE")
    check_folders_exist({"--to": new}, None)
    with StoreReader(path) as reader:
        run_id = run_id_of(reader)
    content = backup(path, new)
    finished = content.result_hash is not None
    if json:
        names = {"store": f"sqlite:///{path}", "to": f"sqlite:///{new}", "run_id": run_id}
        print(msgspec.json.encode({**names, "steps": content.seq + 1, "finished": finished}).decode())
    else:
        print(
            f"run {run_id}: {content.seq + 1:,} steps, {'' if finished else 'not '}finished, copied from "
            f"sqlite:///{path} to sqlite:///{new} and {new.name}.head; the hashes of the copy were checked"
        )
