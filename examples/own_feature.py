"""Your own feature and your own target, and whether the feature makes predictions of it better.

Run it from the folder of this file: python own_feature.py
"""

import numpy as np

import alpha_pulse as ap


@ap.feature(warmup=96)
def range_of_a_day(bars: ap.Bars) -> float:
    """The range of the newest 24 bars over the mean range of four such days, as a log ratio."""
    days = [slice(first, first + 24) for first in (0, 24, 48, 72)]
    ranges = [bars.high[day].max() - bars.low[day].min() for day in days]
    return float(np.log(ranges[-1] / np.mean(ranges)))


@ap.target(horizon=24, warmup=24)
def wider(known: ap.Bars, later: ap.Bars) -> bool:
    """Whether the range of the next day is wider than that of the last one."""
    return bool(later.high.max() - later.low.min() > known.high.max() - known.low.min())


def main() -> None:
    """Replay the bundled bars with and without the feature."""
    for features in ([], [range_of_a_day]):
        run = ap.replay(
            "eurusd_1h_2017",
            features={"own": features},
            targets={"own": [wider]},
            batch={"enabled": False},
            store="memory://",
            progress=False,
        )
        names = ", ".join(each.__name__ for each in features) or "no own feature"
        print(f"{names}: skill {run.metrics['wider.served.skill_millinats']:+.1f} millinats per label over the base rate")


if __name__ == "__main__":
    main()
