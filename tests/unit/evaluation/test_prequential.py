"""Prequential evaluation as a whole: what is predicted, what is learned when, and what is said of it."""

from __future__ import annotations

import json
from io import BytesIO
from itertools import pairwise

import matplotlib as mpl
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.text import Annotation, Text

import naive_evaluation as naive
from alpha_pulse.core import stateful
from alpha_pulse.core.errors import ConfigError, DataError, UnknownNameError
from alpha_pulse.core.plugins import load
from alpha_pulse.evaluation.curves import curve
from alpha_pulse.evaluation.delays import Revision, timeline
from alpha_pulse.evaluation.drawing import spread
from alpha_pulse.evaluation.drift import dependence_of, drift_marks, samples_per_false_alarm
from alpha_pulse.evaluation.models import make_model, run_model
from alpha_pulse.evaluation.plot import draw
from alpha_pulse.evaluation.prequential import Evaluation, evaluate, to_json
from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.evaluation.streams.generated import hyperplane, led_drift, sea
from alpha_pulse.kernels.base.missing import MISSING
from alpha_pulse.models import ONLINE

RULES = ["no_change", "opposite", "majority", "moving_average"]


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate(sea(3_000, seed=2), ["logistic", "hoeffding_tree", "naive_bayes"], window=500)


@pytest.mark.parametrize("name", ["logistic", "hoeffding_tree", "market_default", "mixture:logistic + sgd"])
@pytest.mark.parametrize("delay", [0, 1, 7])
def test_predictions_are_those_of_a_plain_loop(name: str, delay: int) -> None:
    stream = sea(400, seed=5)
    run = run_model(name, stream, timeline(stream.labels, delay), seed=3)
    model = load("models", ONLINE, name)(3, delay + 1, 3)
    arrivals = [i + delay for i in range(400)]
    said = naive.prequential(model, stream.features, stream.labels.tolist(), arrivals)
    assert run.predictions.probabilities[:, 1].tolist() == said
    assert run.state_sha256 == stateful.digest({"model": model.snapshot()})


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_labels_that_arrive_in_any_order_are_learned_in_that_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stream = sea(120, seed=seed)
    arrivals = np.arange(120) + rng.integers(0, 30, 120)
    known = timeline(stream.labels, arrivals=arrivals)
    run = run_model("logistic", stream, known)
    said = naive.prequential(make_model("logistic", stream, 1, 1), stream.features, stream.labels.tolist(), arrivals.tolist())
    assert run.predictions.probabilities[:, 1].tolist() == said


def test_a_label_that_never_comes_beside_one_that_is_revised_is_learned_in_order() -> None:
    stream = sea(400, seed=5)
    arrivals = np.arange(400)
    arrivals[5] = 500
    revisions = [Revision(0, 1, 1 - int(stream.labels[0]))]
    run = run_model("logistic", stream, timeline(stream.labels, arrivals=arrivals, revisions=revisions))
    model = make_model("logistic", stream, 1, 1)
    said = naive.prequential(model, stream.features, stream.labels.tolist(), arrivals.tolist(), revisions)
    assert run.predictions.probabilities[:, 1].tolist() == said
    assert run.state_sha256 == stateful.digest({"model": model.snapshot()})


@pytest.mark.parametrize("make", [lambda: sea(900, seed=5), lambda: led_drift(900, seed=5)])
def test_chunks_are_bit_equal_to_one_example_at_a_time(make: object) -> None:
    stream: Stream = make()  # type: ignore[operator]
    at_once = timeline(stream.labels)
    # A revision to the same label makes it go one by one, and teaches that example twice; at the end, so that nothing differs.
    one_by_one = timeline(stream.labels, revisions=[Revision(899, 899, int(stream.labels[899]))])
    assert at_once.immediate
    assert not one_by_one.immediate
    for name in ("naive_bayes", "hoeffding_tree", "adaptive_random_forest"):
        first, second = (run_model(name, stream, known).predictions for known in (at_once, one_by_one))
        assert np.array_equal(first.probabilities, second.probabilities)


def test_nothing_later_changes_a_prediction() -> None:
    stream = sea(600, seed=4)
    other = Stream("x", stream.features.copy(), stream.labels.copy())
    other.features[410:] = 9.0
    other.labels[395:] = 1 - other.labels[395:]
    for delay in (0, 5):
        one, two = (
            run_model("hoeffding_tree", s, timeline(s.labels, delay)).predictions.probabilities for s in (stream, other)
        )
        assert np.array_equal(one[: 396 + delay], two[: 396 + delay])
        assert not np.array_equal(one, two)


