"""What the runs of all kinds of flows have in common."""

from __future__ import annotations

from dataclasses import dataclass

from ...json_types import JsonObject
from ..organisation.plan import Audience, Kind
from .timeline import RunFacts


@dataclass(frozen=True, slots=True)
class FlowAbout:
    """What a run repeats from its flow."""

    kind: Kind
    flow_spec_id: str
    source_id: str
    target_id: str
    connector: str
    """The label of the connector at the external side."""
    account: str
    place: str
    dataset_id: str = ""
    audiences: tuple[tuple[str, Audience], ...] = ()
    diagnostics: bool = False


def activity(id: str, name: str, started: int, completed: int | None, status: JsonObject) -> JsonObject:
    duration = {"startedAtUTC": started}
    if completed is not None:
        duration["completedAtUTC"] = completed
    return {
        "id": id,
        "name": name,
        "updatedAtUTC": completed or started,
        "durationSummary": duration,
        "latencySummary": {},
        "sizeSummary": {},
        "recordSummary": {},
        "fileSummary": {},
        "statusSummary": status,
    }


def metrics(run: RunFacts, status: JsonObject, **summaries: JsonObject) -> JsonObject:
    duration = {"startedAtUTC": run.started}
    if run.completed is not None:
        duration["completedAtUTC"] = run.completed
    return {"durationSummary": duration, **summaries, "statusSummary": status}
