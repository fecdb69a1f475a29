"""Plot of prequential curves: windowed accuracy of models and baselines, true changes, and alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from alpha_pulse.evaluation.prequential import Evaluation, ModelScore, StreamScore

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""The colours of Okabe and Ito without yellow and black; safe for colour-blind readers."""
DASHES = ("-", "--", ":")
INK, MUTED, FAINT = "#222222", "#777777", "#DDDDDD"
RULES = {"no_change": (0, (4, 2)), "opposite": (0, (1, 3)), "majority": (0, (1, 1.5)), "moving_average": (0, (6, 2, 1, 2))}
LABEL_HEIGHT = 0.047
"""Height of a label beside the curves, as a fraction of the height of the axes."""
NAME_LENGTH = 28
"""Maximum length of a name beside a curve, in characters."""
ROOM = 0.06
"""Margin above and below the curves, as a fraction of their range."""


def draw(evaluation: Evaluation, file: BinaryIO, kind: str) -> None:
    """Draw ``evaluation`` into ``file`` as ``kind``: png, svg or pdf. Equal evaluations give equal bytes.

    The upper axes show the windowed accuracy of each model (colours) and baseline (grey). The label at the end of a curve
    gives the name and the accuracy over the whole run. Vertical lines mark the true changes of a generator. The lower axes
    show the alarms of each model: filled where its errors rose, hollow where they fell.
    """
    style: dict[Any, Any] = {"font.size": 9.5, "svg.hashsalt": "alpha-pulse", "text.color": INK, "axes.edgecolor": MUTED}
    with mpl.rc_context(style):
        figure = Figure(figsize=(11.0, 5.2 + 0.28 * len(evaluation.models)), dpi=150, facecolor="white", layout="constrained")
        heights = [12.0, 0.75 * len(evaluation.models)]
        above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": heights, "hspace": 0.03})
        _curves(above, evaluation)
        _marks(below, evaluation)
        _changes((above, below), evaluation)
        figure.savefig(file, format=kind, metadata={"CreationDate" if kind == "pdf" else "Date": None} if kind != "png" else {})


def _colour(number: int) -> str:
    return PALETTE[number % len(PALETTE)]


