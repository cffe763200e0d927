"""Looking into a source: its folders and tables, and the columns and first rows of one of them."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from ..catalogue.known_ids import DLZ_DESTINATION, EXPORT_LAKE, LANDING_ZONE
from ..http.errors import problem, provider
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject, spec_id
from ..state.backend import Backend
from ..state.store import SandboxStore
from .connections import check_behind, check_reachable
from .objects.lists import existing
from .pql import matching

PREVIEW_ROWS = 100
_OBJECT_TYPES = frozenset({"root", "folder", "file", "table", "rest"})
_FILE_TYPES = frozenset({"delimited", "json", "parquet"})
_COMPRESSIONS = frozenset({"bzip2", "gzip", "deflate", "zipdeflate", "targzip", "tar"})
_MANUAL = ("fileType", "columnDelimiter", "compressionType", "encoding")
Tree = dict[str, JsonObject]


def by_connection(backend: Backend, call: Call) -> Answer:
    row = existing(backend, call, "connections", call.args["id"])
    spec = backend.connection_spec(spec_id(row))
    if not spec.get("exploreSpec"):
        raise provider(1336, f"'{spec['name']}' cannot be explored")
    _check_query(call)
    check_reachable(backend, row)
    return _explore(backend, call, _tree_of(backend.sandbox(call), row), container="")


def _tree_of(sandbox: SandboxStore, connection: JsonObject) -> Tree:
    """What is behind an account. A new account sees what another one of its spec sees."""
    tree = sandbox.files.get(connection["id"])
    if tree is not None:
        return tree
    for id, other in sandbox.files.items():
        known = sandbox["connections"].get(id)
        if known is not None and spec_id(known) == spec_id(connection):
            return other
    return {}


def by_spec(backend: Backend, call: Call) -> Answer:
    """Only the landing zone can be explored without an account."""
    spec = existing(backend, call, "connectionSpecs", call.args["id"])
    if spec["id"] != LANDING_ZONE:
        raise provider(1372, "This connection spec cannot be explored without a connection")
    _check_query(call)
    check_behind(backend)
    tree = backend.sandbox(call).files.get("landing-zone", {})
    return _explore(backend, call, tree, container=backend.sandbox(call).landing_container)


def _check_query(call: Call) -> None:
    kind = (call.first("objectType") or "").lower()
    if not kind:
        raise provider(1334, "The query parameter objectType is empty")
    if kind not in _OBJECT_TYPES:
        raise provider(1358, f"The objectType '{kind}' is not valid")
    if kind in {"folder", "file", "table"} and not call.first("object"):
        raise provider(1337, f"The query parameter object is empty for the objectType {kind}")
    if kind == "rest":
        _decoded(call.first("sourceParams") or "e30")
    manual = [name for name in _MANUAL if call.first(name)]
    if _is_true(call, "determineProperties") and manual:
        raise provider(1374, f"determineProperties excludes {', '.join(manual)}")
    file_type = call.first("fileType")
    if file_type and file_type.lower() not in _FILE_TYPES:
        raise provider(1399, f"The fileType '{file_type}' is not valid")
    compression = call.first("compressionType")
    if compression and compression.lower() not in _COMPRESSIONS:
        raise provider(1312, f"The compressionType '{compression}' is not valid")
    if len(call.first("columnDelimiter") or "") > 1:
        raise provider(1331, "columnDelimiter is longer than one character")


def _is_true(call: Call, name: str) -> bool:
    return (call.first(name) or "").lower() == "true"


def _decoded(text: str) -> Any:
    """Base64 of JSON; 1389-400 when it is neither."""
    try:
        return json.loads(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (binascii.Error, ValueError) as error:
        raise provider(1389, "The value is not base64 of JSON") from error


def _explore(backend: Backend, call: Call, tree: Tree, *, container: str) -> Answer:
    kind = (call.first("objectType") or "").lower()
    if kind == "root":
        return Answer(200, _listing(backend, tree, _inside(tree, container)))
    if kind == "rest":
        nodes = [node for node in tree.values() if node["type"] != "folder"]
        if not nodes:
            raise provider(1330, "The source has no columns")
        return Answer(200, _hierarchical(nodes[0]))
    path = call.first("object") or ""
    if kind == "folder":
        if not any(_bare(known).startswith(_bare(path).rstrip("/") + "/") for known in tree):
            raise provider(1003, f"There is no folder '{path}'")
        return Answer(200, _listing(backend, tree, _inside(tree, path)))
    node = next((held for known, held in tree.items() if _bare(known) == _bare(path)), None)
    if node is None or node["type"] == "folder":
        raise provider(1330 if kind == "table" else 1003, f"There is no {kind} '{path}'")
    return Answer(200, _table(call, node) if kind == "table" else _file(call, node))


def _bare(path: str) -> str:
    return path.lstrip("/")


def _inside(tree: Tree, folder: str) -> list[JsonObject]:
    """What lies directly in a folder ('' is the root); folders may be implied by the paths below them."""
    prefix = _bare(folder).rstrip("/") + "/" if _bare(folder) else ""
    found: dict[str, JsonObject] = {}
    for path, node in tree.items():
        bare = _bare(path)
        if not bare.startswith(prefix) or bare == prefix:
            continue
        name, slash, _ = bare[len(prefix) :].partition("/")
        lead = path[: len(path) - len(bare)]
        if node["type"] == "table" and not prefix:
            found[path] = _entry("table", node.get("name", path), path, readable=True)
        elif slash:
            full = f"{lead}{prefix}{name}/"
            found.setdefault(full, _entry("folder", name, full, readable=False))
        else:
            found[path] = _entry("file", name, path, readable=True)
    return sorted(found.values(), key=lambda entry: (entry["type"] != "folder", entry["path"]))


def _entry(kind: str, name: str, path: str, *, readable: bool) -> JsonObject:
    return {"type": kind, "name": name, "path": path, "canPreview": readable, "canFetchSchema": readable}


def _listing(backend: Backend, tree: Tree, entries: list[JsonObject]) -> list[JsonObject] | JsonObject:
    of_tables = any(node["type"] == "table" for node in tree.values())
    if of_tables and backend.variants.explore_root == "items":
        return {"items": entries}
    return entries


def _file(call: Call, node: JsonObject) -> JsonObject:
    detect = _is_true(call, "determineProperties")
    file_type = (call.first("fileType") or "").lower()
    if not detect and not file_type:
        raise provider(1329, "fileType is missing; give it or use determineProperties")
    held = node.get("format", "delimited")
    if file_type and file_type != held:
        raise provider(1330, f"No columns were found reading the file as {file_type}")
    body = _hierarchical(node) if held == "json" else _flat(node)
    body["data"] = _rows(call, node) if _is_true(call, "preview") else []
    if detect:
        properties = {"fileType": held, "compressionType": node.get("compressionType")}
        if held == "delimited":
            properties["columnDelimiter"] = node.get("columnDelimiter", ",")
        body["properties"] = {name: value for name, value in properties.items() if value is not None}
    return body


def _table(call: Call, node: JsonObject) -> JsonObject:
    body = _flat(node)
    body["data"] = _rows(call, node)
    return body


def _rows(call: Call, node: JsonObject) -> list[JsonObject]:
    rows: list[JsonObject] = list(node.get("rows") or [])
    text = call.first("filters")
    if text:
        columns = {column["name"] for column in node.get("columns") or []}
        rows = matching(rows, _decoded(text), columns=columns)
    return rows[:PREVIEW_ROWS]


def _flat(node: JsonObject) -> JsonObject:
    return {"format": "flat", "schema": {"columns": [_column(one) for one in node.get("columns") or []]}}


def _column(column: JsonObject) -> JsonObject:
    """A column with the XDM type it would become."""
    xdm = _xdm_type(str(column.get("type", "string")))
    return {"meta:xdmType": xdm["type"], "xdm": xdm} | column


def _xdm_type(kind: str) -> JsonObject:
    kind = kind.lower()
    if kind in {"date-time", "datetime", "timestamp"}:
        return {"type": "string", "format": "date-time"}
    if kind == "date":
        return {"type": "string", "format": "date"}
    if kind in {"int", "integer", "long", "bigint"}:
        return {"type": "integer"}
    if kind in {"double", "float", "number", "decimal"}:
        return {"type": "number"}
    return {"type": "boolean" if kind == "boolean" else "string"}


def _hierarchical(node: JsonObject) -> JsonObject:
    properties = {one["name"]: _xdm_type(str(one.get("type", "string"))) for one in node.get("columns") or []}
    rows = list(node.get("rows") or [])[:PREVIEW_ROWS]
    return {"format": "hierarchical", "schema": {"type": "object", "properties": properties}, "data": rows}


def spec_configs(backend: Backend, call: Call) -> Answer:
    """The datasets that can be exported, with `start` and `limit` paging."""
    spec = existing(backend, call, "connectionSpecs", call.args["id"])
    for name, wanted in (("outputType", "activationDatasets"), ("outputField", "datasets")):
        given = call.first(name)
        if given is None:
            raise problem(1451, f"The query parameter {name} is required")
        if given != wanted:
            raise problem(1452, f"{name} must be {wanted}, not '{given}'")
    allowed = {EXPORT_LAKE} | ({DLZ_DESTINATION} if backend.variants.configs_spec == "both" else set())
    if spec["id"] not in allowed:
        raise provider(1305, "This connection spec has no configuration of exportable datasets")
    start = call.integer("start", default=0, minimum=0, maximum=10_000_000)
    limit = call.integer("limit", default=20, minimum=1, maximum=100)
    wanted_members = [name for name in (call.first("properties") or "").split(",") if name]
    collection = backend.sandbox(call)["dataSets"]
    ids = sorted(
        [id for id in collection.base.ids() if id not in collection.hidden] + list(collection.written)
    )
    shown = ids[start : start + limit]
    items = [_exportable(collection.get(id) or {}, id, wanted_members) for id in shown]
    body: JsonObject = {"items": items}
    if backend.variants.configs_page_info == "present":
        end = start + len(shown)
        body["pageInfo"] = {"start": start, "end": end, "total": len(ids), "hasNext": end < len(ids)}
    return Answer(200, body)


def _exportable(data_set: JsonObject, id: str, members: list[str]) -> JsonObject:
    if members:
        data_set = {name: value for name, value in data_set.items() if name in members}
    return {"id": id} | data_set


def connection_configs(backend: Backend, call: Call) -> Answer:
    """The configuration of one account: what its spec says can be chosen."""
    row = existing(backend, call, "connections", call.args["id"])
    spec = backend.connection_spec(spec_id(row))
    part = (spec.get("sourceSpec") or spec.get("targetSpec") or {}).get("spec") or {}
    items = [
        {"columnName": name, "columnType": schema.get("type", "string")}
        for name, schema in (part.get("properties") or {}).items()
    ]
    return Answer(200, {"items": items})


_BASE = "/data/foundation/flowservice"

ROUTES = (
    Route("GET", f"{_BASE}/connections/{{id}}/explore", by_connection),
    Route("GET", f"{_BASE}/connections/{{id}}/configs", connection_configs),
    Route("GET", f"{_BASE}/connectionSpecs/{{id}}/explore", by_spec),
    Route("GET", f"{_BASE}/connectionSpecs/{{id}}/configs", spec_configs),
)
