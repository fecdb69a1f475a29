"""Checks of what a query asks for."""

from __future__ import annotations

from collections.abc import Collection

from alpha_pulse.core.errors import ConfigError, NotFoundError, did_you_mean
from alpha_pulse.gateway.messages import Page
from alpha_pulse.gateway.protocol import MAX_LIMIT, MAX_POINTS, MAX_WINDOW


def known_target(target: str, served: Collection[str]) -> str:
    """The target. Raises NotFoundError for one that is not among those that are ``served``."""
    if target not in served:
        raise NotFoundError(f"{target[:200]!r} is not a served target{did_you_mean(target, served)}")
    return target


def checked_page(page: Page) -> Page:
    """The page. Raises ConfigError for an invalid one."""
    if page.from_seq < 0:
        raise ConfigError(f"from_seq is {page.from_seq}, but steps are counted from 0")
    if not 1 <= page.limit <= MAX_LIMIT:
        raise ConfigError(f"limit is {page.limit}, but 1 to {MAX_LIMIT:,} rows can be requested at once")
    if page.max_points is not None and not 2 <= page.max_points <= MAX_POINTS:
        raise ConfigError(f"max_points is {page.max_points}, but 2 to {MAX_POINTS:,} is needed")
    return page


def checked_window(window: int | None) -> int | None:
    """The labels of a window. Raises ConfigError for an invalid number."""
    if window is not None and not 1 <= window <= MAX_WINDOW:
        raise ConfigError(f"window is {window}, but 1 to {MAX_WINDOW:,} labels is needed")
    return window
