"""The slow obvious twins of `alpha_pulse.kernels.volatility`: wide features from the whole history, and the forecast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]  # SciPy has no types

Rows = NDArray[np.float64]


class NaiveCalendar:
    """Bins of a week in local time, of bars of less than a day; ``zone`` None: the first week decides."""

    def __init__(self, interval: timedelta, zone: str | None) -> None:
        self.interval, self.zone = interval, ZoneInfo(zone) if zone else None
        self.bins = -(-timedelta(days=7) // interval)
        self.starts: list[datetime] = []
        self.day_bars = max(1, timedelta(days=1) // interval)
        self.counted = False

    def bin_of(self, start: datetime) -> tuple[int, int]:
        """(week, bin)."""
        local = start.astimezone(self.zone or UTC).replace(tzinfo=UTC)
        since = local - datetime(1969, 12, 29, tzinfo=UTC)  # a Monday
        week = since // timedelta(days=7)
        return week, (since - week * timedelta(days=7)) // self.interval

    def add(self, start: datetime) -> None:
        if not self.counted and self.starts and start - self.starts[0] >= timedelta(days=7):
            weekend = 14 * sum(s.weekday() == 5 for s in self.starts) > len(self.starts)
            days = 7 if weekend else 5
            self.day_bars = max(1, math.floor(len({self.bin_of(s)[1] for s in self.starts}) / days + 0.5))
            self.counted = True
            if self.zone is None:
                self.zone = ZoneInfo("UTC" if weekend else "America/New_York")
        self.starts.append(start)

    def slot(self, place: int) -> int | None:
        if self.zone is None:
            return None
        time = place * self.interval
        if self.interval >= timedelta(hours=1):
            return int(time // timedelta(hours=1))
        quarter = (time % timedelta(days=1)) // timedelta(minutes=15)
        return int(quarter + 96 * (time >= timedelta(days=5)))

    def next_slots(self, count: int) -> list[int | None]:
        """The slots of the next ``count`` bars."""
        week, place = self.bin_of(self.starts[-1])
        last_weeks: dict[int, int] = {}
        for start in self.starts:
            seen, where = self.bin_of(start)
            last_weeks[where] = seen
        slots: list[int | None] = []
        while len(slots) < count:
            place = (place + 1) % self.bins
            if not self.counted or week - last_weeks.get(place, -1_000) <= 4:
                slots.append(self.slot(place))
        return slots


class NaiveMean:
    """A plain mean until ``span`` values are there, exponential after that."""

    def __init__(self, span: float) -> None:
        self.span, self.count, self.value = span, 0, 0.0

    def add(self, value: float, span: float | None = None) -> None:
        self.span = span or self.span
        self.count += 1
        self.value += (1.0 / self.count if self.count <= self.span else 2.0 / (self.span + 1.0)) * (value - self.value)


class NaiveSeason:
    def __init__(self) -> None:
        self.factors: dict[int | None, float] = {}
        self.counts: dict[int | None, int] = {}

    def factor(self, slot: int | None) -> float:
        return 1.0 if slot is None else max(self.factors.get(slot, 1.0), 0.02)

    def learn(self, slot: int | None, value: float, level: float) -> None:
        if slot is None or level <= 0.0:
            return
        self.counts[slot] = self.counts.get(slot, 0) + 1
        before = self.factors.get(slot, 1.0)
        weight = max(1.0 / (self.counts[slot] + 4.0), 0.01)
        self.factors[slot] = before + weight * (min(value / level, 20.0) - before)


def naive_wide(
    starts: Sequence[datetime], interval: timedelta, bars: Rows, horizons: Sequence[int], zone: str | None = None
) -> Rows:
    """Wide rows of bars (open, high, low, close, volume), shape (n, 44 + horizons)."""
    calendar = NaiveCalendar(interval, zone)
    series: dict[tuple[str, object], NaiveMean] = {}
    seasons = {name: NaiveSeason() for name in ("square", "range", "volume")}
    rows = []

    def mean(name: str, span: object, value: float | None = None) -> float:
        day = float(calendar.day_bars)
        bars_of = {"day": day, "5 days": 5 * day, "22 days": 22 * day, "level": max(5 * day, 200.0)}
        length = bars_of[span] if isinstance(span, str) else float(span)  # type: ignore[arg-type]
        found = series.setdefault((name, span), NaiveMean(length))
        if value is not None:
            found.add(value, length)
        return found.value

    long_spans: tuple[object, ...] = (3, 6, 12, 24, 48, "day", "5 days", "22 days", 2_000)
    ewma = 2.0 / 0.06 - 1.0
    spans: dict[str, tuple[object, ...]] = {
        "square": (*long_spans, ewma), "flat square": (*long_spans, ewma), "range": (1, 6, 12, 48, "day"),
        "flat range": (12, 48, "day", "5 days", "22 days"), "volume": (1, 12, 48, "day", 2_000),
        "flat volume": (1, 12, 48, "day"), "close": (12, 48, 200, 800), "scale": (100,),
    }  # fmt: skip
    before = math.log(bars[0, 0])
    for i, (start, (opened, high, low, close, volume)) in enumerate(zip(starts, bars.tolist(), strict=True)):
        calendar.add(start)
        slot = calendar.slot(calendar.bin_of(start)[1])
        square = (math.log(close) - before) ** 2
        body, gap = math.log(close / opened), math.log(opened) - before
        variance = max(0.5 * math.log(high / low) ** 2 - (2.0 * math.log(2.0) - 1.0) * body**2, 0.0) + gap**2
        factors = {name: season.factor(slot) for name, season in seasons.items()}
        if i >= 50:
            variance = min(variance, max(8.0 * mean("range level", "level") * factors["range"], 2.0 * square))
        values = {"square": square, "range": variance, "volume": volume}
        for name, value in values.items():
            seasons[name].learn(slot, value, mean(f"{name} level", "level"))
            mean(f"{name} level", "level", value)
            for span in spans[name]:
                mean(name, span, value)
            for span in spans[f"flat {name}"]:
                mean(f"flat {name}", span, value / factors[name])
        mean("scale", 100, square)
        before = math.log(close)
        for span in spans["close"]:
            mean("close", span, before)
        least = 1e-8 * max(mean("square", 2_000), 1e-20)
        logs = [("square", s) for s in long_spans] + [("flat square", s) for s in long_spans]
        logs += [("range", s) for s in spans["range"]] + [("flat range", s) for s in spans["flat range"]]
        logs += [("square", ewma), ("flat square", ewma)]
        row = [0.5 * math.log(max(mean(name, span), least)) for name, span in logs]
        usual = mean("volume", 2_000)
        for name in ("volume", "flat volume"):
            ratios = [mean(name, span) / usual if usual > 0.0 else 1.0 for span in (1, 12, 48, "day")]
            row += [min(max(math.log(max(ratio, 1e-8)), -4.0), 4.0) for ratio in ratios]
        scale = math.sqrt(mean("scale", 100))
        for span in (12, 48, 200, 800):
            trend = (before - mean("close", span)) / (scale * math.sqrt(span)) if scale > 1e-9 else 0.0
            row.append(min(max(trend, -5.0), 5.0))
        ahead = [np.mean([seasons["square"].factor(s) for s in calendar.next_slots(h)]) for h in horizons]
        rows.append([*row, factors["square"], -1.0 if slot is None else slot, *ahead])
    return np.array(rows)


class NaiveRegression:
    """Least squares by its normal equations; they fade while the trace of their inverse is below its start."""

    def __init__(self, n: int, prior: float, forgetting: float = 0.9999) -> None:
        self.gram, self.moment = prior * np.eye(n), np.zeros(n)
        self.prior, self.forgetting = prior, forgetting

    @property
    def weights(self) -> Rows:
        weights: Rows = np.linalg.solve(self.gram, self.moment).astype(np.float64)
        return weights

    def learn(self, x: Rows, error: float) -> None:
        """``error``: the residual to learn from, limited or not."""
        target = float(x @ self.weights) + error
        small = np.trace(np.linalg.inv(self.gram)) * self.prior < len(x)
        keep = self.forgetting if small else 1.0
        self.gram = keep * self.gram + np.outer(x, x)
        self.moment = keep * self.moment + target * x


class Expected(NamedTuple):
    """One forecast."""

    level: float
    sizing: float
    means: Rows
    scales: Rows
    weights: Rows
    below: float


class Due(NamedTuple):
    """A prediction that waits for its label; variances are relative to the squared median."""

    median: float
    slot: int
    log_ahead: float
    inputs: list[Rows]
    means: Rows
    scales: Rows
    variance: float
    sizing: float


class NaiveForecast:
    """Members ``har_s`` and ``level_regression``, their density, and the level; the event's experts are not repeated here."""

    def __init__(self, horizon: int) -> None:
        self.horizon = horizon
        self.regressions = [NaiveRegression(5, 0.01), NaiveRegression(52, 20.0)]
        self.variances, self.weights, self.labels = np.full(2, 0.2), np.full(4, 0.25), 0
        self.scale = self.sizing_scale = 1.0
        self.factor_mean = NaiveMean(float(horizon))
        self.slots: dict[int, tuple[int, float]] = {}
        self.pending: list[Due | None] = []

    def step(self, row: Rows, realised: float, median: float) -> Expected | None:
        self.factor_mean.add(row[42])
        if len(self.pending) >= self.horizon and (due := self.pending[-self.horizon]) is not None:
            self._learn(due, realised)
        if not median > 0.0:
            self.pending.append(None)
            return None
        slot, log_ahead = int(row[43]), 0.5 * math.log(row[44])
        slot_mean = self.slots.get(slot, (0, 0.0))[1]
        shift = 0.5 * math.log(self.horizon) - math.log(median)
        trends = row[38:42]
        wide = np.concatenate(
            [
                [1.0, log_ahead, log_ahead - 0.5 * math.log(self.factor_mean.value), slot_mean],
                np.clip(row[:28] + shift, -5.0, 5.0), row[30:38], trends, np.abs(trends),
                np.minimum(trends**2, 10.0),
            ]
        )  # fmt: skip
        inputs = [np.concatenate([[1.0], row[[11, 14, 15, 16]]]), wide]
        means = np.array(
            [
                float(inputs[0] @ self.regressions[0].weights) - math.log(median) + log_ahead,
                float(inputs[1] @ self.regressions[1].weights),
            ]
        ).clip(-5.0, 5.0)
        scales = np.sqrt(self.variances)
        log_mean = float(np.repeat(means, 2) @ self.weights)
        sizing = math.exp(log_mean + min(max(row[28] + shift, -5.0), 5.0))
        self.pending.append(Due(median, slot, log_ahead, inputs, means, scales, math.exp(2.0 * log_mean), sizing))
        level = median * math.sqrt(self.scale) * math.exp(log_mean)
        held = median * math.sqrt(self.sizing_scale * sizing)
        return Expected(level, held, means, scales, self.weights.copy(), self.below(means, scales, 0.0))

    def below(self, means: Rows, scales: Rows, value: float) -> float:
        total = 0.0
        for j in range(2):
            z = (value - means[j]) / scales[j]
            total += self.weights[2 * j] * stats.norm.cdf(z)
            total += self.weights[2 * j + 1] * stats.t.cdf(z / math.sqrt(0.6), 5)
        return float(total)

    def _learn(self, due: Due, realised: float) -> None:
        median, slot, log_ahead, inputs, means, scales, variance, sizing = due
        ratio = realised / median
        y = math.log(max(ratio, 0.01))
        self.labels += 1
        count, mean = self.slots.get(slot, (0, 0.0))
        if slot >= 0:
            self.slots[slot] = count + 1, mean + max(1.0 / (count + 5.0), 0.02) * (y - mean)
        weight = max(1.0 / (self.labels + 50.0), 1.0 / 5_000.0)
        self.scale += weight * (min(ratio**2 / variance, 20.0 * self.scale) - self.scale)
        self.sizing_scale += weight * (min(ratio**2 / sizing, 20.0 * self.sizing_scale) - self.sizing_scale)
        for j in range(2):
            z = (y - means[j]) / scales[j]
            normal = stats.norm.logpdf(z) - math.log(scales[j])
            student = stats.t.logpdf(z / math.sqrt(0.6), 5) - math.log(math.sqrt(0.6) * scales[j])
            self.weights[2 * j] *= math.exp(max(normal, -20.0) / self.horizon)
            self.weights[2 * j + 1] *= math.exp(max(student, -20.0) / self.horizon)
        share = 1e-3 / self.horizon
        self.weights = (1.0 - share) * self.weights / self.weights.sum() + share / 4.0
        target = y + math.log(median) - log_ahead
        self.regressions[0].learn(inputs[0], target - float(inputs[0] @ self.regressions[0].weights))
        if self.labels % max(1, self.horizon // 3) == 0:
            error = y - float(inputs[1] @ self.regressions[1].weights)
            if self.labels >= 200:
                error = min(max(error, -3.0 * scales[1]), 3.0 * scales[1])
            self.regressions[1].learn(inputs[1], error)
        for j in range(2):
            missed, before = y - means[j], self.variances[j]
            weight = max(1.0 / (self.labels + 20.0), 1.0 / 1_000.0)
            self.variances[j] += weight * (min(missed**2, 25.0 * before) - before)
