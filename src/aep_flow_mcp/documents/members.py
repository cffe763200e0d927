"""Members of the API's bodies from what a document says, one function each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aep_flow_mcp.documents.format import Options, Row, Schedule
from aep_flow_mcp.pipelines import schedules, wellknown
from aep_flow_mcp.pipelines.mappings import is_column
from aep_flow_mcp.platform.models.specs import FlowSpec

Json = dict[str, Any]
COPY, MAPPING = "Copy", "Mapping"
ATTRIBUTE, EXPRESSION = "ATTRIBUTE", "EXPRESSION"
_TYPES = {"text/x.schema-path": ATTRIBUTE, "text/x.aep-xl": EXPRESSION}
"""How older rows of mapping sets say it."""
_SPELLED = {"foldernameTemplate": "folderNameTemplate"}
"""How some pages spell it."""
_FULL, _FIRST = "DAILY_FULL_EXPORT", "FIRST_FULL_THEN_INCREMENTAL"


class NotUnderstood(Exception):
    """A text of a document that means nothing. field: below the part that was read."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def given(**members: Any) -> Json:
    """A body without the members that were not given."""
    return {name: value for name, value in members.items() if value is not None}


# --- schedules --------------------------------------------------------------------------------------------


def exports_by_unit(spec: FlowSpec | None) -> bool:
    """Whether schedules of this kind of flow have a time unit, as those of dataset exports do."""
    declared = spec.schedule_spec.properties if spec and spec.schedule_spec else {}
    return not ("frequency" in declared and "timeUnit" not in declared)


def schedule_params(said: Schedule, *, export: bool) -> Json:
    """`scheduleParams`.

    Raises:
        NotUnderstood: a rhythm or a time that is none.
    """
    start, end = _epoch("start", said.start), _epoch("end", said.end)
    rhythm = None
    if said.every is not None:
        rhythm = schedules.parse_rhythm(said.every)
        if rhythm is None:
            offered = "once, 15 minutes, 2 hours, day, week"
            raise NotUnderstood("every", f"{said.every} is no rhythm: write one such as {offered}.")
    if not export:
        rest = given(startTime=start, endTime=end, backfill=said.backfill)
        if rhythm is None:
            return rest
        return {
            **rest,
            **schedules.ingestion_params(rhythm, start or 0),
            **({} if start is not None else {"startTime": None}),
        }
    timed = schedules.export_rhythm(rhythm) if rhythm else {}
    if said.mode is not None:
        timed["exportMode"] = said.mode
    return {
        **timed,
        **given(
            startTime=start,
            endTime=end,
            folderNameTemplate=said.folder or wellknown.EXPORT_FOLDER,
            backfill=said.backfill,
        ),
    }


def schedule_said(params: Mapping[str, Any], *, export: bool) -> Json:
    """The words for `scheduleParams`, as well as there are any; whoever asks compares."""
    unit = params.get("timeUnit") if export else params.get("frequency")
    count = _whole(params.get("interval"))
    often = _often(str(unit).casefold() if unit is not None else None, count, export=export)
    mode = params.get("exportMode")
    usual = _FULL if often == "once" else _FIRST
    folder = params.get("folderNameTemplate")
    return given(
        every=often,
        start=_time(params.get("startTime")),
        end=_time(params.get("endTime")),
        backfill=_flag(params.get("backfill")),
        mode=mode if export and mode != usual else None,
        folder=folder if export and folder != wellknown.EXPORT_FOLDER else None,
    )


def period_of(params: Mapping[str, Any]) -> int | None:
    """Seconds between two runs; 0 for a single one, None where the parameters do not say."""
    unit = str(params.get("frequency") or params.get("timeUnit") or "").casefold()
    count = _whole(params.get("interval"))
    if unit == "once" or ("timeUnit" in params and count == 0):
        return 0
    seconds = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}.get(unit)
    return None if seconds is None else seconds * (count or 1)


def as_usual(flow: Mapping[str, Any]) -> Json:
    """Members of a stored flow in the way in which a new one takes them: its steps as a list, though one may stand
    alone and null among others; numbers of a schedule that are given back as text; `once` without an interval and a
    backfill, which say nothing there, which pages show and the service refuses (1361-400, 1364-400)."""
    made: Json = {}
    steps, schedule = flow.get("transformations"), flow.get("scheduleParams")
    if isinstance(steps, Mapping | list):
        listed = [steps] if isinstance(steps, Mapping) else steps
        made["transformations"] = [step for step in listed if step is not None]
    if isinstance(schedule, Mapping):
        made["scheduleParams"] = _usual_schedule(schedule)
    return made


