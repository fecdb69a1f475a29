"""The loans of Agrawal, Imielinski and Swami: nine attributes, ten rules for the class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.evaluation.streams.base import Floats, Stream
from alpha_pulse.evaluation.streams.parts import change_points, check_options, check_size, parts

FUNCTIONS = 10
ATTRIBUTES = 9


def agrawal(n: int = 20_000, functions: tuple[int, ...] = (1, 4, 6, 8), seed: int = 1, shake: float = 0.05) -> Stream:
    """Loans with nine attributes; each segment of the stream uses another one of the functions 1 to 10.

    Parameters
    ----------
    n
        Examples.
    functions
        One for each of the equally long segments.
    seed
        Seed of the random numbers.
    shake
        Maximum perturbation of an attribute after the class is set, as a fraction of its range.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    Examples
    --------
    >>> stream = agrawal(1_000, (1, 2))
    >>> stream.title, stream.change_points
    ('Agrawal 1, 2, 1,000 x 9', (500,))

    References
    ----------
    Agrawal, Imielinski and Swami (1993), "Database mining: a performance perspective", IEEE TKDE 5, doi 10.1109/69.250074.
    """
    check_options("agrawal", n=(n, 1, None), shake=(shake, 0.0, 1.0), seed=(seed, 0, None))
    check_size("agrawal", ATTRIBUTES, n=n)
    if not functions or not all(1 <= function <= FUNCTIONS for function in functions):
        raise ConfigError(f"agrawal was given the functions {functions}; expected one or more from 1 to {FUNCTIONS}")
    rng = np.random.default_rng(seed)
    salary = 20_000.0 + 130_000.0 * rng.random(n)
    commission = np.where(salary >= 75_000.0, 0.0, 10_000.0 + 75_000.0 * rng.random(n))
    age, education = rng.integers(20, 81, n).astype(float), rng.integers(0, 5, n).astype(float)
    car, zipcode = rng.integers(1, 21, n).astype(float), rng.integers(0, 9, n).astype(float)
    value = (8.0 - zipcode) * 100_000.0 * (0.5 + rng.random(n))
    years, loan = rng.integers(1, 31, n).astype(float), 500_000.0 * rng.random(n)
    segment = parts(n, len(functions))
    decided = _loans(salary, commission, age, education, value, years, loan)
    labels = np.array(decided)[np.asarray(functions)[segment] - 1, np.arange(n)].astype(np.int64)

    def shaken(values: Floats, low: Floats | float, high: Floats | float, width: float) -> Floats:
        moved = values + width * shake * rng.uniform(-1.0, 1.0, n)
        return np.clip(moved, np.minimum(low, high), np.maximum(low, high))

    features = np.column_stack(
        [
            shaken(salary, 20_000.0, 150_000.0, 130_000.0),
            np.where(commission > 0.0, shaken(commission, 10_000.0, 75_000.0, 65_000.0), 0.0),
            np.rint(shaken(age, 20.0, 80.0, 60.0)),
            education,
            car,
            zipcode,
            shaken(value, 0.0, (9.0 - zipcode) * 150_000.0, 135_000.0),
            np.rint(shaken(years, 1.0, 30.0, 29.0)),
            shaken(loan, 0.0, 500_000.0, 500_000.0),
        ]
    )
    name = "Agrawal " + ", ".join(str(function) for function in functions)
    return Stream(name, features, labels, ("group B", "group A"), change_points(segment), generated=True)


def _loans(
    salary: Floats, commission: Floats, age: Floats, education: Floats, value: Floats, years: Floats, loan: Floats
) -> list[NDArray[np.bool_]]:
    """For each of the ten functions, a boolean array: whether each example is in group A."""
    young, middle = age < 40.0, age < 60.0

    def by_age(below_40: NDArray[np.bool_], below_60: NDArray[np.bool_], older: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.where(young, below_40, np.where(middle, below_60, older))

    def within(values: Floats, low: float, high: float) -> NDArray[np.bool_]:
        return (values >= low) & (values <= high)

    low, mid, high = education <= 1.0, within(education, 1.0, 3.0), education >= 2.0
    earned = salary + commission
    rest = 2.0 * earned / 3.0
    poor, fair, rich = within(salary, 25e3, 75e3), within(salary, 50e3, 100e3), within(salary, 75e3, 125e3)
    equity = np.where(years >= 20.0, value * (years - 20.0) / 10.0, 0.0)
    return [
        ~(within(age, 40.0, 60.0) & (age < 60.0)),
        by_age(fair, rich, poor),
        by_age(low, mid, high),
        by_age(np.where(low, poor, fair), np.where(mid, fair, rich), np.where(high, fair, poor)),
        by_age(
            np.where(fair, within(loan, 100e3, 300e3), within(loan, 200e3, 400e3)),
            np.where(rich, within(loan, 200e3, 400e3), within(loan, 300e3, 500e3)),
            np.where(poor, within(loan, 300e3, 500e3), within(loan, 100e3, 300e3)),
        ),
        by_age(within(earned, 50e3, 100e3), within(earned, 75e3, 125e3), within(earned, 25e3, 75e3)),
        rest - loan / 5.0 - 20e3 <= 1.0,
        rest - 5e3 * education - 20e3 <= 1.0,
        rest - 5e3 * education - loan / 5.0 - 10e3 <= 1.0,
        rest - 5e3 * education + equity / 5.0 - 10e3 <= 1.0,
    ]
