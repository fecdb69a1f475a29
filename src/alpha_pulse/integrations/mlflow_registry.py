"""Versions of models in the registry of an MLflow tracking server, as files: MLflow lists them, and does not run them.

A version becomes a version of the registered model ``SYMBOL.target`` there, with the exported file and its lineage as artefacts
of a run whose parameters, tags and metrics are those of the lineage. The aliases ``champion`` and ``challenger`` are the same.

References
----------
https://mlflow.org/docs/latest/ml/model-registry/
"""

from __future__ import annotations

import importlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from alpha_pulse.core.errors import ConfigError, NotFoundError, StoreError
from alpha_pulse.serving.registry import Lineage, Registry

EXPERIMENT, FOLDER = "alpha-pulse", "version"
FILE, LINEAGE = "version.apm", "lineage.json"
TAG = "alpha_pulse.version"
"""The tag with the id of a version."""
ALIASES = ("champion", "challenger")
NEWEST = "newest"
_UNFIT = re.compile(r"[/:.%\"']")
"""Characters that MLflow refuses in names, or that separate the parts of one here."""
ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Settings of MLflow's client for a command, unless the environment has others: without them it repeats a failed request for
minutes, and prints to standard output."""
_SYSTEM_ERROR = re.compile(r"\[Errno \d+\] ([A-Za-z ]+)")
_SHOWN = 200
"""Characters of an error of the client, at most."""


class Pushed(msgspec.Struct, frozen=True):
    """A version on the server: its name and number there, and the aliases that it has there."""

    version: str
    name: str
    number: str
    aliases: tuple[str, ...]
    uri: str


def model_name(symbol: str, target: str) -> str:
    """The name of a registered model.

    >>> model_name("BTC/USDT", "direction")
    'BTC_USDT.direction'
    """
    return f"{_UNFIT.sub('_', symbol)}.{_UNFIT.sub('_', target)}"


class MlflowServer:
    """The client of a tracking server.

    Parameters
    ----------
    uri
        Such as ``http://127.0.0.1:5000``.

    Raises
    ------
    ConfigError
        The package mlflow is not installed.
    """

    def __init__(self, uri: str) -> None:
        try:
            mlflow: Any = importlib.import_module("mlflow")
        except ModuleNotFoundError:
            raise ConfigError("MLflow is not installed; install it with: pip install 'alpha-pulse[mlflow]'") from None
        self.uri = uri
        self._client = mlflow.MlflowClient(uri, uri)
        self._error: type[Exception] = mlflow.exceptions.MlflowException

    def push(self, registry: Registry, name: str) -> Pushed:
        """Upload a version with its lineage, once, and set its aliases as they are in ``registry``.

        Raises
        ------
        NotFoundError, ConfigError, StateError
            There is no such version, or it is damaged.
        StoreError
            The server cannot be reached, or refuses.
        """
        details = registry.show(name)
        lineage, content = registry.lineage(details.info.version), registry.export(details.info.version)
        there = model_name(lineage.symbol, lineage.target)
        with self._told():
            number = self._number(there, lineage.version) or self._upload(there, lineage, content)
            aliases = self._align(there, number, details.info.alias)
        return Pushed(lineage.version, there, number, aliases, self.uri)

    def pull(self, registry: Registry, name: str, actor: str) -> str:
        """Register a version from the server as a candidate; returns its id.

        Parameters
        ----------
        registry
            To which it is added.
        name
            ``SYMBOL/target@champion`` (or ``@challenger``, ``@newest``), or a whole id.
        actor
            Who does it.

        Raises
        ------
        NotFoundError
            The server has no such version.
        StateError
            Its file is damaged.
        StoreError
            The server cannot be reached, or refuses.
        """
        with self._told(), tempfile.TemporaryDirectory() as folder:
            found = self._find(name)
            path = self._client.download_artifacts(found.run_id, f"{FOLDER}/{FILE}", folder)
            content = Path(path).read_bytes()
        file = f"{FILE} of version {found.version} of {found.name}"
        return registry.import_version(content, file, actor=actor, reason=f"pulled from {self.uri}")

    def _number(self, there: str, version: str) -> str | None:
        """The number of a version that was pushed before."""
        found = self._client.search_model_versions(f"name = '{there}' AND tags.`{TAG}` = '{version}'")
        return None if not found else str(found[0].version)

    def _upload(self, there: str, lineage: Lineage, content: bytes) -> str:
        client = self._client
        experiment = client.get_experiment_by_name(EXPERIMENT)
        experiment_id = client.create_experiment(EXPERIMENT) if experiment is None else experiment.experiment_id
        tags = {TAG: lineage.version, "alpha_pulse.symbol": lineage.symbol, "alpha_pulse.target": lineage.target}
        run = client.create_run(experiment_id, tags=tags, run_name=f"{there} {lineage.version[:12]}")
        run_id = run.info.run_id
        plain = ("kind", "model", "schema_id", "n_features", "horizon", "examples", "config_hash", "run_id", "program_version")
        for key in plain:
            client.log_param(run_id, key, getattr(lineage, key))
        for key, measured in lineage.metrics.items():
            bounds = {"": measured.value, "_low": measured.low, "_high": measured.high, "_labels": float(measured.n)}
            for ending, value in bounds.items():
                if value is not None:
                    client.log_metric(run_id, f"{key}{ending}", value, timestamp=lineage.made_ts // 1_000_000)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, FILE).write_bytes(content)
            Path(folder, LINEAGE).write_bytes(lineage.to_bytes())
            client.log_artifacts(run_id, folder, FOLDER)
        client.set_terminated(run_id)
        if not client.search_registered_models(f"name = '{there}'"):
            client.create_registered_model(there, tags={key: tags[key] for key in tags if key != TAG})
        source = f"{run.info.artifact_uri}/{FOLDER}"
        return str(client.create_model_version(there, source, run_id, tags=tags, await_creation_for=0).version)

    def _align(self, there: str, number: str, alias: str | None) -> tuple[str, ...]:
        """Set the alias that a version has here, and remove the one that it has only there."""
        aliases: dict[str, Any] = self._client.get_registered_model(there).aliases
        for each in ALIASES:
            if each == alias:
                self._client.set_registered_model_alias(there, each, number)
            elif str(aliases.get(each)) == number:
                self._client.delete_registered_model_alias(there, each)
        return () if alias is None else (alias,)

    def _find(self, name: str) -> Any:
        """The version of the server behind a name."""
        session, at, alias = name.rpartition("@")
        if not at:
            found = self._client.search_model_versions(f"tags.`{TAG}` = '{_UNFIT.sub('_', name)}'")
            if not found:
                raise NotFoundError(f"{self.uri} has no version {name!r}; give a whole id, or SYMBOL/target@champion")
            return found[0]
        there = model_name(*session.rpartition("/")[::2])
        known = self._client.search_registered_models(f"name = '{there}'")
        if not known:
            raise NotFoundError(f"{self.uri} has no versions of {session!r}; push one with alpha-pulse models push")
        if alias == NEWEST:
            return max(self._client.search_model_versions(f"name = '{there}'"), key=lambda version: int(version.version))
        if alias not in known[0].aliases:
            raise NotFoundError(f"{session} has no {alias} on {self.uri}; it has {', '.join(known[0].aliases) or 'no aliases'}")
        return self._client.get_model_version_by_alias(there, alias)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the client as one sentence."""
        try:
            yield
        except (self._error, OSError) as error:
            text = str(error).partition("\n")[0]
            system = _SYSTEM_ERROR.search(text)
            reason = text[:_SHOWN] if system is None else system[1].lower()
            raise StoreError(f"MLflow at {self.uri} cannot be used: {reason}; check the address and the server") from None
