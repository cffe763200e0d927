"""What is true of an organisation, computed from what its emulator stores, never with the product's code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any

from evals.organisation import Organisation
from evals.plan import SANDBOX

HOUR = 3_600_000
DAY = 24 * HOUR
Row = dict[str, Any]


@dataclass
class Run:
    """A run in numbers. Times are epoch ms."""

    row: Row

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def started(self) -> int:
        return int(self.row["metrics"]["durationSummary"]["startedAtUTC"])

    @property
    def seconds(self) -> float | None:
        end = self.row["metrics"]["durationSummary"].get("completedAtUTC")
        return None if end is None else (int(end) - self.started) / 1000

    @property
    def status(self) -> str:
        return str(self.row["metrics"]["statusSummary"]["status"])

    def count(self, name: str) -> int:
        """Of `input`, `output` or `failed` records; 0 where none is told."""
        return int((self.row["metrics"].get("recordSummary") or {}).get(f"{name}RecordCount") or 0)


@dataclass
class Truth:
    """Answers about one organisation."""

    organisation: Organisation

    @property
    def now_ms(self) -> int:
        return int(self.organisation.now.timestamp() * 1000)

    def id(self, key: str) -> str:
        return self.organisation.ids[key]

    def stored(self, kind: str) -> list[Row]:
        return self.organisation.emulator.store.all(SANDBOX, kind)

    @cached_property
    def flows(self) -> dict[str, Row]:
        by_id = {row["id"]: row for row in self.stored("flows")}
        keys = {
            id: key.partition(":")[2] for key, id in self.organisation.ids.items() if key.startswith("flow:")
        }
        return {keys[id]: row for id, row in by_id.items()}

    @cached_property
    def _runs(self) -> dict[str, list[Run]]:
        found: dict[str, list[Run]] = {}
        for row in self.stored("runs"):
            found.setdefault(row["flowId"], []).append(Run(row))
        return {id: sorted(runs, key=lambda run: run.started) for id, runs in found.items()}

    def name(self, key: str) -> str:
        """Of a flow (by its key), or of an account or a dataset (`account:idle`)."""
        kind, _, rest = key.rpartition(":")
        if kind == "account":
            return next(str(row["name"]) for row in self.stored("connections") if row["id"] == self.id(key))
        if kind == "data":
            return next(str(row["name"]) for row in self.stored("dataSets") if row["id"] == self.id(key))
        return str(self.flows[rest]["name"])

    def names(self, *keys: str) -> list[str]:
        return [self.name(key) for key in keys]

    def runs(self, key: str, hours: float | None = None) -> list[Run]:
        """Of a flow, oldest first; with `hours`, those that started since then."""
        every = self._runs.get(self.id(f"flow:{key}"), [])
        return [run for run in every if hours is None or run.started >= self.now_ms - hours * HOUR]

    def every_run(self, hours: float) -> list[tuple[str, Run]]:
        return [(key, run) for key in self.flows for run in self.runs(key, hours)]

    def failing(self, hours: float) -> list[str]:
        """Flows with a failed run in the window."""
        return sorted({key for key, run in self.every_run(hours) if run.status == "failed"})

    def streak(self, key: str) -> tuple[Run, Run | None, int]:
        """(first run of the failures that reach to now, last success before, how many)."""
        runs = self.runs(key)
        failed = 0
        while failed < len(runs) and runs[-1 - failed].status == "failed":
            failed += 1
        before = runs[: len(runs) - failed]
        return runs[-failed], (before[-1] if before else None), failed

    def last_with_data(self, key: str) -> Run | None:
        return next((run for run in reversed(self.runs(key)) if run.count("input")), None)

    def usual_seconds(self, key: str, since: float, until: float) -> float:
        """The median duration between two ages in hours."""
        took = [run.seconds for run in self.runs(key, since) if run.started < self.now_ms - until * HOUR]
        return median([seconds for seconds in took if seconds is not None])

    def source_of(self, key: str) -> Row:
        [id] = self.flows[key]["sourceConnectionIds"]
        return next(row for row in self.stored("sourceConnections") if row["id"] == id)

    def target_of(self, key: str) -> Row:
        [id] = self.flows[key]["targetConnectionIds"]
        return next(row for row in self.stored("targetConnections") if row["id"] == id)

    def feeding(self, dataset: str) -> list[str]:
        """Keys of the flows that write into a dataset."""
        id = self.id(dataset)
        return [key for key in self.flows if self.target_of(key).get("params", {}).get("dataSetId") == id]

    def reading(self, dataset: str) -> list[str]:
        """Keys of the flows whose source names a dataset."""
        id = self.id(dataset)
        return [key for key in self.flows if id in str(self.source_of(key).get("params", {}))]

    def using(self, account: str) -> list[str]:
        """Keys of the flows with an account at either end."""
        id = self.id(account)
        ends = {key: (self.source_of(key), self.target_of(key)) for key in self.flows}
        return [key for key, pair in ends.items() if any(end.get("baseConnectionId") == id for end in pair)]

    def mapping_of(self, key: str) -> Row | None:
        for step in self.flows[key].get("transformations") or []:
            id = step.get("params", {}).get("mappingId")
            if id:
                return next(row for row in self.stored("mappingSets") if row["id"] == id)
        return None
