"""Flows of a foreign organisation, of every kind, each with its connections, schedule, steps and runs."""

from __future__ import annotations

from typing import Any

from foreign.draw import Draw
from foreign.names import name
from foreign.runs import run
from foreign.shapes import ABSENT, audit, flag, number, one_or_many, put, reference, state_text
from foreign.specs import (
    ACTIVATION,
    EXPORTS,
    FLOW_KINDS,
    HOOKS,
    LAKE,
    LAKE_OUT,
    PROFILE,
    ZONE_EXPORTS,
    FlowKind,
)
from foreign.truth import Body, Organisation, TrueFlow, TrueRun, TrueSchedule

FIRST_DAY = 1_772_323_200
"""2026-03-01, in seconds: runs are due within the two weeks that follow."""
DAYS = 14
_STATES = (
    "enabled",
    "enabled",
    "enabled",
    "disabled",
    "draft",
    "updating",
    "initializing",
    "enabled-finalizing",
)


def add_flow(
    draw: Draw,
    organisation: Organisation,
    *,
    ends: tuple[str, str],
    outer: str,
    kind: FlowKind,
    bases: tuple[str | None, str | None],
    mapping_id: str,
) -> TrueFlow:
    """A flow between two connections. outer: the connection spec at its outer end; bases: the accounts at its ends."""
    flow_id = draw.uuid("id")
    created = (FIRST_DAY - 86_400 * draw.number("made", 1, 300)) * 1000
    flow_name, state = name(draw), draw.choice("state", *_STATES)
    audiences = _audiences(draw) if kind is ACTIVATION else ()
    schedule, schedule_told = _schedule(draw.at("schedule"), kind)
    runs = _runs(draw, flow_id, kind, ends, audiences)
    last, last_told = _last(draw, runs)
    mapping = mapping_id if "Mapping" in kind.steps and not draw.chance("noMapping", 20) else None
    steps = _steps(draw.at("steps"), kind, mapping, audiences)
    inherited, kind_told = _inherited(draw.at("inherited"), kind, ends, outer, bases)
    body: Body = {"id": flow_id, **audit(draw, created)}
    put(body, "name", flow_name if flow_name is not None else draw.choice("nameless", ABSENT, None))
    put(body, "description", draw.mostly("described", name(draw, "description"), ABSENT, None))
    body["flowSpec"] = reference(draw, "flowSpec", kind.id)
    body["state"] = state_text(draw, state)
    body["sourceConnectionIds"] = draw.mostly("sourceIds", [ends[0]], [ends[0], None], ends[0], percent=85)
    body["targetConnectionIds"] = draw.mostly("targetIds", [ends[1]], ends[1], percent=85)
    put(body, "inheritedAttributes", inherited)
    put(body, "scheduleParams", schedule_told)
    put(body, "transformations", steps)
    options, inlet = _options(draw, kind)
    put(body, "options", options)
    put(
        body,
        "policy",
        draw.choice(
            "policy",
            ABSENT,
            None,
            {"enforcementRefs": []},
            {"enforcementRefs": ["core/C1"], "duleLabels": None},
        ),
    )
    body["runs"] = draw.pick("runsLink", f"/runs?property=flowId=={flow_id}", f"/flows/{flow_id}/runs", None)
    operation, operation_error = _operation(draw.at("operation"), created)
    put(body, "lastOperation", operation)
    put(body, "lastRunDetails", last_told)
    kept: Body = {
        "id": flow_id,
        "name": flow_name,
        "state": state,
        "createdAt": created,
        "updatedAt": created,
        "kind": kind.kind,
        "flowSpec": {"id": kind.id},
        "sourceConnectionIds": [ends[0]],
        "targetConnectionIds": [ends[1]],
        "lastRunDetails": {"startedAtUTC": last[1] if last else None},
        "transformations": [{"params": {"mappingId": mapping}}],
        "inheritedAttributes": inherited if isinstance(inherited, dict) else None,
    }
    labels = body.get("labels")
    flow = TrueFlow(
        id=flow_id,
        body=body,
        kept=kept,
        name=flow_name,
        state=state,
        kind=kind_told,
        spec_id=kind.id,
        source_id=ends[0],
        target_id=ends[1],
        schedule=schedule,
        mapping_id=mapping,
        audiences=audiences,
        inlet_url=inlet,
        labels=tuple(labels) if isinstance(labels, list) else (),
        last=last,
        runs=runs,
        operation_error=operation_error,
    )
    organisation.add("flows", flow)
    for each in runs:
        organisation.add("runs", each)
    return flow


