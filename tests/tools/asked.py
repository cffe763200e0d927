"""What the emulated organisation holds, computed plainly from its store, to check answers against."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from tools.conftest import NOW

Row = dict[str, Any]
TOKEN = 4.4
"""Characters of text for one token."""


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


@dataclass
class World:
    """The sandbox `dev`, with shorthand for what people ask about."""

    emulator: Emulator
    sandbox: str = "dev"
    stories: dict[str, str] = field(default_factory=lambda: dict(SCENARIOS))

    def all(self, kind: str) -> list[Row]:
        return self.emulator.store.all(self.sandbox, kind)

    @cached_property
    def flows(self) -> list[Row]:
        return self.all("flows")

    @cached_property
    def runs(self) -> list[Row]:
        return self.all("runs")

    @cached_property
    def stored_datasets(self) -> dict[str, Row]:
        # Datasets are stored under their Catalog ids, which they don't repeat.
        return self.emulator.store.snapshot(self.sandbox)["dataSets"]

    @cached_property
    def schemas(self) -> dict[str, str]:
        return {row["title"]: row["$id"] for row in self.all("schemas")}

    @property
    def datasets(self) -> dict[str, str]:
        return {id: row["name"] for id, row in self.stored_datasets.items()}

    @cached_property
    def specs(self) -> dict[str, str]:
        return {row["id"]: row["name"] for row in self.emulator.store.all(self.sandbox, "connectionSpecs")}

    @cached_property
    def ends(self) -> dict[str, Row]:
        return {
            row["id"]: row for kind in ("sourceConnections", "targetConnections") for row in self.all(kind)
        }

    def story(self, name: str) -> Row:
        return next(row for row in self.flows if row["id"] == self.stories[name])

    def named(self, kind: str, name: str) -> Row:
        return next(row for row in self.all(kind) if row["name"] == name)

    def ends_of(self, flow: Row) -> list[Row]:
        return [
            self.ends[id]
            for id in (*flow["sourceConnectionIds"], *flow["targetConnectionIds"])
            if id in self.ends
        ]

    def datasets_of(self, flow: Row) -> set[str]:
        found = set()
        for end in self.ends_of(flow):
            params = end.get("params", {})
            found |= {params[key] for key in ("dataSetId", "datasetId") if key in params}
            found |= {each["dataSetId"] for each in params.get("datasets", []) if "dataSetId" in each}
        return found

    def accounts_of(self, flow: Row) -> set[str]:
        return {end["baseConnectionId"] for end in self.ends_of(flow) if end.get("baseConnectionId")}

    def spec_ids_of(self, flow: Row) -> set[str]:
        return {end["connectionSpec"]["id"] for end in self.ends_of(flow)}

    def kind(self, flow: Row) -> str:
        traits = flow["inheritedAttributes"].get("properties", {})
        return (
            "source"
            if traits.get("isSourceFlow")
            else "destination"
            if traits.get("isDestinationFlow")
            else "internal"
        )

    def in_window(
        self, length: timedelta, flows: Iterable[str] | None = None, *, end: datetime = NOW
    ) -> list[Row]:
        """The runs that started in a window, of some flows."""
        low, high, wanted = ms(end - length), ms(end), set(flows) if flows is not None else None
        return [
            row
            for row in self.runs
            if low <= row["metrics"]["durationSummary"]["startedAtUTC"] < high
            and (wanted is None or row["flowId"] in wanted)
        ]

    def of(self, flow: Row) -> list[Row]:
        """The runs of a flow, newest first."""
        rows = [row for row in self.runs if row["flowId"] == flow["id"]]
        return sorted(rows, key=lambda row: -row["metrics"]["durationSummary"]["startedAtUTC"])


def records(row: Row, name: str) -> int:
    return int(max(row["metrics"].get("recordSummary", {}).get(name, 0), 0))


def total(rows: Iterable[Row], name: str) -> int:
    return sum(records(row, name) for row in rows)


def bytes_read(rows: Iterable[Row]) -> int:
    return sum(max(row["metrics"].get("sizeSummary", {}).get("inputBytes", 0), 0) for row in rows)


def outcome(row: Row) -> str:
    """succeeded, partial, failed or in_progress."""
    status = row["metrics"]["statusSummary"]
    if status["status"] == "success":
        return "partial" if status.get("errors") or records(row, "failedRecordCount") else "succeeded"
    return {"failed": "failed", "inProgress": "in_progress"}[status["status"]]


def outcomes(rows: list[Row]) -> str:
    """In the words of pipeline_health."""
    counts = Counter(map(outcome, rows))
    parts = [f"{counts[name]:,} {name.replace('_', ' ')}" for name in ("succeeded", "partial", "failed")]
    parts += [f"{counts['in_progress']:,} in progress"] if counts["in_progress"] else []
    return f"{len(rows):,} runs: {', '.join(parts)}"


def seconds(row: Row) -> float | None:
    times = row["metrics"]["durationSummary"]
    return (times["completedAtUTC"] - times["startedAtUTC"]) / 1000 if "completedAtUTC" in times else None


def percentile(rows: list[Row], percent: float) -> str:
    values = sorted(value for row in rows if (value := seconds(row)) is not None)
    return f"{round(values[max(1, -(-len(values) * percent // 100).__int__()) - 1], 1):g}"


def raw_size(emulator: Emulator) -> int:
    """Characters of the JSON that the server has read since the journal was cleared."""
    return sum(size(one.response) for one in emulator.journal if not one.path.startswith("/ims/"))
