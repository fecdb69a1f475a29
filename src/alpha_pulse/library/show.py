"""A run as a short text, and as HTML for notebooks."""

from __future__ import annotations

import html

from alpha_pulse.core.bar_times import bar_label
from alpha_pulse.library.grids import NOTHING, Grid, as_html, as_text, number
from alpha_pulse.library.states import RunFacts
from alpha_pulse.metrics.members import MemberScore, titled
from alpha_pulse.reporting.report import BookReport, Report
from alpha_pulse.venues.money import cash_text

_BOOK_TITLES = ("net P&L", "gross P&L", "costs", "fees", "Sharpe", "max drawdown %", "trades")
_SCORE_TITLES = ("labels", "hits %", "log loss", "skill mnat", "skill, last 70 %", "95 % interval")
_MEMBERS = {"online": "online", "batch": "batch", "served": "served", "base": "base rate"}


def text_of(facts: RunFacts, result: Report | None) -> str:
    """The run as text. Without a result: what it is about, and how far it is."""
    parts = [headline(facts, result)]
    parts += [] if result is None else [as_text(grid) for grid in _grids(result)]
    return "\n\n".join([*parts, "\n".join(_footnotes(facts, result))])


def html_of(facts: RunFacts, result: Report | None) -> str:
    """The same as HTML, without colours of its own, so that it suits light and dark pages."""
    parts = [f"<p><b>{html.escape(headline(facts, result))}</b></p>"]
    parts += [] if result is None else [as_html(grid) for grid in _grids(result)]
    notes = "<br>".join(html.escape(note) for note in _footnotes(facts, result))
    return f'<div style="overflow-x:auto">{"".join(parts)}<p style="opacity:0.75">{notes}</p></div>'


def headline(facts: RunFacts, result: Report | None) -> str:
    """What a run is about, in one line."""
    symbols = ", ".join(facts.symbols[:3]) + ("" if len(facts.symbols) <= 3 else f" and {len(facts.symbols) - 3} more")
    if result is None:
        return f"run {facts.run_id}: {symbols or 'no bars yet'}, {facts.state} after {facts.steps:,} steps"
    data = result.data
    first, last = (
        bar_label(ts if opened is None else opened, ts)
        for opened, ts in ((data.first_bar_open_ts, data.first_ts), (data.last_bar_open_ts, data.last_ts))
    )
    return f"run {facts.run_id}: {symbols}, {result.bars:,} bars of {facts.interval}, {first} to {last} UTC"


def _footnotes(facts: RunFacts, result: Report | None) -> list[str]:
    notes = []
    if result is not None:
        notes.append("P&L, costs and fees in cash; skill: log loss of the base rate minus the member's, millinats per label")
        notes += [f"warning: {warning}" for warning in result.warnings]
    return [*notes, f"store: {facts.store}"]


def _grids(result: Report) -> list[Grid]:
    books = [(name.replace("_", " "), _book(book)) for name, book in result.books.items()]
    scores = [
        (f"{target}, {title}", _score(members[name], base=name == "base"))
        for target, members in result.metrics.items()
        for name, title in titled(members, _MEMBERS).items()
    ]
    return [Grid("book", _BOOK_TITLES, books), Grid("prediction", _SCORE_TITLES, scores)]


def _book(book: BookReport) -> list[str]:
    return [
        cash_text(book.net_pnl, signed=True),
        cash_text(book.gross_pnl, signed=True),
        cash_text(book.costs),
        cash_text(book.fees),
        number(book.sharpe, "+z.2f"),
        NOTHING if book.max_drawdown is None else f"{100 * book.max_drawdown:.2f}",
        f"{book.trades:,}",
    ]


def _score(score: MemberScore, *, base: bool) -> list[str]:
    interval = score.skill_millinats_last70_interval
    skill = [NOTHING] * 3
    if not base:
        bounds = NOTHING if interval is None else f"{interval.low:+z.1f} .. {interval.high:+z.1f}"
        skill = [number(score.skill_millinats, "+z.1f"), number(score.skill_millinats_last70, "+z.1f"), bounds]
    hits = NOTHING if score.accuracy is None else f"{100 * score.accuracy:.1f}"
    return [f"{score.labels:,}", hits, number(score.log_loss, ".4f"), *skill]