def _usual_schedule(params: Mapping[str, Any]) -> Json:
    once = str(params.get("frequency")).casefold() == "once"
    made = {_SPELLED.get(name, name): value for name, value in params.items()}
    numbers = {name: _whole(made.get(name)) for name in ("startTime", "endTime", "interval")}
    made |= given(**numbers, backfill=_flag(made.get("backfill")))
    return {name: value for name, value in made.items() if not (once and name in ("interval", "backfill"))}


def seconds_of(value: Any) -> int | None:
    """Epoch seconds, from a number or its text."""
    return _whole(value)


def _often(unit: str | None, count: int | None, *, export: bool) -> str | None:
    if unit is None:
        return None
    if unit == "once" or (export and count == 0):
        return "once"
    return f"{count} {unit}s" if count is not None and count != 1 else unit


def _epoch(field: str, text: str | None) -> int | None:
    if text is None:
        return None
    found = schedules.parse_time(text)
    if found is None:
        raise NotUnderstood(field, f"{text} is no time: write one such as 2026-01-31T08:00:00Z.")
    return found


def _time(value: Any) -> str | None:
    found = _whole(value)
    return None if found is None else schedules.show_time(found)


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal() and len(value) < 20:
        return int(value)
    return int(value) if isinstance(value, int) or (isinstance(value, float) and value.is_integer()) else None


def _flag(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(str(value).casefold())


# --- options ----------------------------------------------------------------------------------------------


def options_params(said: Options) -> Json:
    """`options`."""
    return given(
        errorDiagnosticsEnabled=said.error_diagnostics,
        partialIngestionPercent=said.partial_ingestion_percent,
    )


def options_said(params: Mapping[str, Any]) -> Json:
    """The words for `options`."""
    percent = params.get("partialIngestionPercent")
    try:
        number = None if percent is None or isinstance(percent, bool) else float(percent)
    except (TypeError, ValueError):
        number = None
    whole = int(number) if number is not None and number.is_integer() else number
    return given(
        error_diagnostics=_flag(params.get("errorDiagnosticsEnabled")),
        partial_ingestion_percent=whole if whole is None or 0 <= whole <= 100 else None,
    )


# --- mappings ---------------------------------------------------------------------------------------------


def mapping_body(name: str, rows: Iterable[Row], schema_id: str | None) -> Json:
    """A mapping set; without a schema where what is filled has none, as a receiver of audiences."""
    reference = {"schemaRef": {"id": schema_id, "contentType": wellknown.SCHEMA_VERSION}}
    return {
        "name": f"{name} mapping",
        **({"outputSchema": reference} if schema_id else {}),
        "mappings": [_row_params(row) for row in rows],
    }


def _row_params(row: Row) -> Json:
    return {
        "sourceType": row.type or (ATTRIBUTE if is_column(row.source) else EXPRESSION),
        "source": row.source,
        "destination": row.field,
        **given(identity=row.identity, primaryIdentity=row.primary_identity),
    }


def row_said(row: Mapping[str, Any]) -> Json | None:
    """A row of a mapping set as a document has it; None where it has no source or no field."""
    source = row.get("source") or row.get("sourceAttribute")
    field = row.get("destination") or row.get("destinationXdmPath")
    if not isinstance(source, str) or not isinstance(field, str):
        return None
    kind = row.get("sourceType")
    kind = _TYPES.get(kind, kind) if isinstance(kind, str) else None
    usual = kind and (ATTRIBUTE if is_column(source) else EXPRESSION)
    return {
        "source": source,
        "field": field,
        **given(
            type=kind if kind != usual else None,
            identity=True if _flag(row.get("identity")) else None,
            primary_identity=True if _flag(row.get("primaryIdentity")) else None,
        ),
    }


def filled_schema(mapping: Mapping[str, Any]) -> str | None:
    """The schema that a mapping set fills, in the present spelling or the old one."""
    outer = mapping.get("outputSchema")
    inner = outer.get("schemaRef") if isinstance(outer, Mapping) else None
    found = inner.get("id") if isinstance(inner, Mapping) else None
    found = found or mapping.get("xdmSchema")
    return found if isinstance(found, str) else None


# --- transformations --------------------------------------------------------------------------------------


def steps(
    *, delta_column: str | None, mapping: tuple[Any, Any] | None, further: Iterable[Mapping[str, Any]]
) -> list[Json]:
    """The transformations: a delta column and a mapping, where no further step of that name stands for them."""
    listed = [dict(step) for step in further]
    named = {step.get("name") for step in listed}
    first: list[Json] = []
    if delta_column is not None and COPY not in named:
        first.append({"name": COPY, "params": {"deltaColumn": {"name": delta_column}}})
    if mapping is not None and MAPPING not in named:
        first.append({"name": MAPPING, "params": {"mappingId": mapping[0], "mappingVersion": mapping[1]}})
    return [*first, *listed]