def test_what_expired_is_never_learned_and_never_scored() -> None:
    stream = sea(500, seed=4)
    arrivals = np.arange(500)
    arrivals[::2] += 50
    known = timeline(stream.labels, arrivals=arrivals, timeout=20)
    found = evaluate(stream, ["logistic"], known=known).models[0]
    assert found.predictions == 500 == found.labelled + found.pending + found.expired
    assert found.labels == found.labelled == 250
    assert (found.expired, found.pending) == (240, 10)
    wrong = stream.labels.copy()
    wrong[::2] = 1 - wrong[::2]
    again = evaluate(Stream("x", stream.features, wrong), ["logistic"], known=known).models[0]
    assert again.state_sha256 == found.state_sha256


def test_a_revised_label_is_scored_as_it_is_at_the_end() -> None:
    stream = sea(300, seed=4)
    revisions = [Revision(i, i + 3, 1 - int(stream.labels[i])) for i in range(0, 290, 10)]
    known = timeline(stream.labels, revisions=revisions)
    found = evaluate(stream, ["logistic"], known=known).models[0]
    run = run_model("logistic", stream, known)
    assert found.accuracy == pytest.approx(np.mean(run.predictions.guesses == known.final))
    assert found.labels == 300


def test_marks_and_comparison_are_of_the_labels_as_they_first_became_known() -> None:
    stream = sea(3_000, seed=4)
    late = [Revision(i, 2_999, 1 - int(stream.labels[i])) for i in range(1_500, 3_000)]
    plain, revised = (
        evaluate(stream, ["logistic", "naive_bayes"], known=timeline(stream.labels, revisions=revisions))
        for revisions in ((), late)
    )
    assert revised.comparisons == plain.comparisons
    for one, other in zip(plain.models, revised.models, strict=True):
        assert other.accuracy is not None
        assert one.accuracy is not None
        assert other.accuracy < one.accuracy - 0.2
        assert other.drift_marks == one.drift_marks


def test_a_label_of_no_class_is_refused_before_anything_is_learned() -> None:
    stream = sea(50)
    known = timeline(stream.labels, revisions=[Revision(4, 9, 7)])
    message = "example 4 has the class 7 from step 9 on, but stream SEA.* has 2 classes; expected a label from 0 to 1"
    with pytest.raises(DataError, match=message):
        evaluate(stream, ["logistic"], known=known, report=lambda name, done: pytest.fail("learned already"))


def test_rules_stand_beside_and_more_classes_have_no_opposite(evaluation: Evaluation) -> None:
    assert list(evaluation.baselines) == RULES
    assert all(score is not None and score.labels == 3_000 for score in evaluation.baselines.values())
    found = evaluate(led_drift(3_000, drift=(0,)), ["naive_bayes"])
    assert found.baselines["opposite"] is None
    assert found.models[0].information_coefficient is None
    assert (found.models[0].auc or 0.0) > 0.8
    no_change = found.baselines["no_change"]
    assert no_change is not None
    assert no_change.kappa_temporal == 0.0


def test_windows_intervals_and_curves_are_of_the_same_hits(evaluation: Evaluation) -> None:
    for model in evaluation.models:
        assert model.window.labels == 500
        assert model.curve.accuracy[-1] == pytest.approx(model.window.accuracy)
        assert model.curve.examples[-1] == 3_000
        assert model.accuracy_interval is not None
        assert model.accuracy is not None
        assert model.accuracy_interval.low < model.accuracy < model.accuracy_interval.high
        assert model.fading.accuracy == pytest.approx(model.window.accuracy, abs=0.05)


def test_the_first_is_compared_with_each_of_the_others(evaluation: Evaluation) -> None:
    assert [(one.model, one.against, one.alpha) for one in evaluation.comparisons] == [
        ("hoeffding_tree", "logistic", 0.025),
        ("naive_bayes", "logistic", 0.025),
    ]
    for one, model in zip(evaluation.comparisons, evaluation.models[1:], strict=True):
        worse = (model.brier or 0.0) - (evaluation.models[0].brier or 0.0)
        assert one.result.mean_difference == pytest.approx(worse)
        assert one.result.samples == 3_000


def test_equal_runs_have_equal_results_but_for_time(evaluation: Evaluation) -> None:
    again = evaluate(sea(3_000, seed=2), ["logistic", "hoeffding_tree", "naive_bayes"], window=500)
    timeless = [msgspec.structs.replace(model, examples_per_second=0.0) for model in evaluation.models]
    assert [msgspec.structs.replace(model, examples_per_second=0.0) for model in again.models] == timeless
    assert again.baselines == evaluation.baselines


