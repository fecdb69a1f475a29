"""Copy a store to another file, also while a program writes it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.stores.causes import DATABASE_ERRORS, cause
from alpha_pulse.stores.copies.copying import check_copy, copy_database, mark_of
from alpha_pulse.stores.copies.new_files import NewFiles
from alpha_pulse.stores.head import HeadFile, read_mark
from alpha_pulse.stores.inspection import StoreContent, connect_for_reading
from alpha_pulse.stores.reading import StoreReader


def backup(path: Path, to: Path) -> StoreContent:
    """Copy a store as it is at one moment, with its .head file, and check the hashes of all blocks of the copy.

    The store is only read. A program that writes it goes on.

    Parameters
    ----------
    path
        The database of the store.
    to
        The new database, which must not exist.

    Returns
    -------
    StoreContent
        Of the copy.

    Raises
    ------
    StoreError
        The store cannot be read, or the copy cannot be written; nothing is left of it.
    StateError
        The store is damaged; nothing is left of the copy.

    >>> import tempfile
    >>> from alpha_pulse.stores.base import RunIdentity
    >>> from alpha_pulse.stores.sql import SqliteStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with closing(SqliteStore(Path(folder, "run.db"))) as store:
    ...         store.begin(RunIdentity("r", "c", "f", "1"), resume=False)
    ...         copied = backup(Path(folder, "run.db"), Path(folder, "copy.db"))
    ...     sorted(path.name for path in Path(folder).glob("copy*"))
    ['copy.db', 'copy.db.head']
    """
    StoreReader(path).close()
    with NewFiles(to) as new, closing(HeadFile(new.temporary)) as head:
        try:
            # Before the copy, so that a commit in between does not look like a loss.
            mark = read_mark(path)
            with closing(connect_for_reading(path)) as source:
                copy_database(source, new.temporary)
            content = check_copy(new.temporary, mark, path)
            head.write(*mark_of(content))
            head.sync()
        except StateError as error:
            raise StateError(f"store {path} was not copied: {error}") from None
        except (OSError, *DATABASE_ERRORS) as error:
            reason, advice = cause(error, new.temporary)
            raise StoreError(f"store {path} could not be copied to {to}: {reason}; {advice}, or name another file") from None
        new.rename()
    return content
