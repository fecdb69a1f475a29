"""A version of a model as bytes: its state, and what is needed to load it. Its SHA-256 is its name."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, pack, unpack
from alpha_pulse.features.schema import FeatureSchema

Kind = Literal["batch", "online"]
_MODEL = "model"


class _Meta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Kind
    model: str
    arguments: dict[str, Any]
    symbol: str
    target: str
    schema_id: str
    features: tuple[str, ...]


class Artefact(msgspec.Struct, frozen=True):
    """A model that can be loaded, and what it is for. Equal artefacts have equal bytes, and so equal names.

    Parameters
    ----------
    kind
        ``batch``: trained once. ``online``: the state of a model that learns, at one moment.
    model
        The name of the model in the table of its kind (`alpha_pulse.models`).
    arguments
        The arguments of the model's class in addition to ``n_features``, as JSON values.
    symbol, target
        What it predicts.
    schema_id
        The schema of its features (`alpha_pulse.features.schema`).
    features
        The names of its inputs, in order.
    state
        The state of the model.

    Examples
    --------
    >>> artefact = Artefact("online", "logistic", {"seed": 1}, "BTCUSDT", "direction", "s", ("ret_1",), State({"n": 3}))
    >>> read_artefact(artefact.to_bytes()) == artefact, artefact.version[:12]
    (True, 'beda5dfaf627')
    """

    kind: Kind
    model: str
    arguments: dict[str, Any]
    symbol: str
    target: str
    schema_id: str
    features: tuple[str, ...]
    state: State

    def to_bytes(self) -> bytes:
        """The canonical bytes, as `alpha_pulse.core.stateful.pack` writes them."""
        meta = _Meta(self.kind, self.model, self.arguments, self.symbol, self.target, self.schema_id, self.features)
        return pack({_MODEL: self.state}, msgspec.to_builtins(meta))

    @property
    def version(self) -> str:
        """SHA-256 of the bytes, in hex: the id of this version."""
        return version_of(self.to_bytes())

    def check_schema(self, schema: FeatureSchema) -> None:
        """Raise StateError, which names the first feature that differs, unless the model was made for ``schema``."""
        mine, n = self.features, len(self.features)
        others = schema.names[:n]
        if self.schema_id == schema.schema_id and mine == others:
            return
        raise StateError(
            f"this version of {self.model} for {self.symbol}/{self.target} was made for schema {self.schema_id}, not for "
            f"{schema.schema_id}: {_first_difference(mine, others)}; use a version that was made for these features"
        )


def version_of(content: bytes) -> str:
    """The id of a version from the bytes of its artefact."""
    return hashlib.sha256(content).hexdigest()


def read_artefact(content: bytes) -> Artefact:
    """Read the bytes of an artefact. Raises StateError when they are damaged, or no artefact."""
    try:
        states, meta = unpack(content)
        about = msgspec.convert(meta, _Meta)
        state = states[_MODEL]
    except StateError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise StateError(f"the bytes are no version of a model ({error}); export the version again") from None
    return Artefact(
        about.kind, about.model, about.arguments, about.symbol, about.target, about.schema_id, about.features, state
    )


def _first_difference(mine: tuple[str, ...], others: tuple[str, ...]) -> str:
    for place, name in enumerate(mine):
        if place >= len(others):
            return f"feature {place + 1} is {name!r} there, and there is none here"
        if others[place] != name:
            return f"feature {place + 1} is {name!r} there and {others[place]!r} here"
    return "the names are equal, but the definition of a feature or the horizon of volatility differs"
