"""The slow obvious twin of the ADWIN kernel: one list of buckets per size, oldest first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass
class Bucket:
    total: float
    deviation: float


@dataclass
class NaiveAdwin:
    delta: float = 0.002
    clock: int = 1
    rows: list[list[Bucket]] = field(default_factory=lambda: [[]])
    seen: int = 0
    width: float = 0.0
    total: float = 0.0
    deviation: float = 0.0

    def update(self, value: float) -> bool:
        if self.width > 0:
            self.deviation += spread(1.0, value, self.width, self.total)
        self.width += 1.0
        self.total += value
        self.rows[0].append(Bucket(value, 0.0))
        self.compress()
        self.seen += 1
        drift = False
        if self.seen % self.clock == 0:
            while cut := self.clearest_cut():
                drift = True
                for _ in range(cut):
                    self.forget_oldest()
        return drift

    def compress(self) -> None:
        for r, row in enumerate(self.rows):
            if len(row) <= 5:
                return
            one, two = row.pop(0), row.pop(0)
            if r + 1 == len(self.rows):
                self.rows.append([])
            size = 2.0**r
            deviation = one.deviation + two.deviation + spread(size, one.total, size, two.total)
            self.rows[r + 1].append(Bucket(one.total + two.total, deviation))

    def oldest_first(self) -> list[tuple[float, Bucket]]:
        return [(2.0**r, bucket) for r in reversed(range(len(self.rows))) for bucket in self.rows[r]]

    def clearest_cut(self) -> int:
        if self.width < 10:
            return 0
        variance = self.deviation / self.width
        spread_ = math.log(2.0 * math.log(self.width) / self.delta)
        n0, total0 = 0.0, 0.0
        clearest, found = 1.0, 0
        for i, (size, bucket) in enumerate(self.oldest_first()):
            n0 += size
            total0 += bucket.total
            n1 = self.width - n0
            if n0 < 5 or n1 < 5:
                continue
            gap = abs(total0 / n0 - (self.total - total0) / n1)
            inverse = 1.0 / n0 + 1.0 / n1
            needed = math.sqrt(2.0 * variance * spread_) * math.sqrt(inverse) + 2.0 / 3.0 * spread_ * inverse
            if gap > needed * clearest:
                clearest, found = gap / needed, i + 1
        return found

    def forget_oldest(self) -> None:
        r = max(r for r, row in enumerate(self.rows) if row)
        bucket = self.rows[r].pop(0)
        size = 2.0**r
        self.width -= size
        self.total -= bucket.total
        self.deviation = max(self.deviation - (bucket.deviation + spread(size, bucket.total, self.width, self.total)), 0.0)


def spread(n0: float, total0: float, n1: float, total1: float) -> float:
    gap = total0 / n0 - total1 / n1
    return n0 * n1 * gap * gap / (n0 + n1)
