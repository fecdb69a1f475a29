"""Settings as texts."""

from __future__ import annotations

import re

from alpha_pulse.reporting.tearsheet.settings import SettingDifference

_SHA256 = re.compile("[0-9a-f]{64}")


def settings_text(changed: list[SettingDifference]) -> str:
    """The settings that differ from the defaults."""
    if not changed:
        return "all are the defaults"
    texts = [f"{each.key} = {setting_text(each.values[1])} (default {setting_text(each.values[0])})" for each in changed]
    return f"the defaults, except {'; '.join(texts)}"


def setting_text(value: object) -> str:
    """The value of a setting; of a SHA-256 the first 12 digits.

    >>> setting_text(None), setting_text(("trend",)), setting_text(()), setting_text(True), setting_text(0.5)
    ('not set', 'trend', 'none', 'true', '0.5')
    """
    if isinstance(value, list | tuple | dict) and not value:
        return "none"
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(setting_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {setting_text(each)}" for name, each in value.items())
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return value[:12]
    return f"{value:g}" if isinstance(value, float) else str(value)
