from __future__ import annotations

import numpy as np
import pytest

from alpha_pulse.core.errors import AlphaPulseError, ConfigError, DataError, NonFiniteError, UnknownNameError
from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.evaluation.streams.generated import SEGMENTS, led_drift, rbf_drift, sea
from alpha_pulse.evaluation.streams.named import GENERATORS, open_stream

# Generators.


@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_a_generator_gives_the_same_from_a_seed_and_other_examples_from_another(name: str) -> None:
    stream, again, other = (open_stream(f"{name}:n=2000,seed={seed}") for seed in (3, 3, 4))
    assert np.array_equal(stream.features, again.features)
    assert np.array_equal(stream.labels, again.labels)
    assert not np.array_equal(stream.features, other.features)
    assert set(stream.labels.tolist()) == set(range(stream.n_classes))
    assert stream.generated
    assert stream.drifting != bool(stream.change_points)
    assert open_stream(f"{name}:n=2000", seed=3).features.tobytes() == stream.features.tobytes()


@pytest.mark.parametrize("name", ["agrawal", "led_drift", "sea"])
def test_change_points_are_where_the_parts_begin(name: str) -> None:
    assert open_stream(f"{name}:n=1000").change_points == (250, 500, 750)


def test_sea_is_decided_by_two_features_against_the_papers_thresholds() -> None:
    stream = sea(8_000, 3, seed=3, noise=0.0)
    for part, threshold in enumerate((8.0, 9.0, 7.0, 9.5)):
        rows = slice(2_000 * part, 2_000 * (part + 1))
        assert np.array_equal(stream.features[rows, :2].sum(axis=1) > threshold, stream.labels[rows] == 1)


def test_noise_turns_its_share_of_labels_round() -> None:
    clean, noisy = (sea(20_000, 3, seed=3, noise=noise).labels for noise in (0.0, 0.1))
    assert np.mean(clean != noisy) == pytest.approx(0.1, abs=0.01)


def test_agrawals_first_function_is_about_age_alone() -> None:
    stream = open_stream("agrawal:n=2000,functions=1,shake=0")
    age = stream.features[:, 2]
    assert np.array_equal(stream.labels == 1, (age < 40) | (age >= 60))


def test_the_display_shows_its_digit_until_segments_trade_places() -> None:
    stream = led_drift(4_000, drift=(0, 7), seed=2, noise=0.0)
    shown = np.asarray(SEGMENTS)[stream.labels]
    assert np.array_equal(stream.features[:2_000, :7], shown[:2_000])
    later = stream.features[2_000:]
    assert not any(np.array_equal(later[:, j], shown[2_000:, j]) for j in range(7))
    # The segments are all there, among what meant nothing before.
    assert all(any(np.array_equal(later[:, k], shown[2_000:, j]) for k in range(7, 24)) for j in range(7))
    assert set(np.unique(stream.features)) == {0.0, 1.0}


def test_noise_of_the_display_is_a_tenth_of_its_segments() -> None:
    stream = led_drift(20_000, drift=(0,), seed=2)
    assert np.mean(stream.features[:, :7] != np.asarray(SEGMENTS)[stream.labels]) == pytest.approx(0.1, abs=0.005)


def test_balls_that_stand_still_do_not_drift() -> None:
    assert not rbf_drift(500, speed=0.0).drifting


# Names.


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("see", UnknownNameError, "neither a file nor a generator; did you mean 'sea'"),
        ("sea:nn=5", UnknownNameError, "not an option of the generator sea; did you mean 'n'"),
        ("sea:n", ConfigError, "expected key=value"),
        ("sea:", ConfigError, "expected key=value"),
        ("sea:n=1,n=2", ConfigError, "more than once"),
        ("sea:n=many", ConfigError, "option n of sea is 'many'; expected a whole number"),
        ("sea:noise=x", ConfigError, "expected a number"),
        ("sea:noise=nan", ConfigError, "expected 0 to 1"),
        ("sea:n=0", ConfigError, "n of sea is 0; expected 1 or more"),
        ("agrawal:functions=1+x", ConfigError, "whole numbers with \\+ between them"),
        ("agrawal:functions=11", ConfigError, "from 1 to 10"),
        ("led_drift:drift=8", ConfigError, "from 0 to 7"),
        ("rbf_drift:classes=1", ConfigError, "2 or more"),
        ("hyperplane:seed=-1", ConfigError, "0 or more"),
        ("sea:n=1000000000", ConfigError, "n = 1,000,000,000, of 3 numbers each: 24 GB; give 66,666,666 or fewer"),
        ("hyperplane:d=1000000", ConfigError, "160 GB; give 200 or fewer"),
        ("led_drift:n=10000000", ConfigError, "of 24 numbers each"),
        ("agrawal:n=100000000", ConfigError, "of 9 numbers each"),
        ("rbf_drift:centres=100000000", ConfigError, "centres = 100,000,000"),
        ("rbf_drift:classes=1000000", ConfigError, "give 200 or fewer"),
        (f"sea:n=1{'0' * 400}", ConfigError, "66,666,666 or fewer"),
    ],
)
def test_what_cannot_be_made_is_refused(text: str, kind: type[AlphaPulseError], said: str) -> None:
    with pytest.raises(kind, match=said):
        open_stream(text)


def test_a_generator_has_no_target() -> None:
    with pytest.raises(ConfigError, match="leave it out"):
        open_stream("sea", target="class")


def test_whole_numbers_may_be_written_with_an_exponent() -> None:
    assert open_stream("sea:n=1e3").title == "SEA concepts, 1,000 x 3"
    with pytest.raises(ConfigError, match="expected a whole number"):
        open_stream("sea:n=1.5")


# The struct.


def test_a_stream_that_does_not_fit_is_refused() -> None:
    rows, labels = np.zeros((3, 2)), np.array([0, 1, 0])
    for features, numbers, classes in (
        (rows, labels[:2], ("0", "1")),
        (rows[:, :0], labels, ("0", "1")),
        (rows, labels, ("0",)),
        (rows, labels + 1, ("0", "1")),
        (rows[:0], labels[:0], ("0", "1")),
    ):
        with pytest.raises(DataError, match="stream x"):
            Stream("x", features, numbers, classes)
    rows[1, 1] = np.nan
    with pytest.raises(NonFiniteError, match="example 1: feature 1"):
        Stream("x", rows, labels)
