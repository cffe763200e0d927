"""Whether a flow is possible: its connections, its mapping, its schedule and its options."""

from __future__ import annotations

from typing import Any

from ..catalogue.known_ids import CLOUD_STORAGE, DATA_LAKE, STREAM_MAPPED, TABLES
from ..http.errors import bad_request, problem, provider
from ..http.json_schema import check_schema, needed
from ..json_types import JsonObject, spec_id
from ..state.backend import Backend
from ..state.store import SandboxStore
from .running.schedule import checked_change, checked_schedule

MAPPING_REQUIRED = frozenset({CLOUD_STORAGE, TABLES, STREAM_MAPPED})
"""Flow specs whose flows have no meaning without a mapping, unless the source has XDM data."""
_WORKFLOW = "flowSpec.attributes._workflow"


def check_flow(
    backend: Backend,
    sandbox: SandboxStore,
    flow: JsonObject,
    *,
    complete: bool,
    before: JsonObject | None = None,
) -> JsonObject:
    """The flow with its schedule normalised. A draft (`complete` False) need not be complete.

    `before` is the flow as it was when this is a change: what has not changed is not held against it.
    """
    spec = backend.flow_spec(spec_id(flow, "flowSpec"))
    flow = _shaped(flow)
    source = _end(sandbox, spec, flow, "sourceConnections", complete=complete)
    target = _end(sandbox, spec, flow, "targetConnections", complete=complete)
    if flow.get("options"):
        check_schema((spec.get("optionSpec") or {}).get("spec"), flow["options"], where="options")
    if not complete:
        return flow
    known = before or {}
    _check_conditional(backend, spec, target)
    if flow["transformations"] != known.get("transformations"):
        _check_transformations(sandbox, spec, flow["transformations"], source, target)
    return flow | _schedule(backend, spec, flow, source, before)


def _shaped(flow: JsonObject) -> JsonObject:
    """The flow with its lists in place, once every member has the right type."""
    lists = ("sourceConnectionIds", "targetConnectionIds", "transformations")
    flow = flow | {name: [] for name in lists if flow.get(name) is None}
    for name in lists:
        if not isinstance(flow[name], list):
            raise bad_request(f"{name} has to be a list")
    for name in ("scheduleParams", "options", "policy"):
        if flow.get(name) is not None and not isinstance(flow[name], dict):
            raise bad_request(f"{name} has to be an object")
    for transformation in flow["transformations"]:
        if not isinstance(transformation, dict) or not isinstance(transformation.get("name"), str):
            raise provider(1392, "A transformation has to be an object with name and params")
    return flow


def _end(
    sandbox: SandboxStore,
    spec: JsonObject,
    flow: JsonObject,
    kind: str,
    *,
    complete: bool,
) -> JsonObject | None:
    """The one source or target connection of a flow."""
    is_source = kind == "sourceConnections"
    member = "sourceConnectionIds" if is_source else "targetConnectionIds"
    ids = flow[member]
    if not ids and not complete:
        return None
    if not ids:
        raise provider(1320, f"{member} is empty")
    if len(ids) != 1:
        raise provider(1321, f"{member} must hold exactly one id")
    found = sandbox[kind].get(ids[0]) if isinstance(ids[0], str) else None
    if found is None:
        raise provider(1322 if is_source else 1323, f"There is no {member[:-1]} '{ids[0]}'")
    connector = spec_id(found)
    allowed = spec.get("sourceConnectionSpecIds" if is_source else "targetConnectionSpecIds") or []
    if connector not in allowed:
        if not is_source and allowed == [DATA_LAKE]:
            raise provider(1307, f"The target of '{spec['name']}' must be the data lake")
        raise provider(1312, f"The connection spec of {member} is not allowed by '{spec['name']}'")
    if complete and found.get("state") == "draft":
        raise problem(1444, f"{member[:-1]} '{ids[0]}' is still a draft")
    return found


def _check_conditional(backend: Backend, spec: JsonObject, target: JsonObject | None) -> None:
    """What the target's spec requires of flows of this workflow only, such as the file type of datasets."""
    if target is None:
        return
    part = backend.connection_spec(spec_id(target)).get("targetSpec") or {}
    workflow = (spec.get("attributes") or {}).get("_workflow") or []
    for name in needed(part.get("spec"), _WORKFLOW, workflow):
        if (target.get("params") or {}).get(name) is None:
            raise provider(1304, f"params of the target connection lacks the mandatory {name}")


