"""Observability Insights: what Adobe counted of what was ingested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..answers import items_of, model_of
from ..errors import ErrorKind, PlatformError
from ..models.kept import MetricSeries
from ..neighbours import Neighbours
from ..reader_core import ReaderCore
from ..urls import OBSERVABILITY

_UNTOLD = frozenset({ErrorKind.PERMISSION, ErrorKind.NOT_FOUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsQuery:
    """What to count: metrics by their full names, from `start` up to `end`; `datasets` each by itself, or all
    together where there are none. `granularity` is MINUTE, HOUR, DAY or MONTH."""

    names: Sequence[str]
    start: datetime
    end: datetime
    granularity: str = "DAY"
    datasets: Sequence[str] = ()

    def body(self) -> dict[str, Any]:
        each: dict[str, Any] = {"aggregator": "sum"}
        if self.datasets:
            only = {"name": "dataSetId", "value": "|".join(self.datasets), "groupBy": True}
            each["filters"] = [only]
        return {
            "start": _stamp(self.start),
            "end": _stamp(self.end),
            "granularity": self.granularity,
            "metrics": [{"name": name, **each} for name in self.names],
        }


class Insights(ReaderCore):
    """Reads the Observability Insights API. Raises PlatformError."""

    async def metrics(self, query: MetricsQuery) -> list[MetricSeries]:
        """The series that Adobe gives; a POST that only reads, so it is repeated like a GET."""
        path = f"{OBSERVABILITY}/metrics"
        sandbox_id = await self._sandbox_id()
        answer = await self.client.request_json(
            "POST",
            path,
            json=query.body(),
            headers={"x-sandbox-id": sandbox_id} if sandbox_id else None,
            sandbox=self.sandbox,
            retry=True,
        )
        data = answer.data
        listed = data.get("metricResponses", data) if isinstance(data, dict) else data
        objects, _ = items_of(listed, path)
        return [model_of(MetricSeries, item, path) for item in objects]

    async def _sandbox_id(self) -> str | None:
        """The id that Adobe's document asks for beside the name; earlier pages did without, so it may be unknown."""
        name = self.sandbox
        if name is None:
            return None

        async def look() -> str | None:
            try:
                return (await Neighbours(self.client, name).get_sandbox(name)).id
            except PlatformError as error:
                if error.kind in _UNTOLD:
                    return None
                raise

        return await self.client.specs.get(("sandbox id", name), look)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
