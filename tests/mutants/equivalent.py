"""Faults that no test can notice, and why."""

from __future__ import annotations

from .table import Mutant

EQUIVALENT = (
    Mutant(
        "weights-of-agents-not-divided-by-their-sum",
        "decide",
        "kernels/agents/credit.py",
        "(1.0 - share) * (weights[agent] / total) + floor",
        "(1.0 - share) * weights[agent] + floor",
        ("unit/agents/test_agent_manager.py",),
        "the weights add up to 1 already: the division only keeps rounding from adding up over millions of lots",
    ),
    Mutant(
        "a-window-that-is-more-than-full",
        "metrics",
        "kernels/base/scores.py",
        "    if state[FILLED] == window:\n",
        "    if state[FILLED] >= window:\n",
        ("unit/kernels/test_scores.py",),
        "a window is never more than full",
    ),
    Mutant(
        "a-fill-that-only-closes-looks-for-room",
        "money",
        "kernels/execution/fill_limit.py",
        "    if opening == 0:\n        return quantity\n",
        "",
        ("unit/execution/test_fill_limit.py",),
        "nothing is opened, so whatever room there is, nothing of it is taken",
    ),
    Mutant(
        "an-equity-that-did-not-change-is-marked-in-full",
        "money",
        "kernels/execution/books.py",
        "        if equity == before:\n            continue\n",
        "",
        ("unit/execution/test_performance.py", "unit/execution/test_books.py"),
        "a change of 0 adds nothing to either sum, and neither peak nor drawdown can move",
    ),
)