def test_json_begins_with_what_it_is_about_and_holds_no_nan(evaluation: Evaluation) -> None:
    text = to_json(evaluation)
    found = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert next(iter(found)) == "models"
    assert list(found["models"][0])[:3] == ["model", "examples", "examples_per_second"]
    promised = {"accuracy", "kappa", "kappa_temporal", "auc", "log_loss", "state_sha256", "drift_marks"}
    assert all(promised <= set(model) for model in found["models"])
    assert list(found["baselines"]) == RULES


def test_progress_is_told_to_the_last_example() -> None:
    told: list[tuple[str, int]] = []
    stream = sea(700)
    evaluate(
        stream, ["logistic"], known=timeline(stream.labels, 2), report=lambda name, done: told.append((name, done))
    )  # fmt: skip
    assert told[0] == ("logistic", 0)
    assert told[-1] == ("logistic", 700)


def test_one_class_alone_has_no_kappas_and_no_auc() -> None:
    rows = np.random.default_rng(1).normal(size=(200, 2))
    found = evaluate(Stream("one", rows, np.ones(200, dtype=np.int64)), ["logistic"]).models[0]
    assert (found.kappa, found.auc, found.balanced_accuracy, found.information_coefficient) == (None,) * 4
    assert b"NaN" not in to_json(evaluate(Stream("one", rows, np.ones(200, dtype=np.int64)), ["logistic"]))


def test_a_prediction_that_is_no_number_counts_as_knowing_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from alpha_pulse.models.linear import Logistic

    monkeypatch.setattr(Logistic, "learn_many", lambda self, rows, labels, weights: np.full(len(rows), np.nan))
    found = evaluate(sea(300), ["logistic"]).models[0]
    assert found.abstained == 300
    assert found.log_loss == pytest.approx(np.log(2.0))


@pytest.mark.parametrize(
    ("models", "classes", "said"),
    [
        (["logistics"], 2, "did you mean 'logistic'"),
        (["logistic"], 3, "learns two classes, but stream x has 3; models for more classes: adagrad, "),
        (["market_default"], 3, "learns two classes"),
        (["river:naive_bayes.GaussianNB"], 3, "learns two classes"),
        (["nothing"], 3, "unknown model 'nothing'"),
    ],
)
def test_a_model_that_cannot_learn_the_stream_is_refused(models: list[str], classes: int, said: str) -> None:
    stream = Stream("x", np.zeros((9, 1)), np.arange(9) % classes, tuple("abc")[:classes])
    with pytest.raises(UnknownNameError, match=said):
        evaluate(stream, models)


def test_features_that_are_missing_are_absent_and_refused_where_a_model_cannot_tell() -> None:
    whole = sea(3_000, seed=2, noise=0.0)
    features = whole.features.copy()
    features[np.random.default_rng(1).random(features.shape) < 0.1] = MISSING
    holes = msgspec.structs.replace(whole, features=features)
    names = ["logistic", "naive_bayes", "hoeffding_tree"]
    for before, after in zip(evaluate(whole, names).models, evaluate(holes, names).models, strict=True):
        assert before.accuracy is not None
        assert after.accuracy is not None
        assert before.accuracy - 0.12 < after.accuracy < before.accuracy + 0.01
    with pytest.raises(ConfigError, match="has missing values, which model 'river:linear_model"):
        evaluate(holes, ["river:linear_model.LogisticRegression"])


def test_what_cannot_be_evaluated_is_refused() -> None:
    stream = sea(50)
    for models, window, alpha, delay, said in (
        ([], 10, 0.05, 0, "none were given for evaluation"),
        (["logistic", "logistic"], 10, 0.05, 0, "each once"),
        (["logistic"], 0, 0.05, 0, "the window is 0; expected one label or more"),
        (["logistic"], 10, 1.0, 0, r"the level alpha is 1\.0; expected a number between 0 and 1"),
        (["logistic"], 10, 0.05, 50, "no label becomes known"),
    ):
        with pytest.raises(ConfigError, match=said):
            evaluate(stream, models, known=timeline(stream.labels, delay), window=window, alpha=alpha)
    with pytest.raises(ConfigError, match="but the stream has 50"):
        evaluate(stream, ["logistic"], known=timeline(stream.labels[:9]))


# Marks and curves.


