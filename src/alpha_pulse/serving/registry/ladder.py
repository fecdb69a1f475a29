"""What the log of a registry amounts to: the state of each version, who serves, and which changes are allowed."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from alpha_pulse.core.errors import ConflictError
from alpha_pulse.serving.registry.entries import Entry, ModelState

ALLOWED: dict[ModelState, tuple[ModelState, ...]] = {
    "candidate": ("shadow", "champion", "retired"),
    "shadow": ("canary", "champion", "retired"),
    "canary": ("champion", "shadow", "retired"),
    "champion": ("retired",),
    "retired": ("shadow",),
}
"""The states that a version may enter. A champion also becomes ``shadow`` when another version replaces it."""
Key = tuple[str, str]
"""(symbol, target)."""


class Standing:
    """The versions of a registry after some entries of its log.

    The aliases of a (symbol, target): ``champion`` is the version in that state, at most one. ``challenger`` is the version
    that entered ``shadow`` or ``canary`` last, as the former champion does at a promotion; none once it has left both.

    Examples
    --------
    >>> def entry(action, version, state):
    ...     return Entry(ts_ns=0, action=action, symbol="X", target="direction", actor="me", reason="test", version=version,
    ...                  state=state)
    >>> standing = Standing([entry("add", "a", "candidate"), entry("add", "b", "candidate"), entry("move", "a", "champion")])
    >>> standing.apply(entry("move", "b", "champion"))
    >>> standing.champion(("X", "direction")), standing.challenger(("X", "direction")), standing.states["a"]
    ('b', 'a', 'shadow')
    >>> standing.apply(entry("rollback", "a", "champion"))
    >>> standing.champion(("X", "direction")), standing.states["b"]
    ('a', 'retired')
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.states: dict[str, ModelState] = {}
        """By version, in the order of registration."""
        self.added: dict[str, Entry] = {}
        """The entry that registered a version."""
        self.frozen: dict[Key, Entry] = {}
        """The entry that froze the champion of a (symbol, target)."""
        self.promotions: dict[Key, int] = {}
        self.rollbacks: dict[Key, int] = {}
        self._champions: dict[Key, list[str]] = {}
        self._challengers: dict[Key, str] = {}
        for each in entries:
            self.apply(each)

    @property
    def keys(self) -> list[Key]:
        """The (symbol, target) pairs that have versions, sorted."""
        return sorted({(entry.symbol, entry.target) for entry in self.added.values()})

    def champion(self, key: Key) -> str | None:
        """The version that serves; None without one."""
        history = self._champions.get(key)
        return history[-1] if history and self.states[history[-1]] == "champion" else None

    def challenger(self, key: Key) -> str | None:
        """The version that is compared with the champion; None without one."""
        version = self._challengers.get(key)
        return version if version is not None and self.states[version] in ("shadow", "canary") else None

    def newest(self, key: Key) -> str | None:
        """The version that was registered last; None without one."""
        own = [version for version, entry in self.added.items() if (entry.symbol, entry.target) == key]
        return own[-1] if own else None

    def earlier_champion(self, key: Key) -> str | None:
        """The version that a rollback makes the champion; None without one."""
        history = self._champions.get(key, [])
        before = history if self.champion(key) is None else history[:-1]
        return before[-1] if before else None

    def check(self, entry: Entry) -> None:
        """Raise ConflictError, with the reason and what is possible, for a change that is not allowed."""
        key = entry.symbol, entry.target
        name = "/".join(key)
        if entry.action == "freeze":
            if key in self.frozen:
                raise ConflictError(f"the champion of {name} is frozen already {_since(self.frozen[key])}")
        elif entry.action == "unfreeze":
            if key not in self.frozen:
                raise ConflictError(f"the champion of {name} is not frozen")
        elif entry.action == "add":
            if entry.version in self.states or entry.state != "candidate":
                raise ConflictError(f"version {entry.version[:12]} is registered already, as {self.states.get(entry.version)}")
        else:
            self._check_move(entry, key, name)

    def _check_move(self, entry: Entry, key: Key, name: str) -> None:
        state, wanted = self.states.get(entry.version), entry.state
        added = self.added.get(entry.version)
        if state is None or added is None or (added.symbol, added.target) != key or wanted is None:
            raise ConflictError(f"version {entry.version[:12]} is not one of {name}")
        if entry.action == "rollback":
            if wanted != "champion" or entry.version != self.earlier_champion(key):
                raise ConflictError(f"{name} has no earlier champion to which it could be rolled back; promote a version")
        elif wanted == state:
            raise ConflictError(f"version {entry.version[:12]} of {name} is {state} already")
        elif wanted not in ALLOWED[state]:
            raise ConflictError(
                f"version {entry.version[:12]} of {name} is {state} and cannot become {wanted}; it can become "
                f"{' or '.join(ALLOWED[state])}"
            )
        if key in self.frozen and (wanted in ("champion", "canary") or state == "champion"):
            raise ConflictError(f"the champion of {name} is frozen {_since(self.frozen[key])}; unfreeze it first")

    def apply(self, entry: Entry) -> None:
        """Apply an entry. Raises ConflictError, and changes nothing, for one that is not allowed."""
        self.check(entry)
        key = entry.symbol, entry.target
        if entry.action == "freeze":
            self.frozen[key] = entry
        elif entry.action == "unfreeze":
            del self.frozen[key]
        elif entry.action == "add":
            self.states[entry.version], self.added[entry.version] = "candidate", entry
        elif entry.action == "rollback":
            if self.champion(key) is not None:
                self.states[self._champions[key].pop()] = "retired"
            self.states[entry.version] = "champion"
            self.rollbacks[key] = self.rollbacks.get(key, 0) + 1
        else:
            assert entry.state is not None
            self._enter(entry.version, entry.state, key)

    def _enter(self, version: str, state: ModelState, key: Key) -> None:
        if state == "champion":
            former = self.champion(key)
            if former is not None:
                self.states[former] = "shadow"
                self._challengers[key] = former
            self._champions.setdefault(key, []).append(version)
            self.promotions[key] = self.promotions.get(key, 0) + 1
        elif state in ("shadow", "canary"):
            self._challengers[key] = version
        elif self.champion(key) == version:
            self._champions[key].pop()  # a champion that is retired
        self.states[version] = state


class Served(msgspec.Struct, frozen=True):
    """Who serves a (symbol, target): the aliases, and since when (wall time, ns), by whom and why its champion is frozen."""

    symbol: str
    target: str
    champion: str | None
    challenger: str | None
    frozen: bool
    frozen_ns: int | None = None
    frozen_by: str | None = None
    frozen_reason: str | None = None


def served(standing: Standing, key: Key) -> Served:
    """Who serves ``key``."""
    entry = standing.frozen.get(key)
    aliases = standing.champion(key), standing.challenger(key)
    if entry is None:
        return Served(*key, *aliases, False)
    return Served(*key, *aliases, True, entry.ts_ns, entry.actor, entry.reason)


def _since(entry: Entry) -> str:
    return f"by {entry.actor} ({entry.reason})"