def some_kind(draw: Draw) -> FlowKind:
    return draw.choice("flowKind", *FLOW_KINDS)


def _schedule(draw: Draw, kind: FlowKind) -> tuple[TrueSchedule | None, Any]:
    if kind in (EXPORTS, ZONE_EXPORTS):
        return _export_schedule(draw)
    if kind.frequency == "streaming" or kind is ACTIVATION or draw.chance("unscheduled", 12):
        return None, draw.choice("none", ABSENT, None, {})
    unit = draw.choice("frequency", "once", "minute", "hour", "day", "week")
    interval = {"once": 0, "minute": draw.number("minutes", 15, 90)}.get(unit, draw.number("interval", 1, 12))
    start = FIRST_DAY - 86_400 * draw.number("startDay", 0, 200)
    told: Body = {"frequency": draw.mostly("frequencyAs", unit, unit.upper(), unit.capitalize(), percent=80)}
    if draw.chance("startless", 8):
        put(told, "startTime", draw.choice("noStart", ABSENT, None))
        started = None
    else:
        told["startTime"], started = number(draw, "startTime", start), start
    if unit != "once":
        told["interval"] = number(draw, "intervalAs", interval)
    elif draw.chance("onceInterval", 30):
        told["interval"] = draw.choice("onceWith", "15", 1, None, 0)
    backfill: bool | None = None
    if draw.chance("backfill", 40):
        backfill = draw.choice("backfillIs", True, False)
        told["backfill"] = flag(draw, "backfillAs", backfill)
    put(told, "endTime", draw.choice("noEnd", ABSENT, None))
    every = (0, "once") if unit == "once" else (interval, unit)
    return TrueSchedule(every, started, None, backfill), told


def _export_schedule(draw: Draw) -> tuple[TrueSchedule, Any]:
    interval, unit, mode = draw.choice(
        "every", (3, "hour", "FIRST_FULL_THEN_INCREMENTAL"), (12, "hour", "FIRST_FULL_THEN_INCREMENTAL"),
        (1, "day", "FIRST_FULL_THEN_INCREMENTAL"), (0, "day", "DAILY_FULL_EXPORT"),
    )  # fmt: skip
    start = FIRST_DAY - 86_400 * draw.number("startDay", 0, 200)
    end = FIRST_DAY + 86_400 * draw.number("endDay", 20, 900)
    told: Body = {
        "interval": number(draw, "intervalAs", interval),
        "timeUnit": unit,
        "startTime": number(draw, "startTime", start),
    }
    put(told, "exportMode", draw.mostly("exportMode", mode, ABSENT, None, percent=80))
    ends = not draw.chance("endless", 30)
    put(told, "endTime", number(draw, "endTime", end) if ends else draw.choice("noEnd", ABSENT, None))
    template = "%DESTINATION%_%DATASET_ID%_%DATETIME(YYYYMMdd_HHmmss)%"
    put(
        told,
        draw.mostly("templateAs", "folderNameTemplate", "foldernameTemplate"),
        draw.mostly("template", template, ABSENT, None),
    )
    every = (0, "once") if interval == 0 else (interval, unit)
    return TrueSchedule(every, start, end if ends else None), told


def _audiences(draw: Draw) -> tuple[tuple[str, str | None], ...]:
    """Up to 250 of them, as one destination may have."""
    many = draw.mostly("audiences", draw.number("few", 1, 4), 0, 40, 250, percent=85)
    return tuple(
        (
            draw.uuid(f"audience{index}"),
            name(draw.at("audience", index)) if index < 5 else f"Audience {index}",
        )
        for index in range(many)
    )


