"""A store that gets its name once it is complete: an interruption leaves no store of that name."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType

from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import StoreError
from alpha_pulse.stores.copies.new_files import NewFiles
from alpha_pulse.stores.head import InUseError
from alpha_pulse.stores.sql import SqliteStore


class NewStore(NewFiles):
    """Writes a store under a temporary name, see `NewFiles`.

    Parameters
    ----------
    path
        The name of the store.
    settings
        Of the store while it is written.

    Raises
    ------
    StoreError
        There is a file of that name, another process writes such a store, or the folder cannot be written. Nothing is left.

    >>> import tempfile
    >>> from alpha_pulse.stores.base import RunIdentity
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with NewStore(Path(folder, "run.db"), StoreConfig()) as new:
    ...         new.store.begin(RunIdentity("r", "c", "f", "1"), resume=False)
    ...         new.complete()
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['run.db', 'run.db.head']
    """

    def __init__(self, path: Path, settings: StoreConfig) -> None:
        super().__init__(path)
        try:
            self.store = SqliteStore(self.temporary, settings)
        except InUseError:
            raise
        except BaseException:
            self.delete()
            raise

    def complete(self) -> None:
        """Close the store and give it its name. Raises StoreError."""
        self.store.close()
        self.rename()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # The error that ended the block is the one to report.
        with contextlib.suppress(StoreError):
            self.store.close()
        super().__exit__(kind, error, trace)
