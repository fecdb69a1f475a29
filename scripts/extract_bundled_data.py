"""Create the bundled Parquet files from the wheels of the packages that contain the data.

The packages are read as archives and not installed. To run it in a temporary folder::

    python -m pip download --no-deps --dest wheels gym-anytrading==2.0.0 arch==8.0.0
    python scripts/extract_bundled_data.py wheels src/alpha_pulse/data

Rows are neither repaired nor dropped: a file that `alpha-pulse replay --data` would refuse stops the script.
"""

from __future__ import annotations

import gzip
import sys
import zipfile
from pathlib import Path

import polars as pl

from alpha_pulse.feeds.replay import ReplayFeed

COLUMNS = ["ts", "symbol", "open", "high", "low", "close", "volume"]


def member(wheels: Path, package: str, path: str) -> bytes:
    """The bytes of one file inside the wheel of ``package``."""
    matches = sorted(wheels.glob(f"{package}-*.whl"))
    if len(matches) != 1:
        raise SystemExit(f"{wheels} contains {len(matches)} wheels of {package}; expected one")
    with zipfile.ZipFile(matches[0]) as archive:
        return archive.read(path)


def bars(content: bytes, symbol: str, time_column: str, time_format: str) -> pl.DataFrame:
    """The columns of the bundled files, from a CSV with the columns Open, High, Low, Close and Volume."""
    prices = [pl.col(name.capitalize()).cast(pl.Float64).alias(name) for name in COLUMNS[2:]]
    when = pl.col(time_column).str.to_datetime(time_format, time_unit="us").dt.replace_time_zone("UTC").alias("ts")
    return pl.read_csv(content).select(when, pl.lit(symbol).alias("symbol"), *prices)


def main(wheels: Path, target: Path) -> None:
    """Write both files, and read them back like a user's file."""
    eurusd = member(wheels, "gym_anytrading", "gym_anytrading/datasets/data/FOREX_EURUSD_1H_ASK.csv")
    frames = {"eurusd_1h_2017.parquet": bars(eurusd, "EURUSD", "Time", "%d.%m.%Y %H:%M:%S%.f")}
    daily = []
    for symbol, name in (("NASDAQ", "nasdaq"), ("SP500", "sp500")):
        content = gzip.decompress(member(wheels, "arch", f"arch/data/{name}/{name}.csv.gz"))
        daily.append(bars(content, symbol, "Date", "%m/%d/%Y"))
    frames["sp500_nasdaq_1d_1999_2018.parquet"] = pl.concat(daily).sort("ts", "symbol")
    for name, frame in frames.items():
        path = target / name
        frame.write_parquet(path, compression="zstd", compression_level=19, statistics=False)
        feed = ReplayFeed.from_file(path)
        print(f"{name}: {feed.total_bars} bars, {feed.total_slices} slices, {path.stat().st_size} bytes, {feed.identity}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
