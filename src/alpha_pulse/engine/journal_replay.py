"""Replays the steps of a journal from their inputs, bars and commands; what comes out must equal what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alpha_pulse.engine.pipeline import Pipeline
from alpha_pulse.journal.block import JournalBlock, pieces
from alpha_pulse.journal.verifier import ReplayVerifier, bars_of


def replay_blocks(
    blocks: Iterable[JournalBlock],
    pipeline: Pipeline,
    verifier: ReplayVerifier,
    first: int,
    most: int,
    stops: Iterable[int] = (),
) -> Iterator[JournalBlock]:
    """Process the inputs of stored blocks.

    Parameters
    ----------
    blocks
        The first one contains step ``first``.
    pipeline
        Its services have the state before step ``first``.
    verifier
        The journal of the pipeline.
    first
        The first step to process.
    most
        Slices that are processed at once, at most.
    stops
        Numbers of steps after each of which the state is complete when a block is yielded.

    Yields
    ------
    JournalBlock
        Each part of the journal once it is processed.

    Raises
    ------
    DifferenceError
        A step comes out differently from the stored one.
    """
    for block in blocks:
        for piece in pieces(block, first, most, stops):
            verifier.expect(piece)
            if piece.tables:
                pipeline.on_block(bars_of(piece))
            else:
                pipeline.on_commands([command for _, command in piece.structs("commands")])
            yield piece
