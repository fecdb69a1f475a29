"""The settings of runs as flat tables, and how they differ."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alpha_pulse.core.config import Config

Setting = str | float | bool | list[object] | dict[str, object] | None


class SettingDifference(msgspec.Struct, frozen=True):
    """A setting that is not the same in all of several configurations, and its value in each."""

    key: str
    values: list[Setting]


def flat_settings(config: Config) -> dict[str, Setting]:
    """Every setting that can change a decision, by key.

    >>> flat_settings(Config())["learning.model"]
    'market_default'
    """
    flat: dict[str, Setting] = {}
    for section, content in config.decisive_sections.items():
        if isinstance(content, dict):
            flat |= {f"{section}.{name}": value for name, value in content.items()}
        else:
            flat[section] = content
    return flat


def setting_differences(configs: Sequence[Config]) -> list[SettingDifference]:
    """The settings that are not the same in all of ``configs``, in the order of the reference.

    >>> setting_differences([Config(), Config(seed=2)])
    [SettingDifference(key='seed', values=[1, 2])]
    """
    flat = [flat_settings(config) for config in configs]
    found = []
    for key in flat[0]:
        values = [settings[key] for settings in flat]
        if any(value != values[0] for value in values):
            found.append(SettingDifference(key, values))
    return found
