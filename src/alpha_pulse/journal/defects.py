"""Sentences about what does not agree in a stored run."""

from __future__ import annotations

DEFECTS_SHOWN = 3


class Defects:
    """All defects are counted, and the sentences of the first few are kept.

    >>> defects = Defects()
    >>> defects.add("step 7 is earlier than the step before it")
    >>> defects.count, defects.shown
    (1, ['step 7 is earlier than the step before it'])
    """

    def __init__(self) -> None:
        self.count = 0
        self.shown: list[str] = []

    def add(self, sentence: str) -> None:
        """Count one defect, and keep its sentence if it is one of the first."""
        self.count += 1
        if len(self.shown) < DEFECTS_SHOWN:
            self.shown.append(sentence)
