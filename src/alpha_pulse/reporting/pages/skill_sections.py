"""The sections of a run's page about predictions: skill, drift and adaptation, reliability."""

from __future__ import annotations

from matplotlib.figure import Figure

from alpha_pulse.metrics.members import MemberScore, titled
from alpha_pulse.reporting.pages import sentences
from alpha_pulse.reporting.pages.curves import drift_marks, skill_curves
from alpha_pulse.reporting.pages.figures import panels_over_time, reliability_panels
from alpha_pulse.reporting.pages.numbers import DASH, bar_time, interval, money, number, percent
from alpha_pulse.reporting.pages.parts import Grid, LegendItem, Picture, Row, Section
from alpha_pulse.reporting.pages.svg import both_widths
from alpha_pulse.reporting.tearsheet.content import RunContent
from alpha_pulse.reporting.tearsheet.drift import Action
from alpha_pulse.reporting.tearsheet.sheet import TearSheet
from alpha_pulse.reporting.words import STATUS

MEMBERS = {"online": "online", "batch": "batch", "served": "served", "base": "base rate", "no_change": "no change"}
NEWEST = 12
"""Adaptations that are listed; of older ones only the number is given."""
MOST_SYMBOLS = 40


def skill_section(run: RunContent, sheet: TearSheet) -> Section:
    """The scores of all members, and their skill over time."""
    rows = []
    for target, members in sheet.scores.items():
        rows.append(Row(target))
        rows += [
            Row(title, _score_row(members[name], base=name == "base"), name == "served")
            for name, title in titled(members, MEMBERS).items()
        ]
    tables = [
        Grid(
            "prediction",
            ("skill 70", "95 % interval", "skill", "hits", "log loss", "Brier", "AUC", "labels"),
            rows,
            "Skill: log loss of the base rate minus that of the row, in thousandths of a nat per label (mnat); above 0 is "
            "better. Skill 70 and its interval: over the last 70 % of the bars. No change: repeats the last known label.",
        )
    ]
    window = run.config.learning.window * len(sheet.data.symbols)
    panels = [
        (f"{target}, mnat per label", skill_curves(run, target, window), drift_marks(sheet.drift, target))
        for target in sheet.scores
    ]
    figures = []
    if any(curve.values.size and (curve.values == curve.values).any() for _, curves, _ in panels for curve in curves):

        def draw(width: int) -> Figure:
            return panels_over_time(width, panels)

        caption = (
            f"Log-loss skill over the base rate, mean of the newest {window:,} labels, at first of fewer; above 0 is better "
            "than the base rate. Vertical lines: an adaptation began (solid: accepted, dashed: rolled back)."
        )
        names = dict.fromkeys((curve.name, curve.colour) for _, curves, _ in panels for curve in curves)
        figures.append(Picture(both_widths(draw, caption), caption, [LegendItem(name, colour) for name, colour in names]))
    return Section(
        title="Skill of the forecasts over the base rate",
        sentences=[sentences.skill_sentence(sheet)],
        figures=figures,
        tables=tables,
    )


def symbols_section(sheet: TearSheet) -> Section | None:
    """A row for each symbol; None for a run of one symbol, and before its end."""
    if len(sheet.by_symbol) < 2:
        return None
    return Section(title="Symbol by symbol", sentences=[sentences.symbols_sentence(sheet)], tables=[_by_symbol(sheet)])


def drift_section(sheet: TearSheet) -> Section:
    """Alarms and adaptations."""
    actions = sheet.drift.actions
    newest = [Row(bar_time(each.open_time, each.began_at), _action_row(each)) for each in actions[-NEWEST:]]
    tables = []
    if newest:
        older = f"The newest {NEWEST} of {len(actions):,}. " if len(actions) > NEWEST else ""
        tables.append(
            Grid(
                "began (UTC)",
                ("model", "action", "effect, mnat", "labels", "end"),
                newest,
                f"{older}Effect: log loss of the unchanged control minus that of the adapted model during the trial, in "
                "thousandths of a nat per label; above 0 is an improvement.",
            )
        )
    return Section(title="Drift and adaptation", sentences=[sentences.drift_sentence(sheet)], tables=tables)


def reliability_section(sheet: TearSheet) -> Section:
    """Whether the probabilities were frequencies."""
    panels = [(target, table.served) for target, table in sheet.reliability.items() if table.served.bins]
    figures = []
    if panels:

        def draw(width: int) -> Figure:
            return reliability_panels(width, panels)

        caption = (
            "How often label 1 came, against the served probability, in ten groups of about equally many predictions, with "
            "95 % intervals. A calibrated forecast lies on the dashed line."
        )
        figures.append(Picture(both_widths(draw, caption), caption))
    return Section(
        title="Reliability of the probabilities",
        sentences=[sentences.reliability_sentence(sheet, target) for target in sheet.reliability],
        figures=figures,
    )


def _score_row(score: MemberScore, *, base: bool) -> list[str]:
    skill = [DASH] * 3
    if not base:
        skill = [
            number(score.skill_millinats_last70, "+z.1f"),
            interval(score.skill_millinats_last70_interval, "+z.1f"),
            number(score.skill_millinats, "+z.1f"),
        ]
    return [
        *skill,
        percent(score.accuracy),
        number(score.log_loss, ".4f"),
        number(score.brier, ".4f"),
        number(score.auc, ".3f"),
        f"{score.labels:,}",
    ]


def _by_symbol(sheet: TearSheet) -> Grid:
    """The symbols with the largest absolute P&L."""
    largest = sorted(sheet.by_symbol, key=lambda symbol: -abs(sheet.by_symbol[symbol].net_pnl))[:MOST_SYMBOLS]
    rows = []
    for symbol, result in sheet.by_symbol.items():
        if symbol in largest:
            cells = [money(result.net_pnl, signed=True), money(result.gross_pnl, signed=True), f"{result.trades:,}"]
            for score in result.served.values():
                bounds = interval(score.skill_millinats_last70_interval, "+z.1f")
                cells += [number(score.skill_millinats_last70, "+z.1f"), bounds]
            rows.append(Row(symbol, cells))
    titles = [title for target in sheet.scores for title in (f"{target} 70", "95 % interval")]
    more = len(sheet.by_symbol) - len(rows)
    note = (
        "P&L of the combined book in units of cash, open lots at the last close; skill of the served prediction over the last "
        "70 % of the bars."
    )
    note += f" {more:,} more symbols with smaller P&L are not shown." if more else ""
    return Grid("symbol", ("net P&L", "gross P&L", "lots", *titles), rows, note)


def _action_row(action: Action) -> list[str]:
    return [
        f"{action.symbol} {action.target}",
        action.kind,
        number(action.effect_millinats, "+z.1f"),
        f"{action.effect_samples:,}",
        STATUS[action.status],
    ]
