"""What the columns of a run's journal mean: its symbols, features, targets, books and agents, and the tables of a block.

It is stored as JSON beside the blocks, so that a store can be read, and its run replayed, without the data of the run.

A block has these tables, each with one row per slice or per bar. Bars are ordered by symbol, then by time.

============= ========= ======================================================================================
Table         Rows      Content
============= ========= ======================================================================================
slices        slice     time (ns), number of the slice in the feed, equity of each book (minor units)
codes         bar       slice, symbol, length (ns), which features are missing; of each target: what became of
                        the prediction that was due, and what was known when the next one was served; of each
                        challenger how many labels it had learned
prices        bar       open, high, low, close (quote currency), volume, bid, ask; NaN where the feed has none
features      bar       NaN before the symbol has enough bars
probabilities bar       of each target's prediction: the members' calibrated probabilities, what was served, its
                        confidence and the members' weights; confidences of the decision; of each challenger its
                        probability and weight
numbers       bar       of each target: probabilities before calibration and the label with its inputs; the
                        decision: directions, volatilities per bar, and why the cost-aware rule did not trade
earlier       label     the probabilities that a label scored, where their prediction is not in the same block
============= ========= ======================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec

from alpha_pulse.core.errors import StateError
from alpha_pulse.feeds.base import FeedInfo
from alpha_pulse.journal.codec import TableLayout

VERSION = 1
"""Of the tables and their columns. A column that a later version adds has a default, which readers of older blocks use."""
MASK_BITS = 63
"""Features whose absence one column of ``codes`` states."""

TARGET_CODES = ("status", "label", "label_age_slices", "compared", "served", "labels_used", "label_age_ns")
"""Of each target: `alpha_pulse.kernels.session.layout` has the values of ``status``. ``label_age_slices`` is the difference
between the numbers of the labelled and of the current slice; ``label_age_ns`` the market time since the online model's newest
label when it predicted, -1 without one."""
BATCH_CODES = ("batch_trained_ns", "batch_ready_ns", "batch_version")
"""Of the batch model as known at the bar: 0 before it is trained. ``batch_version``: the start of its SHA-256, as a number."""
TARGET_PROBABILITIES = (
    "online", "batch", "base", "served", "no_change", "last_known", "confidence", "weight_online", "weight_batch",
    "weight_base",
)  # fmt: skip
TARGET_NUMBERS = (
    "raw_online", "raw_batch", "adapted", "control", "label_value", "next_open_return", "label_weight", "label_adapted",
    "label_control",
)  # fmt: skip
DECISION_NUMBERS = ("combined", "combined_rule", "equal_rules", "model_mean", "confidence")
AGENT_NUMBERS = ("rule", "model", "direction", "confidence", "weight")
SIZING_NUMBERS = ("volatility", "plain_volatility", "quality", "abstention", "gain", "cost")
"""``quality``: the factor on the size, 0.5 to 1.5; ``abstention``: 0 where the cost-aware rule traded or does not run, else its
reason; gain and cost are fractions."""
BAR_CODES = ("slice", "symbol", "interval_ns", "has_features")
OF_MEMBER = ("probability", "weight", "labels_used")
"""Of each further member of a target, in ``probabilities`` (the first two) and ``codes``: what was served."""
EARLIER = ("row", "target", "online", "batch", "base", "served", "no_change", "last_known", "raw_online")
PRICES = ("open", "high", "low", "close", "volume", "bid", "ask")


class LaterLayoutError(StateError):
    """A layout of a later version of this program."""


class TargetInfo(msgspec.Struct, frozen=True):
    """One target: its horizon in bars, the number of leading features that it uses, and its models.

    ``batch_model`` is None without one; it is trained on ``train_bars`` bars. ``challengers`` are the names of further members.
    """

    name: str
    horizon: int
    n_features: int
    model: str
    batch_model: str | None = None
    train_bars: int = 0
    challengers: tuple[str, ...] = ()


class AgentInfo(msgspec.Struct, frozen=True):
    """One agent. ``predicts``: its signals name the prediction of the direction that it received."""

    name: str
    predicts: bool


class JournalLayout(msgspec.Struct, frozen=True, dict=True):
    """The content of the columns of one run; ``tables`` names them."""

    symbols: tuple[str, ...]
    feed: FeedInfo
    feature_names: tuple[str, ...]
    schema_id: str
    targets: tuple[TargetInfo, ...]
    books: tuple[str, ...]
    agents: tuple[AgentInfo, ...]
    tables: tuple[TableLayout, ...]
    version: int = VERSION

    @cached_property
    def text(self) -> str:
        """As JSON, which a store contains."""
        return msgspec.json.encode(self).decode()

    @property
    def has_batch(self) -> bool:
        """Whether the run has batch models."""
        return any(target.batch_model is not None for target in self.targets)

    @cached_property
    def signal_places(self) -> tuple[tuple[str, int], ...]:
        """The table and the place of each column of a decision, in the order of `signal_columns`."""
        tables = (("probabilities" if is_confidence(name) else "numbers", name) for name in signal_columns(self.agents))
        return tuple((table, self.places[table][name]) for table, name in tables)

    @cached_property
    def places(self) -> dict[str, dict[str, int]]:
        """The place of each column by table and name."""
        return {table.name: {name: place for place, name in enumerate(table.columns)} for table in self.tables}


def make_layout(
    symbols: tuple[str, ...],
    feed: FeedInfo,
    feature_names: tuple[str, ...],
    schema_id: str,
    targets: tuple[TargetInfo, ...],
    books: tuple[str, ...],
    agents: tuple[AgentInfo, ...],
) -> JournalLayout:
    """The layout that this program writes for a run; parameters as the fields of `JournalLayout`.

    >>> targets = (TargetInfo("direction", 3, 1, "logistic"),)
    >>> layout = make_layout(("X",), FeedInfo(60, False, False), ("ret_1",), "s", targets, ("combined",), ())
    >>> layout.places["slices"]
    {'ts_event_ns': 0, 'number': 1, 'equity.combined': 2}
    """
    names = [target.name for target in targets]
    batch = any(target.batch_model is not None for target in targets)
    of_targets = TARGET_CODES + (BATCH_CODES if batch else ())
    signals = signal_columns(agents)
    members = [f"{target.name}.{name}" for target in targets for name in target.challengers]
    most = max((len(target.challengers) for target in targets), default=0)
    missing = tuple(f"missing_{word}" for word in range(mask_words(len(feature_names))))
    tables = (
        TableLayout("slices", ("ts_event_ns", "number", *(f"equity.{book}" for book in books)), "integers"),
        TableLayout("codes", (*BAR_CODES, *missing, *_each(names, of_targets), *_each(members, OF_MEMBER[2:])), "integers"),
        TableLayout("prices", PRICES, "prices"),
        TableLayout("features", feature_names, "decimals", 6),
        TableLayout(
            "probabilities",
            (
                *_each(names, TARGET_PROBABILITIES),
                *(name for name in signals if is_confidence(name)),
                *_each(members, OF_MEMBER[:2]),
            ),
            "decimals",
            9,
        ),
        TableLayout(
            "numbers",
            (
                *_each(names, TARGET_NUMBERS),
                *(name for name in signals if not is_confidence(name)),
                *SIZING_NUMBERS,
            ),
            "floats",
        ),
        TableLayout("earlier", (*EARLIER, *(f"challenger_{place}" for place in range(most))), "floats"),
    )
    return JournalLayout(symbols, feed, feature_names, schema_id, targets, books, agents, tables)


def signal_columns(agents: Sequence[AgentInfo]) -> tuple[str, ...]:
    """The columns of a decision, in the order of `alpha_pulse.kernels.agents.decision`."""
    combined = tuple(f"signal.{name}" for name in DECISION_NUMBERS)
    return combined + _each([f"agent.{agent.name}" for agent in agents], AGENT_NUMBERS)


def is_confidence(column: str) -> bool:
    """Whether a column of a decision is a confidence, which has 9 decimals as the probabilities have."""
    return column.endswith(".confidence")


def mask_words(n_features: int) -> int:
    """The columns of ``codes`` that state which features are missing."""
    return -(-n_features // MASK_BITS)


def read_layout(text: str) -> JournalLayout:
    """The layout in a store. Raises msgspec.ValidationError where it is none."""
    return msgspec.json.decode(text, type=JournalLayout)


def current_layout(stored: JournalLayout) -> JournalLayout:
    """The layout of this program for the run of a stored one; the stored one itself where they are equal.

    Raises LaterLayoutError.
    """
    if stored.version > VERSION:
        raise LaterLayoutError(f"its columns have layout {stored.version}, and this program reads up to {VERSION}")
    current = make_layout(
        stored.symbols, stored.feed, stored.feature_names, stored.schema_id, stored.targets, stored.books, stored.agents
    )
    return stored if current == stored else current


def _each(prefixes: list[str], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{prefix}.{name}" for prefix in prefixes for name in names)
