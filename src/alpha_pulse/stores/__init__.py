"""Stores by name. The contract tests run on every store in this table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpha_pulse.core.errors import StoreError, did_you_mean
from alpha_pulse.core.plugins import load, names
from alpha_pulse.core.systems import check_system

if TYPE_CHECKING:
    from alpha_pulse.core.config import StoreConfig
    from alpha_pulse.stores.base import Store

# Before any module of this package: they import modules of Python that Windows does not have.
check_system()

STORES = {
    "memory": "alpha_pulse.stores.memory:MemoryStore",
    "sqlite": "alpha_pulse.stores.sql:SqliteStore",
}


def open_store(url: str, settings: StoreConfig) -> Store:
    """Open the store that ``url`` names; a missing file is created, and so is its folder.

    Parameters
    ----------
    url
        ``sqlite:///FILE`` (four slashes for an absolute path), a plain file path, or ``memory://``.
    settings
        The configuration's section ``store``.

    Raises
    ------
    StoreError
        The scheme is unknown, or the file is locked by another process, not a store of this program, or not writable.
    StateError
        Committed steps are missing.

    >>> from alpha_pulse.core.config import StoreConfig
    >>> open_store("memory://", StoreConfig()).location
    'memory://'
    """
    scheme, separator, address = url.partition("://")
    known = names("stores", STORES)
    if not separator:
        if not url or url.rstrip(":/") in known:
            raise StoreError(f"store {url!r} has no file path; give memory://, sqlite:///FILE or a file path")
        scheme, address = "sqlite", "/" + url
    if scheme not in known:
        raise StoreError(f"store {url!r} has the unknown scheme {scheme!r}{did_you_mean(scheme, known)}")
    store: Store = load("stores", STORES, scheme).open(address, settings)
    return store
