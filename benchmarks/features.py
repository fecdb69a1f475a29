"""The extractor: a vector of features for each bar."""

from __future__ import annotations

from alpha_pulse.features.extractor import FeatureExtractor
from alpha_pulse.feeds.synthetic import Market, random_walk
from benchmarks.measure import Options, interleave
from benchmarks.report import Table, rate_table

ROUNDS = 5


def run(options: Options) -> list[Table]:
    """With and without volume."""
    n = 500 if options.quick else 20_000
    feed = random_walk(n, seed=4, market=Market(has_volume=True))
    bars = []
    while (slice_ := feed.next_slice()) is not None:
        bars.append(slice_[0])

    def extract(has_volume: bool) -> None:
        update = FeatureExtractor("SYN", has_volume=has_volume, has_quotes=False).update
        for bar in bars:
            update(bar)

    speeds = interleave({"33 features": lambda: extract(False), "36, with volume": lambda: extract(True)}, n, ROUNDS)
    return [rate_table("Feature extraction, per bar", speeds, unit="bars")]
