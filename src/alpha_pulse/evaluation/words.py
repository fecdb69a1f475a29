"""The sentences of an evaluation: where errors changed, and which model is better."""

from __future__ import annotations

from alpha_pulse.evaluation.drift import DriftMark
from alpha_pulse.evaluation.prequential import ModelComparison

MOST_MARKS = 8


def marks_words(marks: list[DriftMark]) -> str:
    """The examples at which the errors changed.

    >>> marks_words([DriftMark(1200, True), DriftMark(3000, False)])
    'errors rose at 1,200; fell at 3,000'
    """
    if not marks:
        return "errors did not change"
    parts = []
    for rise, word in ((True, "rose"), (False, "fell")):
        places = [f"{mark.example:,}" for mark in marks if mark.rise is rise]
        more = f" and {len(places) - MOST_MARKS} more" if len(places) > MOST_MARKS else ""
        if places:
            parts.append(f"{word} at {', '.join(places[:MOST_MARKS])}{more}")
    return f"errors {'; '.join(parts)}"


def comparison_sentence(comparison: ModelComparison) -> str:
    """Which model is better over the whole stream, and which was significantly better at an earlier label.

    >>> from alpha_pulse.metrics.comparison import Comparison
    >>> result = Comparison(0.01, 0.004, 0.016, 0.001, "first", 900, 5_000)
    >>> sentences = comparison_sentence(ModelComparison("b", "a", 1, 0.05, result))
    >>> print(sentences.replace(". ", ".\\n"))
    a is better than b: its squared errors are smaller by 0.0100 (0.0040 to 0.0160 at alpha 0.05).
    The difference was significant at label 900.
    """
    result, first, second = comparison.result, comparison.against, comparison.model
    level = f"at alpha {comparison.alpha:.3g}"
    if result.mean_difference is None:
        return f"{first} and {second}: no decision; no label is known."
    if result.low <= 0.0 <= result.high:
        now = (
            f"{first} and {second}: no decision; the squared errors of {second} differ by {result.mean_difference:+.4f} "
            f"({result.low:+.4f} to {result.high:+.4f} {level})"
        )
        better = None
    else:
        better, worse = (first, second) if result.low > 0.0 else (second, first)
        low, high = sorted((abs(result.low), abs(result.high)))
        now = (
            f"{better} is better than {worse}: its squared errors are smaller by {abs(result.mean_difference):.4f} "
            f"({low:.4f} to {high:.4f} {level})"
        )
    if result.winner is None:
        return f"{now}."
    early = first if result.winner == "first" else second
    if early == better:
        return f"{now}. The difference was significant at label {result.decided_at:,}."
    return f"{now}. At label {result.decided_at:,}, {early} was significantly better."
