"""Configuration keys that were renamed, so that the message about an unknown key can name its successor."""

from __future__ import annotations

from collections.abc import Container

RENAMED_KEYS = {
    "adaptation.false_alarms_per": "adaptation.samples_per_false_alarm",
    "serving.share": "serving.fixed_share",
}
"""Old names to new ones, each as ``section.key``; docs/upgrading.md lists them too."""


def new_name(section: str, key: str, present: Container[str] = ()) -> str | None:
    """The end of an error sentence about a renamed key; None for every other key. ``present``: all keys of the section.

    >>> new_name("serving", "share")
    "; it is now named 'fixed_share' (docs/upgrading.md)"
    >>> new_name("serving", "share", {"share", "fixed_share"})
    "; it is now named 'fixed_share' (docs/upgrading.md); both are set, remove 'share'"
    >>> new_name("serving", "sharp") is None
    True
    """
    successor = RENAMED_KEYS.get(f"{section}.{key}")
    if successor is None:
        return None
    name = successor.rpartition(".")[2]
    advice = f"; both are set, remove {key!r}" if name in present else ""
    return f"; it is now named {name!r} (docs/upgrading.md){advice}"
