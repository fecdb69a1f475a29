"""A version as one file, for another registry."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import CHECKPOINT_ADVICE, State, pack, unpack
from alpha_pulse.serving.registry.artefact import Artefact, read_artefact, version_of
from alpha_pulse.serving.registry.lineage import Lineage, read_lineage

_FORMAT = "alpha-pulse model version 1"


def write_bundle(artefact: bytes, lineage: bytes) -> bytes:
    """The bytes of a file with an artefact and its lineage; any changed bit is found by `read_bundle`."""
    return pack({"artefact": _part(artefact), "lineage": _part(lineage)}, {"format": _FORMAT})


def read_bundle(content: bytes, name: str) -> tuple[Artefact, Lineage]:
    """Read the bytes of `write_bundle`; ``name`` is that of the file, for errors. Raises StateError."""
    try:
        parts, meta = unpack(content)
        if meta.get("format") != _FORMAT:
            raise StateError("it is no exported version of a model")
        artefact, lineage = _content(parts["artefact"]), read_lineage(_content(parts["lineage"]))
        found = read_artefact(artefact)
        lineage.check_describes(found, version_of(artefact))
    except (KeyError, ValueError, TypeError, AttributeError, StateError) as error:
        why = str(error).removesuffix(CHECKPOINT_ADVICE)
        raise StateError(f"{name} cannot be imported: {why}; write it again with alpha-pulse models export") from None
    return found, lineage


def _part(content: bytes) -> State:
    return State(arrays={"bytes": np.frombuffer(content, np.uint8)})


def _content(part: State) -> bytes:
    return part.arrays["bytes"].tobytes()
