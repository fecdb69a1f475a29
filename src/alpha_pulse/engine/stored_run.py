"""The identity of a run in its store, and its configuration and feed from the store alone."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import StateError
from alpha_pulse.core.version import __version__
from alpha_pulse.engine.own_sources import pinned
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.feeds.base import Feed
from alpha_pulse.feeds.stored import StoredFeed
from alpha_pulse.journal.block import JournalBlock
from alpha_pulse.journal.verifier import bars_of
from alpha_pulse.stores.base import RunIdentity


def run_identity(run_id: str, config: Config, feed: Feed) -> RunIdentity:
    """The run that a store has to contain: this configuration on these data, by this program."""
    config = pinned(config)
    content = config.decisive_json.decode()
    return RunIdentity(run_id, config.config_hash, feed.identity, __version__, config=content)


def stored_config(identity: RunIdentity) -> Config:
    """The configuration of a run.

    Raises
    ------
    StateError
        It is not in the store, or has settings that this program does not know.

    >>> stored_config(RunIdentity("r", "c", "f", "1", config='{"seed":7}')).seed
    7
    """
    try:
        return msgspec.json.decode(identity.config, type=Config)
    except msgspec.DecodeError as error:
        raise StateError(
            f"the configuration of run {identity.run_id!r} cannot be read ({error}): version {identity.program_version} of "
            f"this program wrote it, and this is {__version__}; use that version"
        ) from None


def stored_feed(blocks: Iterable[JournalBlock], identity: RunIdentity) -> StoredFeed | None:
    """The bars of a run's blocks as its feed; None while there is no bar.

    Parameters
    ----------
    blocks
        From the run's first block on.
    identity
        Of the run; its feed identity becomes that of the feed.
    """
    bars: list[BarBlock] = []
    info = None
    for block in blocks:
        if block.tables:
            bars.append(bars_of(block))
            info = block.layout.feed
    return None if info is None else StoredFeed(BarBlock.joined(bars), info, identity.feed_identity)
