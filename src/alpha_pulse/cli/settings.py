"""Load the configuration of a command, and check the names in it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from alpha_pulse.agents import AGENTS
from alpha_pulse.core.config import Config
from alpha_pulse.core.config_errors import place_of
from alpha_pulse.core.config_loading import load_config
from alpha_pulse.core.config_toml import origins
from alpha_pulse.core.errors import ConfigError, UnknownNameError, did_you_mean
from alpha_pulse.core.plugins import load, names, prefix_of
from alpha_pulse.detectors import DETECTORS
from alpha_pulse.detectors.calibrated import tuned
from alpha_pulse.models import ONLINE


def load_settings(path: Path | None) -> Config:
    """Read the configuration from its file and the environment.

    Raises
    ------
    ConfigError
        A key or a value is invalid.
    UnknownNameError
        Neither this program nor a plug-in has such an agent, detector or model.
    """
    config = load_config(path)
    model = config.learning.model
    if prefix_of(ONLINE, model) is None:
        _refuse_unknown("learning.model", (model,), names("models", ONLINE), path, "model")
    else:
        _try_to_load(model, path)
    _refuse_unknown("adaptation.detector", (config.adaptation.detector,), names("detectors", DETECTORS), path, "detector")
    if config.adaptation.drift_threshold is not None:
        _try_threshold(config.adaptation.detector, config.adaptation.drift_threshold, path)
    _refuse_unknown("agents.members", config.agents.members, names("agents", AGENTS), path, "agent")
    return config


def _try_to_load(model: str, path: Path | None) -> None:
    """Load a model whose name has a prefix such as ``river:``. Raises the error of the loader, with the place of the key."""
    try:
        load("models", ONLINE, model)
    except (ConfigError, UnknownNameError) as error:
        raise type(error)(f"{place_of('learning.model', origins(path).get('learning.model'))}: {error}") from None


def _try_threshold(detector: str, threshold: float, path: Path | None) -> None:
    """Build the detector with the threshold. Raises its error, with the place of the key."""
    try:
        tuned(detector, 1.0, threshold=threshold)
    except ConfigError as error:
        key = "adaptation.drift_threshold"
        raise ConfigError(f"{place_of(key, origins(path).get(key))}: {error}") from None


def _refuse_unknown(key: str, chosen: Collection[str], known: Collection[str], path: Path | None, noun: str) -> None:
    for name in chosen:
        if name not in known:
            place = place_of(key, origins(path).get(key))
            raise UnknownNameError(f"{place}: unknown {noun} {name!r}{did_you_mean(name, known)}")
