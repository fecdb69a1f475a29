"""Where a version of a model comes from."""

from __future__ import annotations

from typing import Any

import msgspec

from alpha_pulse.core.errors import StateError
from alpha_pulse.serving.registry.artefact import Artefact, Kind


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measured value with its 95 % interval, over ``n`` labels. Bounds are None where no interval is known."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class Lineage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The origin of one version. Times are market time, ns since the Unix epoch (UTC).

    Parameters
    ----------
    version
        SHA-256 of the artefact, in hex.
    kind, model, symbol, target, schema_id, n_features
        As in the artefact.
    horizon
        Bars from a prediction to its label.
    interval_ns
        The length of a bar.
    run_id, feed_identity, config_hash, settings, program_version
        The run: its id, the hash of its data, the hash of its settings, the settings, and the version of the program.
    first_ts, last_ts
        The first and the last bar that the model has learned from. None where that is not known.
    examples
        Labelled examples that it has learned.
    made_ts
        When it was trained, or for an online model the time of its state.
    ready_ts
        From when a batch model predicts in its run; None for an online model.
    served_as
        How the predictions of its run name it: the version of their member; empty where it was made without a run.
    seq
        The newest step of the run's journal that the state contains; None for a batch model.
    parent
        The version that it followed in its run; None for the first one.
    metrics
        Measured values by name.
    """

    version: str
    kind: Kind
    model: str
    symbol: str
    target: str
    schema_id: str
    n_features: int
    horizon: int
    interval_ns: int
    run_id: str
    feed_identity: str
    config_hash: str
    settings: dict[str, Any]
    program_version: str
    first_ts: int | None
    last_ts: int | None
    examples: int
    made_ts: int
    ready_ts: int | None = None
    served_as: str = ""
    seq: int | None = None
    parent: str | None = None
    metrics: dict[str, Measured] = {}

    def to_bytes(self) -> bytes:
        """As JSON for people and programs."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    def check_describes(self, artefact: Artefact, version: str) -> None:
        """Raise StateError unless this is the lineage of ``artefact``, whose id is ``version``."""
        for name, mine, its in (
            ("version", self.version, version),
            ("kind", self.kind, artefact.kind),
            ("model", self.model, artefact.model),
            ("symbol", self.symbol, artefact.symbol),
            ("target", self.target, artefact.target),
            ("schema_id", self.schema_id, artefact.schema_id),
            ("n_features", self.n_features, len(artefact.features)),
        ):
            if mine != its:
                raise StateError(f"the lineage states {name} {mine!r}, but that of the artefact is {its!r}; export it again")


def read_lineage(content: bytes) -> Lineage:
    """Read a lineage. Raises StateError when it is none."""
    try:
        return msgspec.json.decode(content, type=Lineage)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StateError(f"a lineage cannot be read ({error}); export the version again") from None
