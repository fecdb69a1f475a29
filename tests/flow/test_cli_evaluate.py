"""`alpha-pulse evaluate` as a user runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alpha_pulse.evaluation.prequential import ModelComparison
from alpha_pulse.evaluation.streams.generated import sea
from alpha_pulse.evaluation.words import comparison_sentence
from alpha_pulse.metrics.comparison import Comparison, Winner
from cli_runs import command, environment, forked, run, run_each

MODELS = ("--model", "logistic", "--model", "hoeffding_tree")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    stream = sea(1_500, seed=3)
    frame = pl.DataFrame({"label": stream.labels, **{f"x{j}": stream.features[:, j] for j in range(3)}})
    frame.write_csv(folder / "sea.csv")
    frame.write_parquet(folder / "sea.parquet")
    return folder


@pytest.fixture(scope="module")
def whole(place: Path) -> dict[str, object]:
    done = run(place, "evaluate", *MODELS, "--stream", "sea:n=1500,seed=3", "--json", "whole.json", "--plot", "whole.png")
    assert done.returncode == 0, done.stderr
    for word in (
        "SEA concepts",
        "hoeffding_tree",
        "no change",
        "1,500 = 1,500 labelled + 0 pending + 0 expired",
        "at 375, 750",
    ):
        assert word in done.stdout, word
    assert "evaluating logistic: 1,500 examples" in done.stderr
    found: dict[str, object] = json.loads((place / "whole.json").read_bytes())
    return found


def timeless(found: dict[str, object]) -> list[dict[str, object]]:
    models = found["models"]
    assert isinstance(models, list)
    return [{key: value for key, value in model.items() if key != "examples_per_second"} for model in models]


def test_result_and_picture_are_written_whole(place: Path, whole: dict[str, object]) -> None:
    assert list(whole) == [
        "models",
        "stream",
        "horizon",
        "window",
        "seed",
        "samples_per_false_alarm",
        "baselines",
        "comparisons",
    ]
    assert (place / "whole.png").read_bytes().startswith(b"\x89PNG")
    assert not list(place.glob("*.part"))
    first = timeless(whole)[0]
    assert first["model"] == "logistic"
    assert 0.8 < float(str(first["accuracy"])) < 1.0


@pytest.mark.parametrize(("file", "environ"), [("sea.csv", {"PYTHONHASHSEED": "9"}), ("sea.parquet", {})])
def test_a_file_of_the_same_examples_gives_the_same(
    place: Path, whole: dict[str, object], file: str, environ: dict[str, str]
) -> None:
    done = run(place, "evaluate", *MODELS, "--stream", file, "--target", "label", "--json", "-", **environ)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for one, other in zip(timeless(found), timeless(whole), strict=True):
        assert {k: v for k, v in one.items() if k != "drift_marks"} == {k: v for k, v in other.items() if k != "drift_marks"}
    assert found["comparisons"] == whole["comparisons"]


@pytest.mark.parametrize(
    ("low", "high", "winner", "said"),
    [
        (0.01, 0.03, "first", "(0.0100 to 0.0300 at alpha 0.05). The difference was significant at label 1,900."),
        (
            -0.03,
            -0.01,
            "first",
            "(0.0100 to 0.0300 at alpha 0.05). At label 1,900, a was significantly better.",
        ),
        (
            -0.01,
            0.03,
            "second",
            "(-0.0100 to +0.0300 at alpha 0.05). At label 1,900, b was significantly better.",
        ),
    ],
)
def test_that_one_was_ever_better_is_said_as_what_was_shown_by_then(low: float, high: float, winner: Winner, said: str) -> None:
    result = Comparison((low + high) / 2, low, high, 0.01, winner, 1_900, 5_000)
    assert comparison_sentence(ModelComparison("b", "a", 1, 0.05, result)).endswith(said)


def test_a_delay_leaves_labels_pending_and_the_seed_is_that_of_everything(place: Path) -> None:
    arguments = ("evaluate", "--model", "adaptive_random_forest", "--stream", "sea:n=600", "--delay", "24", "--json", "-")
    one, two, other = (run(place, *arguments, "--seed", seed, "--window", "100") for seed in ("1", "1", "2"))
    found = json.loads(one.stdout)
    model = found["models"][0]
    assert (model["labelled"], model["pending"], model["expired"]) == (576, 24, 0)
    assert (found["horizon"], found["window"]) == (25, 100)
    assert timeless(found) == timeless(json.loads(two.stdout))
    assert json.loads(other.stdout)["models"][0]["state_sha256"] != model["state_sha256"]


def test_rows_that_lack_a_value_are_dropped_and_counted(place: Path) -> None:
    (place / "gaps.data").write_text("".join(f"{i % 7}.5;{'?' if i == 3 else i % 2}\n" for i in range(100)))
    arguments = ("evaluate", "--model", "naive_bayes", "--stream", "gaps.data", "--missing", "drop")
    done = run(place, *arguments, "--json", "gaps.json", COLUMNS="140", NO_COLOR="1")
    assert done.returncode == 0, done.stderr
    assert "rows dropped for missing values: 1" in done.stdout
    stream = json.loads((place / "gaps.json").read_text())["stream"]
    assert (stream["examples"], stream["dropped"]) == (99, 1)


def test_ten_classes_and_a_narrow_terminal(place: Path) -> None:
    done = run(place, "evaluate", "--model", "naive_bayes", "--stream", "led_drift:n=500", COLUMNS="50", NO_COLOR="1")
    assert done.returncode == 0, done.stderr
    assert "10 classes" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 50


def test_a_terminal_of_40_columns_keeps_what_matters_and_explains_no_more(place: Path) -> None:
    done = run(place, "evaluate", "--model", "naive_bayes", "--stream", "sea:n=500", COLUMNS="40", NO_COLOR="1")
    assert done.returncode == 0, done.stderr
    assert "interval: of the accuracy, 95 %" in done.stdout
    for left_out in ("examples/s", "kappa", "IC:", "newest:"):
        assert left_out not in done.stdout, left_out


def test_the_legend_counts_the_labels_there_are_and_a_hash_is_one_line(place: Path) -> None:
    arguments = ("evaluate", "--model", "naive_bayes", "--stream", "sea:n=500", "--delay", "10")
    wide = run(place, *arguments, COLUMNS="140", NO_COLOR="1").stdout
    assert "of the last 490 labels" in " ".join(wide.split())
    narrow = run(place, *arguments, COLUMNS="80", NO_COLOR="1").stdout
    assert len(narrow.splitlines()[-1].split()[-1]) == 16
    assert narrow.splitlines()[-1].startswith("state of naive_bayes")


REFUSALS: list[tuple[tuple[str, ...], str]] = [
    (("--model", "logistics", "--stream", "sea:n=50"), "did you mean 'logistic'"),
    (("--model", "logistic", "--stream", "seas"), "did you mean 'sea'"),
    (("--model", "logistic", "--stream", "sea:n=50,sed=1"), "did you mean 'seed'"),
    (("--model", "logistic", "--stream", "led_drift:n=50"), "learns two classes"),
    (("--model", "logistic", "--stream", "no.csv"), "does not exist"),
    (("--model", "logistic", "--stream", "sea.csv", "--target", "lable"), "did you mean 'label'"),
    (("--model", "logistic", "--stream", "sea.csv", "--missing", "skip"), "--missing is 'skip'; expected refuse, drop or keep"),
    (("--model", "logistic", "--stream", "sea:n=50", "--delay", "50"), "no label becomes known"),
    (("--model", "logistic", "--stream", "sea:n=50", "--alpha", "0"), "the level alpha is 0.0"),
    (("--model", "logistic", "--stream", "sea:n=50", "--delay", "9" * 20), "no label becomes known within"),
    (("--model", "logistic", "--stream", "sea:n=50", "--plot", "x.jpeg"), "ends in .png"),
    (("--model", "logistic", "--stream", "sea:n=50", "--plot", "no/x.png"), "the folder no does not exist"),
    (("--model", "logistic", "--stream", "sea.csv", "--json", "sea.csv"), "are the same file"),
    (("--model", "logistic", "--stream", "sea:n=50", "--json", "x.png", "--plot", "x.png"), "are the same file"),
]


@pytest.fixture(scope="module")
def refused(place: Path) -> list[subprocess.CompletedProcess[str]]:
    before = (place / "sea.csv").read_bytes()
    done = run_each(place, [("evaluate", *arguments) for arguments, _ in REFUSALS])
    assert (place / "sea.csv").read_bytes() == before
    assert not list(place.glob("*.part"))
    return done


@pytest.mark.parametrize("case", range(len(REFUSALS)), ids=[said for _, said in REFUSALS])
def test_a_refusal_is_one_sentence(refused: list[subprocess.CompletedProcess[str]], case: int) -> None:
    done, said = refused[case], REFUSALS[case][1]
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("alpha-pulse: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


@pytest.mark.parametrize(("number", "code", "make"), [(signal.SIGINT, 130, command), (signal.SIGTERM, 143, forked)])
def test_a_signal_ends_it_and_leaves_nothing(place: Path, number: int, code: int, make: Callable[..., list[str]]) -> None:
    arguments = ("evaluate", "--model", "sgbt", "--stream", "sea:n=1000000", "--json", "stopped.json", "--delay", "1")
    process = subprocess.Popen(
        make(*arguments), cwd=place, env=environment(place), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(number)
    _, said = process.communicate(timeout=100)
    assert process.returncode == code
    assert said.endswith("alpha-pulse: stopped; nothing was written\n")
    assert not list(place.glob("stopped.json*"))


def test_help_is_quick_because_nothing_heavy_is_imported(place: Path) -> None:
    code = (
        "import sys; sys.argv = ['alpha-pulse', 'evaluate', '--help']\n"
        "from alpha_pulse.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numba', 'numpy', 'polars', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment(place), capture_output=True, text=True, check=True
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"
    assert np.all([flag in done.stdout for flag in ("--model", "--stream", "--delay", "--plot")])
