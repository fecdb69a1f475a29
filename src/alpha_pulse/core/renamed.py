"""Configuration keys that were renamed, so that the message about an unknown key can name its successor."""

from __future__ import annotations

RENAMED_KEYS = {
    "adaptation.false_alarms_per": "adaptation.samples_per_false_alarm",
    "serving.share": "serving.fixed_share",
}
"""Old names to new ones, each as ``section.key``; docs/upgrading.md lists them too."""


def new_name(section: str, key: str) -> str | None:
    """The end of an error sentence about a renamed key; None for every other key.

    >>> new_name("serving", "share")
    "; it is now named 'fixed_share' (docs/upgrading.md)"
    >>> new_name("serving", "sharp") is None
    True
    """
    successor = RENAMED_KEYS.get(f"{section}.{key}")
    if successor is None:
        return None
    return f"; it is now named {successor.rpartition('.')[2]!r} (docs/upgrading.md)"
