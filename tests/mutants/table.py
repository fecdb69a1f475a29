"""What a mutant is: one planted fault, and the tests that must notice it."""

from __future__ import annotations

from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("src", "alpha_pulse")
STAGES = {
    "resolve": "1 resolve",
    "learn": "2 learn",
    "detect": "3 detect",
    "adapt": "4 adapt",
    "extract": "5 extract",
    "serve": "6 serve",
    "decide": "7 decide",
    "gate": "8 gate",
    "record": "9 record",
    "journal": "journal, stores and recovery",
    "money": "money",
    "read": "reading of files",
    "metrics": "numbers about learning",
}


class Mutant(msgspec.Struct, frozen=True):
    """One fault.

    Parameters
    ----------
    name
        What is wrong, as an option can be written: lower case and hyphens.
    stage
        A key of `STAGES`.
    file
        Below ``src/alpha_pulse``.
    old, new
        The text that stands there exactly once, and what takes its place.
    tests
        Files or test ids below ``tests``, one of which must fail; a few, so that a mutant costs seconds.
    equivalent
        Why no test can notice it; empty for a mutant that must be noticed.
    """

    name: str
    stage: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    equivalent: str = ""


class StaleMutantError(Exception):
    """The text that a mutant changes is not there once and only once."""


def planted(mutant: Mutant, source: str) -> str:
    """``source`` with the fault in it. Raises StaleMutantError."""
    count = source.count(mutant.old)
    if count != 1:
        raise StaleMutantError(
            f"mutant {mutant.name}: its old text stands {count} times in {mutant.file}, but exactly 1 is needed; "
            "write it anew in tests/mutants"
        )
    return source.replace(mutant.old, mutant.new)