def test_marks_stand_where_the_errors_change_and_nowhere_else() -> None:
    rng = np.random.default_rng(2)
    wrong = rng.random(6_000) < np.repeat([0.1, 0.4, 0.1], 2_000)
    marks = drift_marks(wrong, np.arange(6_000) + 5, horizon=1, independent=True)
    assert [mark.rise for mark in marks] == [True, False]
    assert 2_000 < marks[0].example < 2_300
    assert 4_000 < marks[1].example < 4_300


@pytest.mark.parametrize(
    ("horizon", "independent", "wanted"),
    [
        (1, True, "independent"),
        (2, True, "horizon"),
        (1, False, "autoregressive"),
        (20, False, "autoregressive"),
        (25, False, "horizon"),
    ],
)
def test_errors_of_files_are_taken_for_autocorrelated(horizon: int, independent: bool, wanted: str) -> None:
    assert dependence_of(horizon, independent) == wanted


def test_labels_that_come_very_late_can_be_watched_too() -> None:
    assert drift_marks(np.zeros(3_000, dtype=np.bool_), np.arange(3_000), horizon=1_500, independent=False) == []


@pytest.mark.parametrize(("delay", "wanted"), [(0, 10_000), (24, 10_000), (149, 15_000)])
def test_the_rate_of_false_alarms_that_is_told_is_the_one_used(delay: int, wanted: int) -> None:
    stream = sea(400)
    found = evaluate(stream, ["logistic"], known=timeline(stream.labels, delay))
    assert found.samples_per_false_alarm == wanted == samples_per_false_alarm(delay + 1, independent=True)
    file = BytesIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        draw(found, file, "svg")
    assert f"at most one false alarm in {wanted:,} labels" in file.getvalue().decode()


@given(st.integers(1, 300), st.integers(1, 50), st.integers(0, 1_000))
def test_a_curve_is_the_share_of_hits_in_its_window(n: int, window: int, seed: int) -> None:
    hits = np.random.default_rng(seed).random(n) < 0.5
    found = curve(np.arange(n), hits, window, points=40)
    assert len(found.examples) <= 40
    for end, accuracy in zip(found.examples, found.accuracy, strict=True):
        assert accuracy == pytest.approx(np.mean(hits[max(end - window, 0) : end]), abs=1e-6)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
def test_labels_are_moved_apart_and_keep_their_order(places: list[float]) -> None:
    found = spread(sorted(places), 0.05)
    assert all(later - earlier >= 0.05 - 1e-9 for earlier, later in pairwise(found))
    assert all(-1e-9 <= place <= 1.0 + 1e-9 for place in found)


@pytest.mark.parametrize(("kind", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_equal_evaluations_are_drawn_alike(evaluation: Evaluation, kind: str, magic: bytes) -> None:
    drawn = []
    for _ in range(2):
        file = BytesIO()
        draw(evaluation, file, kind)
        drawn.append(file.getvalue())
    assert drawn[0] == drawn[1]
    assert drawn[0].startswith(magic)
    assert len(drawn[0]) > 5_000


def test_an_interval_of_an_accuracy_keeps_within_0_and_1() -> None:
    stream = hyperplane(2_000, d=1)
    for one in evaluate(stream, ["logistic", "naive_bayes"]).models:
        assert one.accuracy_interval is not None
        assert one.accuracy_interval.high <= 1.0


def test_lines_lead_to_names_without_crossing_others(monkeypatch: pytest.MonkeyPatch) -> None:
    models = [
        "logistic", "sgd", "adagrad", "naive_bayes", "hoeffding_tree", "mixture:logistic + sgd", "mixture:sgd + logistic",
        "mixture:logistic + hoeffding_tree + naive_bayes",
    ]  # fmt: skip
    found = evaluate(sea(1_500, seed=3), models)
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *args, **more: drawn.append(self))
    draw(found, BytesIO(), "png")
    texts = [one for one in drawn[0].axes[0].texts if isinstance(one, Annotation) and one.arrow_patch is not None]
    named = [one.get_text() for one in texts]
    assert sum(name.startswith("mixture:logistic + hoeffdin…  ") for name in named) == 1
    assert all(name.endswith(" % in all") for name in named)
    drawn[0].canvas.draw()
    boxes = [Text.get_window_extent(one) for one in texts]
    for at, one in enumerate(texts):
        assert one.arrow_patch is not None
        ends = one.arrow_patch.get_path().transformed(one.arrow_patch.get_transform()).vertices
        assert not any(Path(ends).intersects_bbox(box.padded(-1.0)) for other, box in enumerate(boxes) if other != at)
