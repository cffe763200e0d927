"""Objects as an answer shows them: secrets masked, and spelled as the variants ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ...json_types import JsonObject, spec_id
from ...state.backend import Backend
from ...state.options import Variants

MASK = "********"


def render(backend: Backend, kind: str, row: JsonObject) -> JsonObject:
    """The object as it is read back. The stored one is left as it is."""
    return _RENDERERS[kind](backend, row)


def render_all(backend: Backend, kind: str, rows: Iterable[JsonObject]) -> list[JsonObject]:
    return [render(backend, kind, row) for row in rows]


def project(row: JsonObject, names: tuple[str, ...]) -> JsonObject:
    """Only the named top-level members, and the id."""
    if not names:
        return row
    wanted = {name.split(".")[0] for name in names} | {"id"}
    return {key: value for key, value in row.items() if key in wanted}


def secret_params(spec: JsonObject, spec_name: str) -> set[str]:
    """The auth params that the spec's schema marks as passwords."""
    offered = spec.get("authSpec") or []
    for auth in offered if isinstance(offered, list) else [offered]:
        if isinstance(auth, dict) and auth.get("name") == spec_name:
            properties = (auth.get("spec") or {}).get("properties") or {}
            return {name for name, schema in properties.items() if schema.get("format") == "password"}
    return set()


def _connection(backend: Backend, row: JsonObject) -> JsonObject:
    auth = row.get("auth")
    if not auth or not isinstance(auth.get("params"), dict):
        return row
    spec = backend.specs("connectionSpecs").get(spec_id(row)) or {}
    secrets = secret_params(spec, auth.get("specName", ""))
    if not secrets & set(auth["params"]):
        return row
    params = {name: MASK if name in secrets else value for name, value in auth["params"].items()}
    return row | {"auth": auth | {"params": params}}


def _same(_: Backend, row: JsonObject) -> JsonObject:
    return row


def _flow(backend: Backend, row: JsonObject) -> JsonObject:
    variants = backend.variants
    changes: JsonObject = {}
    if variants.flow_spec_ref == "string" and isinstance(row.get("flowSpec"), dict):
        changes["flowSpec"] = spec_id(row, "flowSpec")
    if variants.schedule_numbers == "string" and row.get("scheduleParams"):
        changes["scheduleParams"] = {name: _as_text(value) for name, value in row["scheduleParams"].items()}
    if isinstance(row.get("transformations"), list):
        as_text = variants.mapping_version == "string"
        changes["transformations"] = [_versioned(item, as_text=as_text) for item in row["transformations"]]
    if variants.status_case != "camel" and row.get("lastRunDetails"):
        details = row["lastRunDetails"]
        changes["lastRunDetails"] = details | {"state": _cased(details["state"], variants)}
    return row | changes if changes else row


def _versioned(transformation: Any, *, as_text: bool) -> Any:
    """The version of the mapping as it is read back, whichever way it was sent."""
    if not isinstance(transformation, dict):
        return transformation
    params = transformation.get("params")
    version = params.get("mappingVersion") if isinstance(params, dict) else None
    if not isinstance(params, dict) or not str(version).isdecimal():
        return transformation
    shown = str(version) if as_text else int(str(version))
    return transformation | {"params": params | {"mappingVersion": shown}}


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


def _run(backend: Backend, row: JsonObject) -> JsonObject:
    variants = backend.variants
    if variants.status_case != "camel" or variants.completed_key != "completedAtUTC":
        row = _respelled(row, variants)
    if variants.run_etag_key != "etag" and "etag" in row:
        row = {("eTag" if key == "etag" else key): value for key, value in row.items()}
    if variants.activities_key != "activities" and "activities" in row:
        row = {("activites" if key == "activities" else key): value for key, value in row.items()}
    return row


def _respelled(value: Any, variants: Variants) -> Any:
    if isinstance(value, list):
        return [_respelled(item, variants) for item in value]
    if not isinstance(value, dict):
        return value
    spelled: JsonObject = {}
    for key, inner in value.items():
        name = variants.completed_key if key == "completedAtUTC" else key
        is_status = key == "status" and isinstance(inner, str)
        spelled[name] = _cased(inner, variants) if is_status else _respelled(inner, variants)
    return spelled


def _cased(status: str, variants: Variants) -> str:
    if variants.status_case == "capitalised":
        return status[:1].upper() + status[1:]
    if variants.status_case == "upper":
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()
    return status


def _spec(backend: Backend, row: JsonObject) -> JsonObject:
    if backend.variants.permissions_info == "object" and row.get("permissionsInfo"):
        info = row["permissionsInfo"]
        single = {
            name: entry[0] if isinstance(entry, list) and entry else entry for name, entry in info.items()
        }
        row = row | {"permissionsInfo": single}
    return row


_TRANSFORMATION_KEYS = {
    "singular": "transformationSpec",
    "plural": "transformationSpecs",
    "dtos": "transformationSpecDTOS",
}


def _flow_spec(backend: Backend, row: JsonObject) -> JsonObject:
    name = _TRANSFORMATION_KEYS.get(backend.variants.transformation_key)
    if name is not None:
        row = {
            (name if member in _TRANSFORMATION_KEYS.values() else member): value
            for member, value in row.items()
        }
    return _spec(backend, row)


_RENDERERS: dict[str, Callable[[Backend, JsonObject], JsonObject]] = {
    "connections": _connection,
    "sourceConnections": _same,
    "targetConnections": _same,
    "flows": _flow,
    "runs": _run,
    "connectionSpecs": _spec,
    "flowSpecs": _flow_spec,
}
