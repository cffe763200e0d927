"""The facts of runs and flows straight from the API's JSON, for lists of thousands.

A model of a whole run takes ten times as long as the dozen fields that counting needs. What is plain (a run that
simply succeeded, a flow with everything where it is documented) is read here; anything that is not goes through the
models, so the facts are the same either way. A test compares the two on all kinds of objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from sys import intern
from typing import Any

from aep_flow_mcp.insight.facts import FlowFacts, Outcome, RunFacts
from aep_flow_mcp.insight.schedule import Timetable
from aep_flow_mcp.platform.models.common import to_time
from aep_flow_mcp.platform.models.flows import Flow, FlowKind, Schedule
from aep_flow_mcp.platform.models.runs import FlowRun, read_status
from aep_flow_mcp.platform.models.text import clean_text

Json = dict[str, Any]
_FIRST_MILLISECOND = 100_000_000_000
_PLAIN_OUTCOMES = {"success": Outcome.SUCCEEDED, "inProgress": Outcome.IN_PROGRESS}
_ERROR_LISTS = ("failedInfo", "skippedInfo", "warningInfo", "sourceSummaries", "targetSummaries")
_EMPTY: Json = {}


class _NotPlainError(Exception):
    """Something is not as documented, so the model has to read it."""


# A type that nobody expects shows in the attempt to use it.
_NOT_PLAIN = (_NotPlainError, AttributeError, TypeError)


def run_facts(raw: Json) -> RunFacts:
    """The facts of one run.

    Raises:
        ValidationError: the object cannot be read as a run at all.
    """
    try:
        return _plain_run(raw)
    except _NOT_PLAIN:
        return RunFacts.of(FlowRun.model_validate(raw))


def flow_facts(raw: Json) -> FlowFacts:
    """The facts of one flow.

    Raises:
        ValidationError: the object cannot be read as a flow at all.
    """
    try:
        return _plain_flow(raw)
    except _NOT_PLAIN:
        return FlowFacts.of(Flow.model_validate(raw))


def _plain_run(raw: Json) -> RunFacts:
    metrics = _object(raw, "metrics")
    status = _object(metrics, "statusSummary")
    outcome = _PLAIN_OUTCOMES.get(status.get("status", ""))
    records = _object(metrics, "recordSummary")
    if outcome is None or status.get("errors") or "activites" in raw or _has_errors(records):
        raise _NotPlainError
    for activity in _list(raw, "activities"):
        _check_activity(activity)
    failed = _count(records, "failedRecordCount")
    files = _object(metrics, "fileSummary")
    if outcome is Outcome.SUCCEEDED and (failed or _count(files, "failedFileCount")):
        raise _NotPlainError
    times, sizes = _object(metrics, "durationSummary"), _object(metrics, "sizeSummary")
    if "stoppedAtUTC" in times or "startedAt" in times or "completedAt" in times:
        raise _NotPlainError
    started, completed = _time(times, "startedAtUTC"), _time(times, "completedAtUTC")
    return RunFacts(
        id=_id(raw, "id"),
        flow_id=intern(_id(raw, "flowId")),
        outcome=outcome,
        at=started or _time(raw, "createdAt"),
        started=started is not None,
        duration_s=_seconds(started, completed),
        latency_s=_latency(metrics),
        records_in=_count(records, "inputRecordCount"),
        records_out=_count(records, "outputRecordCount"),
        records_failed=failed,
        records_skipped=_count(records, "skippedRecordCount"),
        files_in=_count(files, "inputFileCount"),
        bytes_in=_count(sizes, "inputBytes"),
        bytes_out=_count(sizes, "outputBytes"),
    )


def _check_activity(activity: Any) -> None:
    """An activity of a run that succeeded plainly names no error anywhere."""
    if not isinstance(activity, dict):
        raise _NotPlainError
    status = _object(activity, "statusSummary")
    if status.get("errors") or _object(status, "extensions").get("errors"):
        raise _NotPlainError
    records = _object(activity, "recordSummary")
    if _has_errors(records) or _count(records, "failedRecordCount"):
        raise _NotPlainError


def _has_errors(records: Json) -> bool:
    return any(records.get(name) for name in _ERROR_LISTS)


def _seconds(started: datetime | None, completed: datetime | None) -> float | None:
    return None if started is None or completed is None else max(0.0, (completed - started).total_seconds())


def _latency(metrics: Json) -> float | None:
    value = _object(metrics, "latencySummary").get("avgMs")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _NotPlainError
    return value / 1000 if value >= 0 else None


def _plain_flow(raw: Json) -> FlowFacts:
    inherited = _object(raw, "inheritedAttributes")
    traits = _object(inherited, "properties")
    kind = _kind(traits.get("isSourceFlow"), traits.get("isDestinationFlow"))
    sources, targets = _list(inherited, "sourceConnections"), _list(inherited, "targetConnections")
    operation, last = _object(raw, "lastOperation"), _object(raw, "lastRunDetails")
    if "startedAt" in last or "completedAt" in last or "stoppedAtUTC" in last:
        raise _NotPlainError
    mapping_id, audiences = _steps(_list(raw, "transformations"))
    changed = _text(operation, "operation").casefold() != "create"
    state = _text(last, "state")
    last_run = _time(last, "startedAtUTC") or _time(last, "completedAtUTC")
    return FlowFacts(
        id=_id(raw, "id"),
        name=_text(raw, "name"),
        description=_text(raw, "description"),
        state=intern(_text(raw, "state").casefold()),
        kind=kind,
        spec_id=_spec(raw, "flowSpec"),
        source_ids=_ids(_list(raw, "sourceConnectionIds")) or _ids(ref.get("id") for ref in sources),
        target_ids=_ids(_list(raw, "targetConnectionIds")) or _ids(ref.get("id") for ref in targets),
        source_specs=_ids(_spec(ref, "connectionSpec") for ref in sources),
        target_specs=_ids(_spec(ref, "connectionSpec") for ref in targets),
        accounts=_ids(_object(ref, "baseConnection").get("id") for ref in (*sources, *targets)),
        mapping_id=mapping_id,
        audiences=audiences,
        timetable=_timetable(_object(raw, "scheduleParams")),
        created_at=_time(raw, "createdAt"),
        changed_at=_time(raw, "updatedAt") or _time(raw, "createdAt"),
        reset_at=(_time(operation, "updated") or _time(operation, "started"))
        if operation and changed
        else None,
        last_run_at=last_run,
        last_status=read_status(state) if state or last_run else None,
        last_run_id=_text(last, "id") or None if state or last_run else None,
    )


def _kind(is_source: Any, is_destination: Any) -> FlowKind:
    """Only what the flow says of itself; without that the specs at its ends decide, which the model knows."""
    if is_destination is True:
        return FlowKind.DESTINATION
    if is_source is True:
        return FlowKind.SOURCE
    raise _NotPlainError


def _steps(steps: list[Any]) -> tuple[str | None, int]:
    """The mapping set and the number of audiences. Audience activations are for the model."""
    found: str | None = None
    for step in steps:
        if not isinstance(step, dict):
            raise _NotPlainError
        params = _object(step, "params")
        if "segmentSelectors" in params or "profileMapping" in params:
            raise _NotPlainError
        if found is None and params.get("mappingId") not in (None, ""):
            found = _id(params, "mappingId")
    return found, 0


def _timetable(params: Json) -> Timetable | None:
    """Schedules are few kinds of short objects: their own model reads them, whatever spelling they have."""
    return Timetable.read(Schedule.model_validate(params)) if params else None


def _object(holder: Json, key: str) -> Json:
    value = holder.get(key)
    if value is None:
        return _EMPTY
    if isinstance(value, dict):
        return value
    raise _NotPlainError


def _list(holder: Json, key: str) -> list[Any]:
    value = holder.get(key)
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise _NotPlainError


def _count(holder: Json, key: str) -> int | None:
    value = holder.get(key)
    if value is None:
        return None
    if type(value) is not int:
        raise _NotPlainError
    return value if value >= 0 else None


def _time(holder: Json, key: str) -> datetime | None:
    value = holder.get(key)
    if value is None:
        return None
    if type(value) is int and value >= _FIRST_MILLISECOND:
        return to_time(value)
    raise _NotPlainError


def _text(holder: Json, key: str) -> str:
    value = holder.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        plain = value.isascii() and value.isprintable() and "  " not in value
        return value.strip() if plain else clean_text(value)
    raise _NotPlainError


def _id(holder: Json, key: str) -> str:
    value = holder.get(key)
    # Letters, digits and dashes are what cleaning leaves as it is.
    if isinstance(value, str) and value.replace("-", "").isalnum() and value.isascii():
        return value
    raise _NotPlainError


def _spec(holder: Json, key: str) -> str | None:
    reference = _object(holder, key)
    return intern(_id(reference, "id")) if reference.get("id") is not None else None


def _ids(values: Iterable[Any]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for value in values:
        if value is None:
            continue
        if not isinstance(value, str) or not value.replace("-", "").isalnum() or not value.isascii():
            raise _NotPlainError
        found[value] = None
    return tuple(found)