def _selector(draw: Draw, id: str, label: str | None) -> Body:
    value: Body = {
        "id": id,
        "exportMode": draw.choice("mode", "DAILY_FULL_EXPORT", "FIRST_FULL_THEN_INCREMENTAL", None),
    }
    put(value, "name", label if label is not None else draw.choice("nameless", ABSENT, None))
    schedule = {
        "frequency": draw.choice("frequency", "ONCE", "DAILY", "EVERY_3_HOURS", "CHAINED", None),
        "triggerType": draw.choice("trigger", "SCHEDULED", "AFTER_SEGMENT_EVAL", None),
        "startDate": draw.choice("from", "2026-02-01", None),
        "endDate": draw.choice("to", None, "2027-01-01"),
        "startTime": "22:00",
    }
    put(value, "schedule", draw.mostly("schedule", schedule, None, ABSENT, {}))
    put(value, "createTime", draw.choice("createTime", "1668548786", 1668548786, ABSENT))
    return {"type": "PLATFORM_SEGMENT", "value": value}


def _steps(
    draw: Draw, kind: FlowKind, mapping: str | None, audiences: tuple[tuple[str, str | None], ...]
) -> Any:
    steps: list[Any] = []
    if "Copy" in kind.steps and draw.chance("copy", 70):
        steps.append(
            {
                "name": "Copy",
                "params": draw.choice(
                    "delta", {"deltaColumn": {"name": "updated_at"}}, {"deltaColumn": "updated_at"}, None
                ),
            }
        )
    if mapping:
        params: Body = {"mappingId": mapping}
        put(params, "mappingVersion", draw.choice("mappingVersion", 0, "0", ABSENT, None, 3, "2"))
        steps.append({"name": "Mapping", "params": params})
    if kind.kind == "source" and draw.chance("encryption", 15):
        steps.append(
            {"name": "Encryption", "params": {"publicKeyId": "e31ae895-7896-469a-8e06-eb9207ddf1c2"}}
        )
    if kind is ACTIVATION:
        selectors = [_selector(draw.at(index), id, label) for index, (id, label) in enumerate(audiences)]
        profile = [
            {"type": "JSON_PATH", "value": {"path": "person.name.firstName", "operator": "EXISTS"}},
            None,
        ]
        params = {
            "segmentSelectors": {"selectors": selectors},
            "mandatoryFields": draw.choice("mandatory", ["ECID"], [], None),
        }
        put(
            params,
            "profileSelectors",
            draw.choice("profile", {"selectors": profile}, {"selectors": None}, None, ABSENT),
        )
        put(
            params,
            "primaryFields",
            draw.choice("primary", [{"identityNamespace": "ECID", "fieldType": "IDENTITY"}], None, ABSENT),
        )
        return one_or_many(draw, "transformations", [{"name": "GeneralTransform", "params": params}])
    if steps:
        return one_or_many(draw, "transformations", steps)
    return draw.choice("none", ABSENT, [], None)


def _inherited(
    draw: Draw, kind: FlowKind, ends: tuple[str, str], outer: str, bases: tuple[str | None, str | None]
) -> tuple[Any, str | None]:
    """What the flow repeats from its connections, and its kind if that tells it."""
    specs = {
        "source": (outer, LAKE),
        "destination": (PROFILE if kind is ACTIVATION else LAKE_OUT, outer),
        "internal": (LAKE, PROFILE),
    }
    sides = []
    for side in (0, 1):
        spec = specs[kind.kind][side]
        one: Body = {"id": ends[side], "connectionSpec": reference(draw, f"spec{side}", spec)}
        if bases[side]:
            one["baseConnection"] = {"id": bases[side], "connectionSpec": {"id": spec, "version": "1.0"}}
        put(
            one,
            "typeInfo",
            draw.choice(f"typeInfo{side}", ABSENT, None, {"type": "ProfileFragments", "id": "ups"}),
        )
        sides.append(one_or_many(draw, f"side{side}", [one]))
    flags: Body = {}
    if kind.kind != "internal":
        put(
            flags,
            "isSourceFlow",
            True if kind.kind == "source" else draw.choice("notSource", ABSENT, False, None),
        )
        put(
            flags,
            "isDestinationFlow",
            True if kind.kind == "destination" else draw.choice("notDestination", ABSENT, False, None),
        )
    told: Body = {"sourceConnections": sides[0], "targetConnections": sides[1]}
    put(told, "properties", draw.mostly("properties", flags, ABSENT, None, {}))
    how = draw.mostly("inherited", "whole", "absent", "null", "flags", percent=85)
    if how == "whole":
        return told, kind.kind
    if how == "flags" and kind.kind != "internal":
        return {"properties": flags, "sourceConnections": None}, kind.kind
    return (None if how == "null" else ABSENT), None


