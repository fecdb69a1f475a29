"""Generated streams with known drift: SEA, rotating hyperplane, random radial basis functions, LED display."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.evaluation.streams.parts import change_points, check_options, check_size, parts

SEA_THRESHOLDS = (8.0, 9.0, 7.0, 9.5)
SEGMENTS = (
    (1, 1, 1, 0, 1, 1, 1), (0, 0, 1, 0, 0, 1, 0), (1, 0, 1, 1, 1, 0, 1), (1, 0, 1, 1, 0, 1, 1), (0, 1, 1, 1, 0, 1, 0),
    (1, 1, 0, 1, 0, 1, 1), (1, 1, 0, 1, 1, 1, 1), (1, 0, 1, 0, 0, 1, 0), (1, 1, 1, 1, 1, 1, 1), (1, 1, 1, 1, 0, 1, 1),
)  # fmt: skip
"""The segments of each digit: top, upper left, upper right, middle, lower left, lower right, bottom."""
LED_ATTRIBUTES = 24


def sea(n: int = 20_000, d: int = 3, seed: int = 1, noise: float = 0.1) -> Stream:
    """SEA concepts: the sum of two of ``d`` uniform features is compared with a threshold that changes each quarter.

    Parameters
    ----------
    n, d
        Examples and features, >= 2.
    seed
        Seed of the random numbers.
    noise
        Fraction of labels that are flipped.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    Examples
    --------
    >>> sea(1_000).change_points
    (250, 500, 750)

    References
    ----------
    Street and Kim (2001), "A streaming ensemble algorithm (SEA) for large-scale classification", KDD,
    doi 10.1145/502512.502568; here with more irrelevant features.
    """
    check_options("sea", n=(n, 1, None), d=(d, 2, None), seed=(seed, 0, None), noise=(noise, 0.0, 1.0))
    check_size("sea", d, n=n)
    rng = np.random.default_rng(seed)
    features = rng.uniform(0.0, 10.0, (n, d))
    segment = parts(n, len(SEA_THRESHOLDS))
    above = features[:, 0] + features[:, 1] > np.asarray(SEA_THRESHOLDS)[segment]
    labels = (above ^ (rng.random(n) < noise)).astype(np.int64)
    return Stream("SEA concepts", features, labels, change_points=change_points(segment), generated=True)


def hyperplane(n: int = 20_000, d: int = 10, seed: int = 1, noise: float = 0.05) -> Stream:
    """A rotating hyperplane: its weights move linearly from one random vector to another.

    Parameters
    ----------
    n, d
        Examples and features.
    seed
        Seed of the random numbers.
    noise
        Fraction of labels that are flipped.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    Examples
    --------
    >>> hyperplane(1_000).drifting
    True

    References
    ----------
    Hulten, Spencer and Domingos (2001), "Mining time-changing data streams", KDD, doi 10.1145/502512.502529.
    """
    check_options("hyperplane", n=(n, 1, None), d=(d, 1, None), seed=(seed, 0, None), noise=(noise, 0.0, 1.0))
    check_size("hyperplane", d, n=n)
    rng = np.random.default_rng(seed)
    features = rng.uniform(0.0, 1.0, (n, d))
    first, last = rng.standard_normal((2, d))
    progress = np.linspace(0.0, 1.0, n)[:, None]
    weights = (1.0 - progress) * first + progress * last
    above = ((features - 0.5) * weights).sum(axis=1) > 0.0
    labels = (above ^ (rng.random(n) < noise)).astype(np.int64)
    return Stream("rotating hyperplane", features, labels, drifting=True, generated=True)


def rbf_drift(
    n: int = 20_000, d: int = 10, centres: int = 50, speed: float = 1e-3, seed: int = 1, classes: int = 2
) -> Stream:  # fmt: skip
    """Examples around ``centres`` moving points, each of which has a class and a direction.

    Parameters
    ----------
    n, d
        Examples and features.
    centres
        Number of points.
    speed
        Distance that each point moves per example; the side of the cube is 1.
    seed
        Seed of the random numbers.
    classes
        Number of classes, >= 2.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    Examples
    --------
    >>> rbf_drift(1_000, classes=5).n_classes
    5

    References
    ----------
    Bifet, Holmes, Kirkby and Pfahringer (2010), "MOA: massive online analysis", JMLR 11: the random radial basis function
    generator.
    """
    check_options(
        "rbf_drift", n=(n, 1, None), d=(d, 1, None), centres=(centres, 1, None), speed=(speed, 0.0, None),
        seed=(seed, 0, None), classes=(classes, 2, None),
    )  # fmt: skip
    check_size("rbf_drift", max(d, classes), n=n, centres=centres)
    rng = np.random.default_rng(seed)
    indices, directions = rng.random((centres, d)), rng.normal(size=(centres, d))
    directions *= speed / np.linalg.norm(directions, axis=1, keepdims=True)
    of_centre, widths, weights = rng.integers(0, classes, centres), rng.random(centres), rng.random(centres)
    which = rng.choice(centres, n, p=weights / weights.sum())
    around = rng.uniform(-1.0, 1.0, (n, d))
    around *= (rng.normal(size=n) * widths[which] / np.linalg.norm(around, axis=1))[:, None]
    walked = indices[which] + np.arange(n)[:, None] * directions[which]
    # A centre is reflected at the walls of the unit cube.
    folded = 1.0 - np.abs(np.mod(walked, 2.0) - 1.0)
    names, labels = tuple(str(label) for label in range(classes)), of_centre[which].astype(np.int64)
    return Stream(f"RBF, {centres} centres moving", folded + around, labels, names, drifting=speed > 0.0, generated=True)


def led_drift(
    n: int = 20_000, drift: tuple[int, ...] = (1, 3, 5, 7), seed: int = 1, noise: float = 0.1
) -> Stream:  # fmt: skip
    """The digit on a display of seven segments, and 17 irrelevant attributes; drift swaps some relevant and irrelevant
    attributes.

    Parameters
    ----------
    n
        Examples; their 24 attributes are 0 or 1.
    drift
        For each of the equally long segments of the stream, how many relevant attributes are swapped with irrelevant ones,
        0 to 7.
    seed
        Seed of the random numbers.
    noise
        Probability that a segment of the display is inverted.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    Examples
    --------
    >>> stream = led_drift(1_000)
    >>> stream.n_classes, stream.features.shape, stream.change_points
    (10, (1000, 24), (250, 500, 750))

    References
    ----------
    Breiman, Friedman, Olshen and Stone (1984), "Classification and regression trees"; drift as in MOA's LEDGeneratorDrift,
    with the numbers of attributes of Gomes et al. (2017), doi 10.1007/s10994-017-5642-8.
    """
    check_options("led_drift", n=(n, 1, None), seed=(seed, 0, None), noise=(noise, 0.0, 1.0))
    check_size("led_drift", LED_ATTRIBUTES, n=n)
    relevant = len(SEGMENTS[0])
    if not drift or not all(0 <= count <= relevant for count in drift):
        raise ConfigError(f"led_drift was given drift = {drift}; expected one or more numbers from 0 to {relevant}")
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(SEGMENTS), n)
    shown = np.asarray(SEGMENTS)[labels] ^ (rng.random((n, relevant)) < noise)
    plain = np.column_stack([shown, rng.integers(0, 2, (n, LED_ATTRIBUTES - relevant))])
    segment, features = parts(n, len(drift)), np.empty((n, LED_ATTRIBUTES))
    for number, count in enumerate(drift):
        indices = np.arange(LED_ATTRIBUTES)
        segments = rng.permutation(relevant)[:count]
        others = relevant + rng.permutation(LED_ATTRIBUTES - relevant)[:count]
        indices[segments], indices[others] = others, segments
        features[segment == number] = plain[segment == number][:, indices]
    names = tuple(str(digit) for digit in range(len(SEGMENTS)))
    return Stream("LED display", features, labels.astype(np.int64), names, change_points(segment), generated=True)