def _check_transformations(
    sandbox: SandboxStore,
    spec: JsonObject,
    transformations: list[JsonObject],
    source: JsonObject | None,
    target: JsonObject | None,
) -> None:
    offered = {one["name"]: one for one in _offered(spec)}
    mapped = ((source or {}).get("data") or {}).get("format") == "parquet_xdm"
    for one in transformations:
        if one["name"] == "Encryption" and spec["id"] == CLOUD_STORAGE:
            _check_encryption(sandbox, one.get("params") or {})
            continue
        known = offered.get(one["name"])
        if known is None:
            raise provider(1392, f"'{spec['name']}' has no transformation '{one['name']}'")
        params = one.get("params") or {}
        check_schema(known.get("spec"), params, where=f"transformations.{one['name']}")
        if one["name"] == "Mapping":
            mapped = True
            _check_mapping(sandbox, params, target)
        elif isinstance(params.get("profileMapping"), dict) and params["profileMapping"]:
            _check_mapping(sandbox, params["profileMapping"], None)
    if not mapped and spec["id"] in MAPPING_REQUIRED:
        raise provider(1370, "The transformation Mapping is missing")


def _check_encryption(sandbox: SandboxStore, params: JsonObject) -> None:
    """A step that file flows take although no printed spec declares it."""
    if not params.get("publicKeyId"):
        raise provider(1202, "publicKeyId is missing in the transformation Encryption")
    for name in ("publicKeyId", "signVerificationKeyId"):
        if name in params and params[name] not in sandbox.encryption_keys:
            raise provider(1203, f"There is no key '{params[name]}'")


def _offered(spec: JsonObject) -> list[JsonObject]:
    for name in ("transformationSpec", "transformationSpecs", "transformationSpecDTOS"):
        if isinstance(spec.get(name), list):
            return list(spec[name])
    return []


def _check_mapping(sandbox: SandboxStore, params: JsonObject, target: JsonObject | None) -> None:
    """The mapping set exists, in that version, and fills the schema of the target."""
    id = params.get("mappingId")
    if not id:
        raise provider(1304, "transformations.Mapping lacks the mandatory mappingId")
    mapping = sandbox["mappingSets"].get(id)
    if mapping is None:
        raise problem(2250, f"Data Prep does not know the mapping set '{id}'")
    version = params.get("mappingVersion", 0)
    newest = mapping.get("version", 0)
    if not str(version).isdecimal() or int(version) > int(newest):
        raise problem(1412, f"The mapping set has no version '{version}'")
    filled = ((mapping.get("outputSchema") or {}).get("schemaRef") or {}).get("id") or mapping.get(
        "xdmSchema"
    )
    schema = ((target or {}).get("data") or {}).get("schema") or {}
    wanted = schema.get("id") or schema.get("schemaId")
    if filled and wanted and filled != wanted:
        raise problem(1425, "The schema of the mapping is not the schema of the target dataset")


def _schedule(
    backend: Backend,
    spec: JsonObject,
    flow: JsonObject,
    source: JsonObject | None,
    before: JsonObject | None,
) -> JsonObject:
    rules: dict[str, Any] = {
        "now": backend.clock.now().timestamp(),
        "table": spec["name"] == "CRMToAEP" or ((source or {}).get("data") or {}).get("format") == "tabular",
        "delta": delta_column(flow) is not None,
        "minimum": 15 if backend.variants.interval_minimum == "fifteen" else None,
    }
    schedule_spec, params = spec.get("scheduleSpec"), flow.get("scheduleParams")
    if before is None:
        checked = checked_schedule(schedule_spec, params, **rules)
    elif params == before.get("scheduleParams") and before.get("state") != "draft":
        return {}
    else:
        checked = checked_change(schedule_spec, before.get("scheduleParams"), params, **rules)
    return {"scheduleParams": checked} if checked else {}


def delta_column(flow: JsonObject) -> JsonObject | None:
    """The delta column that the flow's Copy transformation holds."""
    for one in flow.get("transformations") or []:
        if one.get("name") == "Copy":
            column = (one.get("params") or {}).get("deltaColumn")
            return column if isinstance(column, dict) else None
    return None