def _options(draw: Draw, kind: FlowKind) -> tuple[Any, str | None]:
    if kind is HOOKS:
        url = f"https://dcs.adobedc.net/collection/{draw.hex('inlet', 64)}"
        return {"inletUrl": url, "errorDiagnosticsEnabled": None}, url
    options = {
        "errorDiagnosticsEnabled": flag(draw, "diagnostics", True),
        "partialIngestionPercent": draw.choice("percent", 5, "10", 2.5, None),
    }
    return draw.choice("options", options, ABSENT, None, {}), None


def _operation(draw: Draw, created: int) -> tuple[Any, str | None]:
    if draw.chance("failed", 10):
        error = {"code": "1425-400", "message": f"schema differs {draw.hex('mark', 6)}"}
        status = {"value": "failed", "properties": None, "errors": [error]}
        return {
            "started": created,
            "updated": str(created + 900),
            "percentCompleted": "100",
            "status": status,
            "operation": "update",
        }, error["message"]
    done = {
        "started": created,
        "updated": 0,
        "operation": "create",
        "status": {"value": "completed", "errors": []},
        "ops": [None],
    }
    return draw.choice(
        "operation", done, ABSENT, None, {"started": created, "updated": 0, "operation": "create"}, {}
    ), None


def _runs(
    draw: Draw,
    flow_id: str,
    kind: FlowKind,
    ends: tuple[str, str],
    audiences: tuple[tuple[str, str | None], ...],
) -> tuple[TrueRun, ...]:
    if kind.lists_runs is False:
        return ()
    many = draw.mostly("runs", draw.number("few", 1, 5), 0, 9, percent=75)
    found = []
    for index in range(many):
        at = draw.at("runs", index)
        due = (FIRST_DAY + at.number("due", 0, DAYS * 86_400 - 1)) * 1000
        audience = audiences[0][0] if audiences else None
        found.append(run(at, flow_id=flow_id, spec_id=kind.id, ends=ends, at=due, audience=audience))
    return tuple(sorted(found, key=lambda one: -one.created))


def _last(draw: Draw, runs: tuple[TrueRun, ...]) -> tuple[tuple[str, int | None] | None, Any]:
    """`lastRunDetails`: of the newest run, of one that is listed no more, or nothing."""
    words = {
        "succeeded": "success",
        "unclear": "success",
        "failed": "failed",
        "partial": "partialSuccess",
        "in_progress": "inProgress",
        "waiting": "scheduled",
    }
    if runs and not draw.chance("lastHidden", 20):
        last = next((run for run in runs if run.outcome in words and run.outcome != "partial"), None)
        if last is None:
            return None, draw.choice("unsaid", ABSENT, None, {})
        told: Body = {"id": last.id, "state": state_text(draw.at("last"), words[last.outcome])}
        put(
            told,
            "startedAtUTC",
            number(draw, "lastStart", last.started)
            if last.started
            else draw.choice("lastNone", ABSENT, None),
        )
        put(
            told,
            "completedAtUTC",
            number(draw, "lastEnd", last.completed)
            if last.completed
            else draw.choice("lastOpen", ABSENT, None),
        )
        return (last.outcome, last.started), told
    if not runs and draw.chance("lastAlone", 40):
        outcome, started = (
            draw.choice("lastWas", "partial", "succeeded", "failed"),
            (FIRST_DAY - 90 * 86_400) * 1000,
        )
        spelling = draw.choice("lastAs", words[outcome], words[outcome].upper(), words[outcome].capitalize())
        return (outcome, started), {
            "id": draw.uuid("gone"),
            "state": spelling,
            "startedAtUTC": started,
            "completedAtUTC": str(started + 1_000),
        }
    return None, draw.choice("noLast", ABSENT, None, {})
