"""Every other connector, driven by its specs alone.

An import takes the flow spec that joins the connector with the data lake. An export is one of audiences, for only
these connectors have no dataset export: the profile store is its source, and the audiences are added to the flow
afterwards, as the API's documentation does it.
"""

from __future__ import annotations

from typing import Any

from aep_flow_mcp.platform.models.specs import FlowSpec, NamedSpec

from .. import accounts, bodies, deltas, formats, parameters, places, timing, wellknown
from ..accounts import Account
from ..blueprint import Verdict
from ..bodies import Json
from ..desk import Desk
from ..imports import MAPPING, into_lake, takes
from ..wish import Direction

NAME = "general"
GENERAL_TRANSFORM = "GeneralTransform"


def judge(desk: Desk) -> Verdict:
    """The verdict on a pipeline that no other recipe is about."""
    export = desk.wish.direction is Direction.EXPORT
    spec = _audience_spec(desk) if export else _import_spec(desk)
    account = accounts.choose(desk, automatic=export)
    params = _params(desk, desk.spec.target_spec if export else desk.spec.source_spec, spec)
    if spec is None:
        other = "the profile store" if export else "the data lake"
        desk.refuse("connector", f"no flow spec joins {desk.label} with {other}: choose another connector.")
        return desk.verdict(NAME)
    if export:
        return _export(desk, spec, account, params)
    return into_lake(
        desk,
        NAME,
        spec,
        account,
        data=_data(desk, spec),
        params=params,
        mapping_required=_needs_mapping(desk, spec),
        steps=_delta(desk, spec),
    )


def _export(desk: Desk, spec: FlowSpec, account: Account, params: Json) -> Verdict:
    desk.leave_out(
        "the audiences of a destination are added to its flow", "datasets", "mapping_set", "fields"
    )
    desk.leave_out("the format of a destination is among its params", "format", "format_options")
    desk.leave_out("an export of audiences has no such column", "delta_column")
    schedule = timing.export(desk, spec, required=False)
    options = bodies.options(desk)
    steps: list[Json] = []
    own = any(step.get("name") == GENERAL_TRANSFORM for step in desk.wish.transformations)
    if takes(spec, GENERAL_TRANSFORM) and not own:
        empty: Json = {"selectors": []}
        selectors = {"segmentSelectors": empty, "profileSelectors": empty}
        steps.append({"name": GENERAL_TRANSFORM, "params": selectors})
        desk.warn("Nothing is sent before audiences are added: update_flow, transformations[0].params.")
    source = bodies.profile_source(desk)
    target = bodies.destination(desk, account, params)
    flow = bodies.flow(desk, spec, source, target, steps=steps, schedule=schedule, options=options)
    return desk.verdict(
        NAME,
        f"Send audiences to {desk.label}",
        (*account.parts, source, target, flow),
        timing.described(desk, spec, schedule)
        if schedule
        else "Each audience that is added has a schedule of its own.",
    )


def _import_spec(desk: Desk) -> FlowSpec | None:
    """Of the flow specs that fit, one that maps when a mapping is wished, else one that need not."""
    wants = desk.wish.mapping_set is not None or bool(desk.wish.fields)
    fitting = [
        spec
        for spec in desk.findings.flow_specs
        if spec.takes_source(desk.spec.id) and spec.takes_target(wellknown.DATA_LAKE)
    ]
    return min(fitting, key=lambda spec: (takes(spec, MAPPING) is not wants, spec.id), default=None)


def _audience_spec(desk: Desk) -> FlowSpec | None:
    fitting = (spec for spec in desk.findings.flow_specs if spec.takes_target(desk.spec.id))
    return next((spec for spec in fitting if spec.takes_source(wellknown.PROFILE_STORE)), None)


def _needs_mapping(desk: Desk, spec: FlowSpec) -> bool:
    """Raw data and batch data become XDM by a mapping; a stream of XDM is XDM already."""
    if desk.wish.params.get("dataType") == "xdm":
        return False
    return (
        spec.frequency != "streaming"
        or spec.id == wellknown.FLOW_STREAM_MAPPED
        or "dataType" in desk.wish.params
    )


def _params(desk: Desk, part: NamedSpec | None, spec: FlowSpec | None) -> dict[str, Any]:
    """The parameters of the wish; `path` fills the one that names a place, or `path` where the spec declares none."""
    silent = parameters.silent(part) and desk.wish.path is not None
    name = parameters.place_name(part) or ("path" if silent else None)
    params = {**parameters.constants(part), **desk.wish.params}
    if desk.wish.path is not None and name is None:
        known = ", ".join(sorted(part.properties)) if part else ""
        desk.leave_out(f"{desk.label} has no path. Its params: {known or 'none'}", "path")
    elif desk.wish.path is not None and name in params:
        desk.refuse(f"params.{name}", "is the argument path: give one of the two.")
    elif name is not None and (desk.wish.path is not None or name in (part.required if part else ())):
        path = None if name in params else places.asked_for(desk, f"Which {name} of {desk.label}?")
        if path is not None:
            params[name] = path
            if name != "tableName":
                places.note_spelling(desk, path)
    return parameters.settle(desk, part, params, spec)


def _data(desk: Desk, spec: FlowSpec) -> Json | None:
    """Rows of a table are tabular; what a stream or a web API gives is JSON; files are what was said."""
    name = parameters.place_name(desk.spec.source_spec)
    if name == "path":
        return formats.data_of_files(desk)
    form = "tabular" if name == "tableName" and spec.frequency != "streaming" else "json"
    if desk.wish.format is not None and desk.wish.format.casefold() != form:
        desk.refuse("format", f"must be {form} or left out: {desk.label} gives nothing else.")
    desk.leave_out(f"{desk.label} has no such options", "format_options")
    return {"format": form}


def _delta(desk: Desk, spec: FlowSpec) -> list[Json]:
    """Scheduled flows of the kind that reads tables need a delta column, whatever the connector is. One that is given
    is sent: a flow spec that does not list `Copy` does not forbid it."""
    if not takes(spec, deltas.COPY) and desk.wish.delta_column is None:
        return []
    return deltas.step(desk, required=spec.id == wellknown.FLOW_TABLES_TO_LAKE)
