"""What connection specs and flow specs say about a body, applied before anybody is asked to approve it.

Pure: models in, problems out. A message names the field and what it takes, never the value it had: that may be a
secret. Values that are `${...}` references are checked as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec, NamedSpec

Json = Mapping[str, Any]

ONE_TIME = "once"
FILE_FORMATS = ("delimited", "json", "parquet")


@dataclass(frozen=True)
class Problem:
    """One thing that would be refused: the field (dotted), what is wrong, and the fix."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


# --- against a JSON Schema --------------------------------------------------------------------------------


def check_schema(schema: Json, value: Any, field: str) -> list[Problem]:
    """Everything that `schema` refuses in `value`, each at its own field."""
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft7Validator.check_schema(dict(schema))
    except SchemaError:
        return []  # a spec whose schema is broken cannot be checked against; the service decides
    found: dict[str, Problem] = {}
    for error in Draft7Validator(dict(schema)).iter_errors(value):
        for problem in _problems(error, field):
            found.setdefault(f"{problem.field}|{problem.message}", problem)
    return list(found.values())


def _problems(error: Any, field: str) -> Iterator[Problem]:
    where = _join(field, *error.absolute_path)
    match error.validator:
        case "required":
            for name in error.validator_value:
                if isinstance(error.instance, dict) and name not in error.instance:
                    yield Problem(_join(where, name), f"is required{_takes(_property(error.schema, name))}.")
        case "additionalProperties":
            known = sorted(error.schema.get("properties", {}))
            for name in sorted(set(error.instance) - set(known)):
                yield Problem(
                    _join(where, name), f"is not known here. It takes: {', '.join(known) or 'nothing'}."
                )
        case "anyOf" | "oneOf":
            ways = _alternatives(error.validator_value)
            yield Problem(where, f"fits none of the ways that the spec allows{ways}.")
        case "not":
            names = error.validator_value.get("required", [])
            yield Problem(_join(where, *names[:1]), "is not allowed in this combination.")
        case _:
            yield Problem(where, _expectation(error.validator, error.validator_value))


def _expectation(keyword: str, expected: Any) -> str:
    match keyword:
        case "enum":
            return f"takes one of: {', '.join(map(str, expected))}."
        case "const":
            return f"must be {expected}."
        case "type":
            kinds = expected if isinstance(expected, str) else " or ".join(expected)
            return f"must be {'an' if kinds[0] in 'aeio' else 'a'} {kinds}."
        case "minimum" | "exclusiveMinimum":
            return f"must be {'at least' if keyword == 'minimum' else 'more than'} {expected}."
        case "maximum" | "exclusiveMaximum":
            return f"must be {'at most' if keyword == 'maximum' else 'less than'} {expected}."
        case "minLength" | "minItems":
            return "must not be empty." if expected == 1 else f"needs at least {expected}."
        case "maxLength" | "maxItems":
            return f"takes at most {expected}."
        case "pattern":
            return f"must look like {expected}."
        case "format":
            return f"must be a {expected}."
    return f"does not satisfy {keyword} of the spec."


def _alternatives(arms: Iterable[Json]) -> str:
    """Names the constant combinations of the arms, where arms are such combinations."""
    ways = []
    for arm in arms:
        parts = []
        for name, schema in arm.get("properties", {}).items():
            if "const" in schema:
                parts.append(f"{name} {schema['const']}")
            elif "enum" in schema:
                parts.append(f"{name} {'/'.join(map(str, schema['enum']))}")
        if parts:
            ways.append(" with ".join(parts))
        elif arm.get("required"):
            ways.append(" and ".join(arm["required"]))
    return f": {'; or '.join(ways)}" if ways else ""


def _property(schema: Json, name: str) -> Json:
    found = schema.get("properties", {}).get(name, {})
    return found if isinstance(found, dict) else {}


def _takes(schema: Json) -> str:
    if "enum" in schema:
        return f" (one of {', '.join(map(str, schema['enum']))})"
    kind = schema.get("type")
    return f" ({kind})" if isinstance(kind, str) else ""


def _join(*parts: Any) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


# --- connections ------------------------------------------------------------------------------------------


def check_auth(spec: ConnectionSpec, auth: Json | None) -> list[Problem]:
    """A base connection's `auth` against the ways that its spec offers; unknown parameters are named."""
    offered = [item.name or "" for item in spec.auth_specs]
    if not offered:
        return [Problem("auth", f"{spec.name} takes no credentials: leave auth out.")] if auth else []
    if not auth:
        return [
            Problem(
                "auth", f"is required. {spec.name} authenticates by: {'; '.join(map(_way, spec.auth_specs))}."
            )
        ]
    name = str(auth.get("specName") or "")
    way = spec.auth_spec(name)
    if way is None:
        return [Problem("auth.specName", f"takes one of: {', '.join(offered)}.")]
    params = auth.get("params") or {}
    return [*check_schema(way.spec, params, "auth.params"), *_superfluous(way, params, "auth.params")]


def _way(way: NamedSpec) -> str:
    return f"{way.name} ({', '.join(way.required) or 'no required field'})"


def _superfluous(part: NamedSpec, params: Any, field: str) -> list[Problem]:
    """Parameters that the spec does not name; the service would keep them and ignore them."""
    if not isinstance(params, dict) or not part.properties:
        return []
    known = ", ".join(sorted(part.properties))
    return [
        Problem(f"{field}.{name}", f"is not known to this spec. It takes: {known}.")
        for name in sorted(set(params) - set(part.properties))
    ]


