"""The figures of a run show its numbers: the ends of curves, the marks of alarms and trials, the bins of reliability."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from alpha_pulse.metrics.definitions import log_losses
from alpha_pulse.reporting.figures.challengers import beside, names_of
from alpha_pulse.reporting.figures.compared import draw_compared
from alpha_pulse.reporting.figures.equity import draw_drawdown, draw_equity
from alpha_pulse.reporting.figures.points import thinned
from alpha_pulse.reporting.figures.reliability import draw_reliability, reliability_of
from alpha_pulse.reporting.figures.run_figure import draw_run
from alpha_pulse.reporting.figures.skill import draw_skill, skill_over_time
from alpha_pulse.reporting.figures.theme import DARK, LIGHT, Theme
from alpha_pulse.reporting.figures.weights import draw_weights
from alpha_pulse.reporting.tearsheet.content import BookCurve

START = datetime(2020, 1, 1, tzinfo=UTC)
N = 600


def times(n: int = N) -> list[datetime]:
    return [START + timedelta(hours=hour) for hour in range(n)]


def equity(**books: list[float]) -> pl.DataFrame:
    parts = [
        pl.DataFrame({"open_time": times(len(values)), "book": [book] * len(values), "equity_cash": values})
        for book, values in books.items()
    ]
    return pl.concat(parts)


def labels() -> pl.DataFrame:
    rng = np.random.default_rng(1)
    served, label = rng.uniform(0.2, 0.8, N), rng.integers(0, 2, N)
    return pl.DataFrame(
        {
            "open_time": times(), "target": ["direction"] * N, "status": ["scored"] * (N - 1) + ["tie"], "label": label,
            "probability": served, "online_probability": served[::-1],
            "batch_probability": [None] * 300 + served[300:].tolist(), "base_probability": [0.5] * N,
        }
    )  # fmt: skip


NO_ALARMS = pl.DataFrame(schema={"open_time": pl.Datetime("us", "UTC"), "target": pl.String})
NO_CHALLENGERS = pl.DataFrame(
    schema={
        "prediction_id": pl.String, "target": pl.String, "challenger": pl.String, "probability": pl.Float64,
        "weight": pl.Float64,
    }
)  # fmt: skip
NO_TRIALS = pl.DataFrame(
    schema={
        "action_id": pl.String, "kind": pl.String, "target": pl.String, "status": pl.String,
        "began_open_time": pl.Datetime("us", "UTC"), "closed_open_time": pl.Datetime("us", "UTC"),
    }
)  # fmt: skip


def axes() -> Axes:
    return Figure().subplots()


def values_of(line: Line2D) -> list[float]:
    values: list[float] = np.asarray(line.get_ydata()).tolist()
    return values


def texts(drawn: Axes) -> list[str]:
    return [text.get_text() for text in drawn.texts]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_gain_of_each_book_stands_beside_its_curve(theme: Theme) -> None:
    drawn = axes()
    draw_equity(drawn, equity(combined=[100.0, 90.0, 95.0], buy_and_hold=[100.0, 150.0, 120.5]), theme)
    assert sorted(texts(drawn)) == ["buy and hold  +20.50", "combined  -5.00"]
    assert [values_of(line) for line in drawn.lines] == [[100.0, 90.0, 95.0], [100.0, 150.0, 120.5]]


def test_a_drawdown_is_measured_from_the_highest_value_so_far() -> None:
    drawn = axes()
    draw_drawdown(drawn, equity(combined=[100.0, 80.0, 200.0, 150.0]))
    assert values_of(drawn.lines[0]) == pytest.approx([0.0, -20.0, 0.0, -25.0])


def test_skill_is_the_mean_over_the_newest_labels_that_a_member_scored() -> None:
    scored = labels().filter(status="scored")
    at, skill = skill_over_time(scored, "batch", window=100)
    known = scored.filter(pl.col("batch_probability").is_not_null())
    truth = known["label"].to_numpy() == 1
    losses = log_losses(np.full(len(known), 0.5), truth) - log_losses(known["batch_probability"].to_numpy(), truth)
    assert len(skill) == len(known) - 100 // 5 + 1
    assert skill[-1] == pytest.approx(1_000 * losses[-100:].mean())
    assert skill[0] == pytest.approx(1_000 * losses[:20].mean())
    assert at[-1] == np.datetime64(times()[N - 2].replace(tzinfo=None))


def test_alarms_and_trials_of_the_target_are_marked() -> None:
    drawn = axes()
    alarms = pl.DataFrame({"open_time": [START, START], "target": ["direction", "volatility"]})
    trials = pl.DataFrame(
        {
            "action_id": ["a", "b", "b", "c"], "kind": ["reset", "boost", "boost", "reset"],
            "target": ["direction", "direction", "direction", "volatility"], "status": ["open", "open", "accepted", "open"],
            "began_open_time": times(4), "closed_open_time": [None, None, times()[9], None],
        },
        schema_overrides=dict(NO_TRIALS.schema),
    )  # fmt: skip
    draw_skill(drawn, labels(), alarms, trials, "direction")
    assert len(np.asarray(drawn.collections[0].get_offsets())) == 1
    assert sorted(texts(drawn)) == ["", "batch", "online", "served", "✓"]
    assert "drift alarm" in drawn.get_xlabel()


def test_without_labels_and_alarms_the_axes_are_empty() -> None:
    drawn = axes()
    draw_skill(drawn, labels().clear(), NO_ALARMS, NO_TRIALS, "direction")
    assert texts(drawn) == []
    assert drawn.get_xlabel() == ""
    draw_reliability(axes(), reliability_of(labels().clear(), "direction", 3), "direction")


def test_layers_of_weights_fill_the_axes() -> None:
    drawn = axes()
    predictions = pl.DataFrame(
        {
            "open_time": times(), "target": ["direction"] * N, "online_weight": [0.7] * N,
            "batch_weight": [None] * 300 + [0.2] * 300, "base_weight": [0.3] * 300 + [0.1] * 300,
        }
    )  # fmt: skip
    draw_weights(drawn, predictions, "direction")
    highest = max(np.asarray(path.vertices)[:, 1].max() for layer in drawn.collections for path in layer.get_paths())
    assert highest == pytest.approx(1.0)
    assert texts(drawn) == ["online", "batch"]


def test_challengers_have_a_curve_and_a_layer_each() -> None:
    ids = [f"X/direction/{number}" for number in range(N)]
    fast = {"prediction_id": ids, "target": "direction", "challenger": "fast", "probability": [None] + [0.6] * (N - 1)}
    rows = pl.DataFrame({**fast, "weight": [None] + [0.5] * (N - 1)}, schema_overrides=dict(NO_CHALLENGERS.schema))
    table = pl.concat([rows, rows.with_columns(challenger=pl.lit("tree"), target=pl.lit("volatility"))])
    names = names_of(table, "direction")
    assert names == ("fast",)
    scored = beside(labels().with_columns(prediction_id=pl.Series(ids)), table, "direction", "probability")
    drawn = axes()
    draw_skill(drawn, scored, NO_ALARMS, NO_TRIALS, "direction", challengers=names)
    assert sorted(texts(drawn)) == ["batch", "fast", "online", "served"]
    weights = pl.DataFrame(
        {
            "prediction_id": ids, "open_time": times(), "target": "direction", "online_weight": [1.0] + [0.3] * (N - 1),
            "batch_weight": None, "base_weight": [0.0] + [0.2] * (N - 1),
        }
    )  # fmt: skip
    drawn = axes()
    draw_weights(drawn, beside(weights, table, "direction", "weight"), "direction", challengers=names)
    assert texts(drawn) == ["online", "fast", "base rate"]


def test_reliability_leaves_out_what_was_not_scored() -> None:
    table = reliability_of(labels(), "direction", 3)
    assert table.labels == N - 1
    drawn = axes()
    draw_reliability(drawn, table, "direction")
    assert texts(drawn)[0].startswith("599 labels, ECE ")


def test_thinned_curves_keep_their_extremes_and_gaps() -> None:
    at = np.arange(10_000).astype("datetime64[s]")
    values = np.sin(np.arange(10_000) / 50.0)
    values[4_321], values[7_000:8_000] = 9.0, np.nan
    shown_at, shown = thinned(at, values, most=200)
    assert len(shown) <= 210
    assert np.nanmax(shown) == 9.0
    assert shown_at[0] == at[0]
    assert shown_at[-1] == at[-1]
    assert np.isnan(shown).any()


@pytest.mark.parametrize("own", [[], ["wider"], ["wider", "pays"]])
def test_the_figure_of_a_run_has_each_of_its_targets(own: list[str]) -> None:
    targets = ["volatility", "direction", *own]
    predictions = pl.DataFrame(
        {
            "open_time": START, "target": targets, "horizon_bars": 3,
            "online_weight": 0.7, "batch_weight": None, "base_weight": 0.3,
        }
    )  # fmt: skip
    tables = {
        "equity": equity(combined=[1.0] * N), "labels": labels(), "predictions": predictions,
        "alarms": NO_ALARMS, "adaptations": NO_TRIALS,
        "challengers": NO_CHALLENGERS,
    }  # fmt: skip
    figure = draw_run(tables, "run")
    shown = [axes.get_title(loc="left") for part in figure.subfigs for axes in part.axes if axes.get_visible()]
    assert [title for title in shown if title.startswith("Skill")] == [
        f"Skill of {name} over the base rate" for name in targets
    ]
    assert [title for title in shown if title.startswith("Reliab")] == [f"Reliability of {name}" for name in targets]


def test_dollar_signs_in_names_are_no_formula() -> None:
    seq = np.arange(3)
    curve = BookCurve(seq, seq * 3_600_000_000_000, np.array([100.0, 101.0, 102.0]), np.zeros(3), 100.0)
    figure = draw_compared([(r"$\up$", curve), ("$SPX/$NDX", curve)])
    assert figure._repr_png_().startswith(b"\x89PNG")  # as a formula, the first name is refused
    assert not any(text.get_parse_math() for text in figure.axes[0].texts)
