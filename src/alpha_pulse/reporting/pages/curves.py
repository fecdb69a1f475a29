"""The curves of a run, from its tables."""

from __future__ import annotations

import numpy as np

from alpha_pulse.reporting.figures.challengers import beside, names_of
from alpha_pulse.reporting.figures.points import Times
from alpha_pulse.reporting.figures.skill import skill_over_time
from alpha_pulse.reporting.pages.colours import CHALLENGERS, MEMBERS
from alpha_pulse.reporting.pages.figures import Curve, Mark
from alpha_pulse.reporting.performance.drawdown import drawdowns
from alpha_pulse.reporting.performance.returns import rolling_sharpe
from alpha_pulse.reporting.tearsheet.content import BookCurve, RunContent
from alpha_pulse.reporting.tearsheet.drift import DriftSummary
from alpha_pulse.reporting.tearsheet.labels import scored_labels

STYLES = {"accepted": "-", "rolled_back": "--", "open": "-."}


def title_of(book: str) -> str:
    """The name of a book, in words."""
    return book.replace("_", " ")


def equity_curve(run: RunContent, book: str, colour: int, name: str | None = None) -> Curve:
    """The equity as a change from the initial cash, in per cent of it."""
    curve = run.curve(book)
    return Curve(name or title_of(book), _instants(curve), 100.0 * (curve.equity / curve.initial - 1.0), colour)


def drawdown_curve(run: RunContent, book: str, colour: int) -> Curve:
    """The loss since the highest equity so far, in per cent of it, below 0."""
    curve = run.curve(book)
    return Curve(title_of(book), _instants(curve), -100.0 * drawdowns(curve.equity, curve.initial), colour)


def rolling_curve(run: RunContent, book: str, window: int, colour: int) -> Curve:
    """The Sharpe ratio of the newest ``window`` steps."""
    curve = run.curve(book)
    return Curve(title_of(book), _instants(curve), rolling_sharpe(curve.returns, curve.per_year, window), colour)


def skill_curves(run: RunContent, target: str, window: int) -> list[Curve]:
    """The mean log-loss skill of served, online and batch member, and of challengers, over the newest ``window`` labels, in
    millinats; those of all symbols together. See `alpha_pulse.reporting.figures.skill`."""
    challengers = names_of(run.tables["challengers"], target)
    rows = beside(scored_labels(run, target).rows, run.tables["challengers"], target, "probability")
    named = [(name, MEMBERS[name]) for name in ("served", "online", "batch")]
    named += [(name, CHALLENGERS + place) for place, name in enumerate(challengers)]
    curves = [Curve(name, *skill_over_time(rows, name, window), place) for name, place in named]
    return [curve for curve in curves if len(curve.values)]


def drift_marks(drift: DriftSummary, target: str) -> list[Mark]:
    """When adaptations of a target began."""
    return [
        Mark(np.datetime64(action.began_at, "ns"), STYLES[action.status]) for action in drift.actions if action.target == target
    ]


def _instants(curve: BookCurve) -> Times:
    return curve.known_at.astype("datetime64[ns]")
