"""Which registry of models a run or a command uses."""

from __future__ import annotations

from pathlib import Path

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.library.places import data_folder
from alpha_pulse.serving.registry import Registry
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore

DEFAULT, NONE = "default", "none"
"""Values of ``store.registry`` that are no folders."""


def registry_folder() -> Path:
    """The folder of this user's registry."""
    return data_folder() / "models"


def open_registry(folder: Path | None) -> Registry:
    """The registry in a folder, which need not exist; None: that of this user. Raises ConfigError for a file.

    >>> open_registry(Path("models")).folder
    PosixPath('models')
    """
    if folder is not None and folder.exists() and not folder.is_dir():
        raise ConfigError(f"registry {folder} is a file; name a folder")
    return Registry(registry_folder() if folder is None else folder)


def registry_of_run(config: Config, store: Store) -> Registry | None:
    """The registry to which a run adds its batch models; None: to none.

    >>> registry_of_run(Config(), MemoryStore()) is None
    True
    """
    named = config.store.registry
    if named == NONE or (named == DEFAULT and isinstance(store, MemoryStore)):
        return None
    return open_registry(None if named == DEFAULT else Path(named))