def _curves(axes: Axes, evaluation: Evaluation) -> None:
    low, high = _limits(evaluation)
    drawn: list[tuple[str, str, StreamScore]] = []
    below: list[str] = []
    for name, score in evaluation.baselines.items():
        if score is None:
            continue
        title, shares = name.replace("_", " "), _percent(score.curve.accuracy)
        if sorted(shares)[len(shares) // 2] < low:
            below.append(f"↓ {_label(title, score)}")
            continue
        axes.plot(score.curve.examples, shares, color="#9A9A9A", linestyle=RULES[name], linewidth=1.1)
        drawn.append((title, MUTED, score))
    for number, model in enumerate(evaluation.models):
        dash = DASHES[number // len(PALETTE) % len(DASHES)]
        axes.plot(model.curve.examples, _percent(model.curve.accuracy), color=_colour(number), linestyle=dash, linewidth=1.9)
        drawn.append((model.model, _colour(number), model))
    axes.set_ylim(low, high)
    axes.set_xlim(0, evaluation.stream.examples)
    axes.set_ylabel(f"accuracy over the newest {evaluation.window:,} labels", color=MUTED)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    axes.tick_params(axis="x", length=0, colors=MUTED)
    axes.tick_params(axis="y", length=0, colors=MUTED)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_title(_title(evaluation), loc="left", fontsize=11.5, fontweight="bold", pad=16)
    _labels(axes, drawn, low, high, floor=LABEL_HEIGHT * (len(below) + 0.5) if below else 0.0)
    for row, text in enumerate(reversed(below)):
        axes.annotate(
            text, xy=(1.022, row * LABEL_HEIGHT), xycoords="axes fraction", color=MUTED, va="center", ha="left", fontsize=9.0,
            annotation_clip=False,
        )  # fmt: skip


def _title(evaluation: Evaluation) -> str:
    late = evaluation.horizon - 1
    delay = "labels known at once" if not late else f"labels {late:,} example{'s' if late > 1 else ''} late"
    return f"{evaluation.stream.name}: {evaluation.stream.examples:,} examples, each predicted before it is learned, {delay}"


def _percent(shares: Sequence[float]) -> list[float]:
    return [100.0 * share for share in shares]


def _limits(evaluation: Evaluation) -> tuple[float, float]:
    """Limits of the y axis: around the models, and the baselines that are nearly as good or better."""
    models = [value for model in evaluation.models for value in _percent(model.curve.accuracy)]
    rules = [_percent(score.curve.accuracy) for score in evaluation.baselines.values() if score is not None]
    low, high = min(models), max(models)
    near = [value for curve in rules for value in curve if sorted(curve)[len(curve) // 2] > low - 0.4 * (high - low) - 5.0]
    low, high = min([low, *near]), max([high, *near])
    room = ROOM * max(high - low, 5.0)
    return max(low - room, -room), min(high + room, 100.0 + room)


def _labels(axes: Axes, drawn: list[tuple[str, str, StreamScore]], low: float, high: float, floor: float) -> None:
    """Write names beside the ends of the curves, moved apart so that they do not overlap; a line leads to the curve."""
    ends = [
        (min(max((100.0 * score.curve.accuracy[-1] - low) / (high - low), 0.0), 1.0), name, colour, score)
        for name, colour, score in drawn
    ]
    ends.sort(key=lambda end: end[0])
    heights = [
        max(height, floor + row * LABEL_HEIGHT) for row, height in enumerate(spread([end[0] for end in ends], LABEL_HEIGHT))
    ]
    for height, (end, name, colour, score) in zip(heights, ends, strict=True):
        axes.annotate(
            _label(name, score), xy=(1.0, end), xytext=(1.022, height), xycoords="axes fraction", textcoords="axes fraction",
            color=colour, va="center", ha="left", fontsize=9.0, fontweight="bold" if colour != MUTED else "normal",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 1.0, "shrinkB": 0.0,
                        # By default a line leads to the middle of a name, where it would cross other names.
                        "relpos": (0.0, 0.5)},
        )  # fmt: skip


def _label(name: str, score: StreamScore) -> str:
    """The label of a curve: name, and accuracy over the whole run."""
    return f"{shortened(name)}  {100.0 * (score.accuracy or 0.0):.1f} % in all"


def shortened(name: str) -> str:
    """A name of at most `NAME_LENGTH` characters.

    >>> shortened("mixture:logistic + hoeffding_tree + sgd")
    'mixture:logistic + hoeffdin…'
    """
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"


def spread(heights: list[float], distance: float) -> list[float]:
    """Increasing heights (k,) from 0 to 1, moved as little as needed to be ``distance`` apart. A crowded group keeps its mean.

    >>> [round(place, 2) for place in spread([0.0, 0.5, 0.5, 1.0], 0.1)]
    [0.0, 0.45, 0.55, 1.0]
    """
    groups: list[tuple[float, int]] = []  # (sum of the heights, their number)
    for height in heights:
        groups.append((height, 1))
        while len(groups) > 1 and _first(groups[-1], distance) - _last(groups[-2], distance) < distance:
            (total, count), (other, more) = groups.pop(), groups.pop()
            groups.append((total + other, count + more))
    return [_first(group, distance) + k * distance for group in groups for k in range(group[1])]


def _first(group: tuple[float, int], distance: float) -> float:
    total, count = group
    half = 0.5 * distance * (count - 1)
    return min(max(total / count - half, 0.0), max(1.0 - 2.0 * half, 0.0))


def _last(group: tuple[float, int], distance: float) -> float:
    return _first(group, distance) + distance * (group[1] - 1)


def _marks(axes: Axes, evaluation: Evaluation) -> None:
    for number, model in enumerate(evaluation.models):
        _row(axes, model, number)
    axes.set_ylim(len(evaluation.models) - 0.4, -0.6)
    axes.set_yticks([])
    rate = f"at most one false alarm in {evaluation.samples_per_false_alarm:,} labels"
    axes.set_xlabel(f"examples          ▲ errors rose   ▽ errors fell (ADWIN, {rate})", color=MUTED)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.tick_params(axis="x", colors=MUTED)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _row(axes: Axes, model: ModelScore, number: int) -> None:
    axes.axhline(number, color=FAINT, linewidth=0.7, zorder=0)
    for rise, colour in ((True, _colour(number)), (False, "white")):
        examples = [mark.example for mark in model.drift_marks if mark.rise is rise]
        axes.scatter(
            examples, [number] * len(examples), marker="^" if rise else "v", s=42, facecolor=colour, edgecolor=_colour(number),
            linewidth=1.1, zorder=3, clip_on=False,
        )  # fmt: skip
    axes.annotate(
        shortened(model.model), xy=(1.022, number), xycoords=("axes fraction", "data"), color=_colour(number), va="center",
        ha="left", fontsize=8.5, annotation_clip=False,
    )  # fmt: skip


def _changes(both: tuple[Axes, Axes], evaluation: Evaluation) -> None:
    for axes in both:
        for point in evaluation.stream.change_points:
            axes.axvline(point, color=INK, linewidth=0.9, alpha=0.55, zorder=1)
    for point in evaluation.stream.change_points:
        both[0].annotate(
            "true change", xy=(point, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points",
            ha="center", va="bottom", fontsize=8.0, color=MUTED,
        )  # fmt: skip
