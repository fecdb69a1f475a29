"""START HERE. The registry of model versions: a folder of artefacts with their lineage, and the log of what was done with them.

A version is named by the SHA-256 of its artefact. Its state climbs a ladder: candidate, shadow, canary, champion; or it is
retired. The champion of a (symbol, target) is the version that serves, and the challenger the one that is compared with it
(`alpha_pulse.serving.registry.ladder` has the rules).

Files: ``versions/<id>/artefact.aps`` and ``lineage.json``, and the log (`alpha_pulse.serving.registry.log`), which contains the
hashes of both. Everything is written so that an interruption leaves the registry as it was. Nothing that differs from what was
written, in a single bit, is loaded. The hashes are not secret, so they are no protection from somebody who may write to the
folder and rewrites the log, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from alpha_pulse.core.clock import wall_ns
from alpha_pulse.core.errors import ConfigError, ConflictError, NotFoundError, StateError, StoreError, did_you_mean
from alpha_pulse.features.schema import FeatureSchema
from alpha_pulse.serving.registry.artefact import Artefact, version_of
from alpha_pulse.serving.registry.bundle import read_bundle, write_bundle
from alpha_pulse.serving.registry.difference import VersionDifference, compare_versions
from alpha_pulse.serving.registry.entries import Action, Entry, ModelState
from alpha_pulse.serving.registry.ladder import Key, Served, Standing, served
from alpha_pulse.serving.registry.lineage import Lineage
from alpha_pulse.serving.registry.log import RegistryLog
from alpha_pulse.serving.registry.version_files import VersionFiles, unwritable

STATES: Sequence[ModelState] = ("candidate", "shadow", "canary", "champion", "retired")
ALIASES = {"champion": Standing.champion, "challenger": Standing.challenger, "newest": Standing.newest}
"""The names after the @ of ``SYMBOL/target@champion``. ``newest`` is the version that was registered last."""
SHORTEST = 4
"""Characters of an id that may stand for it, at least."""


class VersionInfo(msgspec.Struct, frozen=True):
    """One version in a list. ``lineage`` is None where its file is damaged or missing, and ``problem`` says so.

    ``alias``: ``champion``, ``challenger`` or None. ``added_ns``: wall time of its registration.
    """

    version: str
    symbol: str
    target: str
    state: ModelState
    alias: str | None
    added_ns: int
    lineage: Lineage | None
    problem: str | None


class VersionDetails(msgspec.Struct, frozen=True):
    """One version, with what was done with it, the oldest first. ``problem`` is why it cannot be loaded; None where it can."""

    info: VersionInfo
    size: int | None
    """Bytes of its artefact; None where it is missing."""
    problem: str | None
    moves: tuple[Entry, ...]


class Registry:
    """The versions of models in a folder, which several processes may use at once.

    Parameters
    ----------
    folder
        It is created by the first registration.

    Examples
    --------
    >>> import tempfile
    >>> from alpha_pulse.core.stateful import State
    >>> artefact = Artefact("online", "logistic", {}, "BTCUSDT", "direction", "s", ("ret_1",), State({"n": 3}))
    >>> lineage = Lineage(version=artefact.version, kind="online", model="logistic", symbol="BTCUSDT", target="direction",
    ...     schema_id="s", n_features=1, horizon=3, interval_ns=60, run_id="r", feed_identity="f", config_hash="c", settings={},
    ...     program_version="1", first_ts=0, last_ts=600, examples=10, made_ts=600)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     registry = Registry(Path(folder))
    ...     version = registry.add(artefact, lineage, actor="me")
    ...     _ = registry.move(version, "champion", actor="me", reason="the first one")
    ...     registry.load("BTCUSDT/direction@champion").state.scalars
    {'n': 3}
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = RegistryLog(folder)
        self._files = VersionFiles(folder)

    # Reading.

    def standing(self) -> Standing:
        """The state of all versions, and who serves. Raises StateError when the log is damaged."""
        return self._standing(self.log.read())

    def _standing(self, entries: list[Entry]) -> Standing:
        try:
            return Standing(entries)
        except ConflictError as error:
            raise StateError(
                f"the log of registry {self.folder} contains a change that is not allowed ({error}); use the version of this "
                "program that wrote it"
            ) from None

    def find(self, name: str, standing: Standing | None = None) -> str:
        """The id of a version: by id, the start of an id that no other has, ``SYMBOL/target@champion`` (`ALIASES`), or how
        predictions name it.

        Raises
        ------
        NotFoundError
            There is none.
        ConfigError
            Several ids begin so, or the start is too short.
        """
        known = self.standing() if standing is None else standing
        session, at, alias = name.rpartition("@")
        if at:
            return self._by_alias(session, alias, known)
        if name in known.states:
            return name
        fitting = [version for version in known.states if version.startswith(name)] if name else []
        if not fitting and len(name) >= SHORTEST:
            infos = (self._info(version, known) for version in known.states)
            fitting = [info.version for info in infos if info.lineage is not None and info.lineage.served_as == name]
        if len(fitting) == 1 and len(name) >= SHORTEST:
            return fitting[0]
        if fitting:
            raise ConfigError(f"version {name!r} is the start of {len(fitting)} ids; give {SHORTEST} or more characters of one")
        if not known.states:
            raise NotFoundError(f"registry {self.folder} contains no versions yet; alpha-pulse models add registers one")
        raise NotFoundError(
            f"registry {self.folder} contains no version {name!r}; give the start of an id, or SYMBOL/target@champion"
        )

    def _by_alias(self, session: str, alias: str, known: Standing) -> str:
        if alias not in ALIASES:
            raise ConfigError(f"alias {alias!r} is unknown{did_you_mean(alias, ALIASES)}")
        key = self.key(session, known)
        version = ALIASES[alias](known, key)
        if version is None:
            raise NotFoundError(f"{session} has no {alias}; promote a version, or name one by its id")
        return version

    def key(self, session: str, standing: Standing | None = None) -> Key:
        """The (symbol, target) of ``SYMBOL/target``. Raises NotFoundError when it has no versions."""
        known = self.standing() if standing is None else standing
        symbol, _, target = session.rpartition("/")
        if (symbol, target) not in known.keys:
            names = ["/".join(key) for key in known.keys]
            raise NotFoundError(f"registry {self.folder} contains no versions of {session!r}{did_you_mean(session, names)}")
        return symbol, target

    def versions(
        self, symbol: str | None = None, target: str | None = None, state: str | None = None
    ) -> tuple[list[VersionInfo], list[Served]]:
        """The versions, the newest first, and who serves each (symbol, target). Arguments select some of them."""
        known = self.standing()
        infos = [
            self._info(version, known)
            for version, entry in reversed(known.added.items())
            if symbol in (None, entry.symbol) and target in (None, entry.target) and state in (None, known.states[version])
        ]
        keys = [key for key in known.keys if symbol in (None, key[0]) and target in (None, key[1])]
        return infos, [served(known, key) for key in keys]

    def show(self, name: str) -> VersionDetails:
        """One version, after a check of its artefact. ``name`` as for `find`."""
        entries = self.log.read()
        known = self._standing(entries)
        version = self.find(name, known)
        info = self._info(version, known)
        size, problem = None, info.problem
        try:
            size = len(self._files.artefact(version)[1])
        except (StateError, StoreError) as error:
            problem = str(error)
        return VersionDetails(info, size, problem, tuple(entry for entry in entries if entry.version == version))

    def load(self, name: str, schema: FeatureSchema | None = None) -> Artefact:
        """The artefact of a version, after all checks.

        Parameters
        ----------
        name
            As for `find`.
        schema
            The features that it will be given; None: not checked.

        Raises
        ------
        NotFoundError, ConfigError
            There is no such version.
        StateError
            A file of the registry is damaged, or the version was made for other features, the first of which it names.
        StoreError
            A file cannot be read.
        """
        known = self.standing()
        version = self.find(name, known)
        artefact = self._files.artefact(version)[0]
        self._files.lineage(version, known.added[version].lineage_sha256).check_describes(artefact, version)
        if schema is not None:
            artefact.check_schema(schema)
        return artefact

    def lineage(self, name: str) -> Lineage:
        """The lineage of a version. Raises as `load`."""
        known = self.standing()
        version = self.find(name, known)
        return self._files.lineage(version, known.added[version].lineage_sha256)

    def diff(self, first: str, second: str) -> VersionDifference:
        """What differs between two versions. Raises as `load`."""
        return compare_versions(*((self.load(name), self.lineage(name)) for name in (first, second)))

    def export(self, name: str) -> bytes:
        """A version as the bytes of one file, for `import_version` of another registry. Raises as `load`."""
        return write_bundle(self.load(name).to_bytes(), self.lineage(name).to_bytes())

    def _info(self, version: str, known: Standing) -> VersionInfo:
        entry = known.added[version]
        key = entry.symbol, entry.target
        aliases = {known.challenger(key): "challenger", known.champion(key): "champion"}
        lineage, problem = None, None
        try:
            lineage = self._files.lineage(version, known.added[version].lineage_sha256)
        except (StateError, StoreError) as error:
            problem = str(error)
        return VersionInfo(version, *key, known.states[version], aliases.get(version), entry.ts_ns, lineage, problem)

    # Writing.

    def add(
        self, artefact: Artefact, lineage: Lineage, *, actor: str, reason: str = "", evidence: Mapping[str, Any] | None = None
    ) -> str:
        """Register a version as a candidate; returns its id. One that is registered already stays as it is.

        Raises
        ------
        StateError
            The lineage is that of another artefact, or the log is damaged.
        StoreError
            The folder cannot be written; NoSpaceError when its disk is full.
        """
        content, origin = artefact.to_bytes(), lineage.to_bytes()
        version = version_of(content)
        lineage.check_describes(artefact, version)
        entry = self._entry(
            "add", (artefact.symbol, artefact.target), actor, reason, evidence, version, "candidate",
            hashlib.sha256(origin).hexdigest(),
        )  # fmt: skip
        with self.log.locked():
            known = self.standing()
            if version in known.states:
                return version
            known.check(entry)
            self._files.write(version, content, origin)
            self._append(entry)
        return version

    def import_version(self, content: bytes, file: str, *, actor: str, reason: str = "") -> str:
        """Register a version from the bytes of `export` as a candidate; returns its id.

        Parameters
        ----------
        content, file
            The bytes, and the name of their file for errors.
        actor, reason
            Who imports it, and why.

        Raises
        ------
        StateError
            The bytes are damaged, or no exported version.
        StoreError
            The folder cannot be written.
        """
        artefact, lineage = read_bundle(content, file)
        return self.add(artefact, lineage, actor=actor, reason=reason or f"imported from {file}")

    def move(self, name: str, state: ModelState, *, actor: str, reason: str, evidence: Mapping[str, Any] | None = None) -> Key:
        """Let a version enter ``state``; returns its (symbol, target). A champion that it replaces becomes the challenger.

        Raises
        ------
        ConflictError
            The version cannot enter it, or the champion is frozen.
        ConfigError
            Actor or reason are empty, or ``state`` is none.
        """
        if state not in STATES:
            raise ConfigError(f"state {state!r} is unknown{did_you_mean(str(state), STATES)}")
        with self.log.locked():
            known = self.standing()
            version = self.find(name, known)
            added = known.added[version]
            entry = self._entry("move", (added.symbol, added.target), actor, reason, evidence, version, state)
            known.check(entry)
            self._append(entry)
        return added.symbol, added.target

    def rollback(self, session: str, *, actor: str, reason: str, evidence: Mapping[str, Any] | None = None) -> str:
        """Make the earlier champion of ``SYMBOL/target`` the champion again, and retire the present one; returns its id.

        Raises ConflictError when there is no earlier one, or the champion is frozen.
        """
        with self.log.locked():
            known = self.standing()
            key = self.key(session, known)
            version = known.earlier_champion(key)
            if version is None:
                raise ConflictError(f"{session} has no earlier champion to which it could be rolled back; promote a version")
            entry = self._entry("rollback", key, actor, reason, evidence, version, "champion")
            known.check(entry)
            self._append(entry)
        return version

    def freeze(self, session: str, *, actor: str, reason: str) -> None:
        """Forbid changes of the champion of ``SYMBOL/target``, also automatic ones. Raises ConflictError if it is frozen."""
        self._steer("freeze", session, actor, reason)

    def unfreeze(self, session: str, *, actor: str, reason: str) -> None:
        """Allow changes of the champion again. Raises ConflictError unless it is frozen."""
        self._steer("unfreeze", session, actor, reason)

    def _steer(self, action: Action, session: str, actor: str, reason: str) -> None:
        with self.log.locked():
            known = self.standing()
            entry = self._entry(action, self.key(session, known), actor, reason, None)
            known.check(entry)
            self._append(entry)

    def _entry(
        self,
        action: Action,
        key: Key,
        actor: str,
        reason: str,
        evidence: Mapping[str, Any] | None,
        version: str = "",
        state: ModelState | None = None,
        lineage_sha256: str = "",
    ) -> Entry:
        for what, text in (("actor", actor), ("reason", reason)):
            if not text.strip() and not (what == "reason" and action == "add"):
                raise ConfigError(f"the {what} of a {action} of {'/'.join(key)} is empty; the log states who does it, and why")
        return Entry(
            ts_ns=wall_ns(), action=action, symbol=key[0], target=key[1], actor=actor, reason=reason, version=version,
            state=state, evidence=dict(evidence or {}), lineage_sha256=lineage_sha256,
        )  # fmt: skip

    def _append(self, *entries: Entry) -> None:
        try:
            self.log.append(list(entries))
        except OSError as error:
            raise unwritable(self.folder, error) from None
