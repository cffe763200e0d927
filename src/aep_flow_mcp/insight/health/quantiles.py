"""Percentiles of a stream in bounded memory: exact while small, then within one percent."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from msgspec import Struct

EXACT_LIMIT = 20_000
"""Up to this many values every percentile is exact; beyond, a value counts in a bucket two percent wide."""
_GROWTH = math.log(1.02)
_SMALLEST = 1e-3


class Quantiles(Struct, gc=False):
    """Collects non-negative numbers; at most `limit` of them are kept as they are.

    `values`: as long as they are; a single one is `largest`, since most flows have but one run in a window.
    """

    limit: int = EXACT_LIMIT
    count: int = 0
    total: float = 0.0
    largest: float = 0.0
    values: array[float] | None = None
    buckets: dict[int, int] | None = None

    @property
    def exact(self) -> bool:
        return self.buckets is None

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        if self.buckets is not None:
            _count(self.buckets, value)
        elif self.count > 1:
            if self.values is None:
                self.values = array("d", (self.largest,))
            self.values.append(value)
            if self.count > self.limit:
                self._spill()
        if value > self.largest:
            self.largest = value

    def merge(self, other: Quantiles) -> None:
        """Add what another one collected."""
        if other.buckets is None:
            for value in other._kept():
                self.add(value)
            return
        buckets = self._spill() if self.buckets is None else self.buckets
        for bucket, number in other.buckets.items():
            buckets[bucket] = buckets.get(bucket, 0) + number
        self.count += other.count
        self.total += other.total
        self.largest = max(self.largest, other.largest)

    def at(self, percent: float) -> float | None:
        """The nearest-rank percentile: the smallest value that at least `percent` of all do not exceed."""
        if not self.count:
            return None
        rank = max(1, math.ceil(percent / 100 * self.count))
        if self.buckets is None:
            return sorted(self._kept())[rank - 1]
        return min(self.largest, _at_rank(self.buckets, rank))

    def _kept(self) -> Sequence[float]:
        if self.values is not None:
            return self.values
        return (self.largest,) if self.count else ()

    def _spill(self) -> dict[int, int]:
        """From values to buckets."""
        buckets: dict[int, int] = {}
        for kept in self._kept():
            _count(buckets, kept)
        self.values = None
        self.buckets = buckets
        return buckets


def _count(buckets: dict[int, int], value: float) -> None:
    bucket = 0 if value < _SMALLEST else 1 + math.floor(math.log(value / _SMALLEST) / _GROWTH)
    buckets[bucket] = buckets.get(bucket, 0) + 1


def _at_rank(buckets: dict[int, int], rank: int) -> float:
    """The geometric middle of the bucket that holds the rank: at most one percent from any value in it."""
    seen = 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= rank:
            return 0.0 if bucket == 0 else _SMALLEST * math.exp((bucket - 0.5) * _GROWTH)
    raise ValueError("the rank is beyond the values")