def check_source(spec: ConnectionSpec, *, params: Json | None, has_base: bool) -> list[Problem]:
    """A source connection's `params` and whether it needs a base connection."""
    if not spec.is_source and spec.source_spec is None:
        return [Problem("connectionSpec", f"{spec.name} is no source.")]
    return [*_base(spec, has_base=has_base), *_params(spec.source_spec, params)]


def check_target(spec: ConnectionSpec, *, params: Json | None) -> list[Problem]:
    """A target connection's `params`."""
    if not spec.is_destination and spec.target_spec is None:
        return [Problem("connectionSpec", f"{spec.name} is no target.")]
    return _params(spec.target_spec, params)


def _base(spec: ConnectionSpec, *, has_base: bool) -> list[Problem]:
    if spec.auth_specs and not has_base:
        return [Problem("baseConnectionId", f"is required: {spec.name} reads through an account.")]
    if not spec.auth_specs and has_base:
        return [Problem("baseConnectionId", f"must be left out: {spec.name} has no account.")]
    return []


def _params(part: NamedSpec | None, params: Json | None) -> list[Problem]:
    if part is None or not part.spec:
        return []
    return check_schema(part.spec, dict(params or {}), "params")


# --- flows ------------------------------------------------------------------------------------------------


def check_pairing(spec: FlowSpec, *, source_spec_id: str | None, target_spec_id: str | None) -> list[Problem]:
    """Whether the flow spec joins these two connectors."""
    problems = []
    if source_spec_id and spec.source_connection_spec_ids and not spec.takes_source(source_spec_id):
        problems.append(
            Problem("sourceConnectionIds", f"the flow spec {spec.name} does not take this connector.")
        )
    if target_spec_id and spec.target_connection_spec_ids and not spec.takes_target(target_spec_id):
        problems.append(
            Problem("targetConnectionIds", f"the flow spec {spec.name} does not write to this connector.")
        )
    return problems


def check_schedule(spec: FlowSpec, schedule: Json | None, *, now: float) -> list[Problem]:
    """`scheduleParams` against the flow spec; `now` and start times are epoch seconds."""
    if spec.schedule_spec is None or not spec.schedule_spec.spec:
        return [Problem("scheduleParams", f"{spec.name} has no schedule: leave it out.")] if schedule else []
    if not schedule:
        needed = ", ".join(spec.schedule_spec.required)
        return [Problem("scheduleParams", f"is required ({needed}).")]
    problems = _rules_of_once(schedule)
    if not problems:
        problems = check_schema(spec.schedule_spec.spec, dict(schedule), "scheduleParams")
    start, end = schedule.get("startTime"), schedule.get("endTime")
    if isinstance(start, int) and start > 100_000_000_000:
        problems.append(Problem("scheduleParams.startTime", "is in milliseconds; it takes epoch seconds."))
    elif isinstance(start, int) and start < now - 60:
        problems.append(Problem("scheduleParams.startTime", "lies in the past; it must not."))
    if isinstance(start, int) and isinstance(end, int) and end <= start:
        problems.append(Problem("scheduleParams.endTime", "must be after startTime."))
    return problems


def _rules_of_once(schedule: Json) -> list[Problem]:
    """What a JSON Schema says clumsily: `once` goes with neither interval nor backfill; minutes start at 15."""
    frequency = schedule.get("frequency")
    if frequency == ONE_TIME:
        return [
            Problem(f"scheduleParams.{name}", "must be left out when the frequency is once.")
            for name in ("interval", "backfill")
            if name in schedule
        ]
    interval = schedule.get("interval")
    if frequency in ("minute", "hour", "day", "week"):
        least = 15 if frequency == "minute" else 1
        if interval is None:
            return [Problem("scheduleParams.interval", f"is required with {frequency} (at least {least}).")]
        if isinstance(interval, int) and interval < least:
            return [Problem("scheduleParams.interval", f"must be at least {least} with {frequency}.")]
    return []


def check_transformations(spec: FlowSpec, transformations: Iterable[Json] | None) -> list[Problem]:
    """Each transformation against the flow spec's own; unknown names are listed with the known ones."""
    problems: list[Problem] = []
    known = {item.name: item for item in spec.transformation_specs if item.name}
    for index, step in enumerate(transformations or ()):
        field = f"transformations[{index}]"
        part = known.get(str(step.get("name")))
        if part is None:
            if known:
                problems.append(Problem(f"{field}.name", f"{spec.name} takes: {', '.join(known)}."))
            continue
        problems += check_schema(part.spec, step.get("params") or {}, f"{field}.params")
    return problems


def check_options(spec: FlowSpec, options: Json | None) -> list[Problem]:
    """`options`, such as the share of bad rows that a run may have."""
    if not options or spec.option_spec is None:
        return []
    return check_schema(spec.option_spec.spec, dict(options), "options")


def check_flow(
    spec: FlowSpec,
    *,
    source_spec_id: str | None,
    target_spec_id: str | None,
    schedule: Json | None,
    transformations: Iterable[Json] | None,
    options: Json | None,
    now: float,
    draft: bool = False,
) -> list[Problem]:
    """All of a flow's body; a draft may still lack its schedule and transformations."""
    steps = list(transformations or ())
    problems = check_pairing(spec, source_spec_id=source_spec_id, target_spec_id=target_spec_id)
    if schedule or not draft:
        problems += check_schedule(spec, schedule, now=now)
    problems += check_transformations(spec, steps)
    return problems + check_options(spec, options)
