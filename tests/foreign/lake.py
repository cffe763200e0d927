"""What stands around the flows: accounts, source and target connections, datasets, schemas, mapping sets, folders."""

from __future__ import annotations

from typing import Any

from foreign.draw import Draw
from foreign.names import name
from foreign.shapes import ABSENT, audit, number, one_or_many, put, reference, state_text
from foreign.specs import LAKE_OUT, PROFILE, Connector
from foreign.truth import Body, Organisation, Thing

_MADE = 1_750_000_000_000


def add_account(draw: Draw, organisation: Organisation, connector: Connector) -> Thing:
    """A base connection; credentials come back in part."""
    label, state = name(draw), draw.choice("state", "enabled", "enabled", "disabled", "initializing")
    body: Body = {"id": draw.uuid("id"), **audit(draw, _MADE)}
    _named(draw, body, label)
    body["state"] = state_text(draw, state)
    body["connectionSpec"] = reference(draw, "connectionSpec", connector.id)
    if connector.auth:
        auth_name, fields = connector.auth
        params: Any = {
            field: draw.choice(f"as{field}", "public-value", None, 22, True, {"nested": "x"})
            for field in fields
        }
        put(params, "authorizedDate", draw.choice("date", ABSENT, "2026-01-01"))
        body["auth"] = draw.mostly(
            "auth",
            {"specName": auth_name, "params": params},
            {"specName": auth_name},
            {},
            {"params": None},
            None,
        )
    else:
        put(body, "auth", draw.choice("noAuth", ABSENT, None, {}))
    kept = {
        "id": body["id"],
        "name": label,
        "state": state,
        "connectionSpec": {"id": connector.id},
        "createdAt": _MADE,
        "updatedAt": _MADE,
    }
    thing = Thing(body["id"], body, kept, name=label, state=state)
    organisation.add("connections", thing)
    organisation.explored[thing.id] = explored(draw.at("explore"))
    return thing


def add_end(
    draw: Draw,
    organisation: Organisation,
    collection: str,
    *,
    spec: str,
    base: str | None,
    data: Any,
    params: Body,
) -> Thing:
    """A source or target connection."""
    label, state = name(draw), draw.choice("state", "enabled", "enabled", "disabled", "inProgress")
    body: Body = {"id": draw.uuid("id"), **audit(draw, _MADE)}
    _named(draw, body, label)
    body["state"] = state_text(draw, state)
    body["connectionSpec"] = reference(draw, "connectionSpec", spec)
    put(body, "data", data)
    put(body, "params", params or draw.choice("noParams", ABSENT, None, {}))
    if base:
        inherits = {"baseConnection": {"id": base, "connectionSpec": {"id": spec, "version": "1.0"}}}
        how = draw.mostly("baseAs", "both", "own", "inherited")
        put(body, "baseConnectionId", base if how != "inherited" else draw.choice("noBase", ABSENT, None))
        put(
            body,
            "inheritedAttributes",
            inherits if how != "own" else draw.choice("inherits", ABSENT, None, {}),
        )
    put(body, "providerRefId", draw.choice("ref", ABSENT, None, "ref-1"))
    kept = {
        "id": body["id"], "name": label, "state": state, "connectionSpec": {"id": spec}, "baseConnectionId": base,
        "params": params, "createdAt": _MADE, "updatedAt": _MADE, "data": data if isinstance(data, dict) else None,
    }  # fmt: skip
    thing = Thing(body["id"], body, kept, name=label, state=state)
    organisation.add(collection, thing)
    return thing


def outer_source(draw: Draw, connector: Connector) -> tuple[Any, Body]:
    """(data, params) of a source connection to an outer system."""
    fields = connector.source or ()
    params: Body = {}
    if "path" in fields:
        params["path"] = draw.choice(
            "path", "/orders/", "acme/summer campaign/", "/日本/データ.csv", "/a|b/c", "/" + "deep/" * 60
        )
        put(params, "type", draw.choice("type", "folder", "file", ABSENT, None))
        put(params, "recursive", draw.choice("recursive", True, "true", ABSENT))
    if "tableName" in fields:
        params[draw.mostly("tableAs", "tableName", "path")] = draw.choice(
            "table", "dbo.orders", "Accounts", "t | x"
        )
        columns = [
            {"name": "id", "type": "string", "xdm": {"type": "string"}},
            None,
            {"name": "at", "type": "date", "meta:xdmType": "date"},
        ]
        put(params, "columns", draw.choice("columns", columns, [], None, ABSENT))
        put(
            params,
            "filters",
            draw.choice(
                "filters",
                ABSENT,
                None,
                {"type": "PQL", "format": "pql/json", "value": {"nodeType": "fnApply"}},
            ),
        )
    if "dataType" in fields:
        params["dataType"] = "raw"
    delimited = {"format": "delimited", "properties": {"columnDelimiter": "|", "compressionType": "gzip"}}
    data = draw.choice(
        "data", delimited, {"format": "json", "properties": None}, {"format": "tabular"}, None, ABSENT, {}
    )
    return data, params


def lake_target(draw: Draw, dataset: str, schema: str) -> tuple[Any, Body]:
    """(data, params) of a target connection to the data lake."""
    version = draw.choice("schemaVersion", "application/vnd.adobe.xed-full+json;version=1", "1.0", None, 1.0)
    reference_ = {draw.mostly("schemaAs", "id", "schemaId"): schema, "version": version}
    data = draw.choice(
        "data",
        {"format": "parquet_xdm", "schema": reference_},
        {"schema": reference_},
        {"format": None, "schema": None},
        ABSENT,
    )
    return data, {"dataSetId": dataset}


def add_dataset(draw: Draw, organisation: Organisation, schema: str) -> Thing:
    label = name(draw)
    id = draw.hex("id", 24)
    body: Body = {
        "created": number(draw, "created", _MADE),
        "updated": _MADE,
        "imsOrg": "5555467B5D8013E50A494220@AdobeOrg",
    }
    _named(draw, body, label)
    put(
        body,
        "schemaRef",
        draw.choice(
            "schemaRef",
            {"id": schema, "contentType": "application/vnd.adobe.xed-full+json;version=1"},
            {"id": schema},
            None,
            ABSENT,
            {},
        ),
    )
    tags = {"unifiedProfile": ["enabled:true"], "unifiedIdentity": "enabled:true"}
    put(
        body,
        "tags",
        draw.choice(
            "tags", tags, {}, None, ABSENT, {"unifiedProfile": None}, {"unifiedProfile": ["enabled:false"]}
        ),
    )
    put(body, "lastBatchStatus", draw.choice("batch", ABSENT, "success", None))
    thing = Thing(id, body, {"id": id, "name": label, **body}, name=label)
    organisation.add("dataSets", thing)
    return thing


def add_schema(draw: Draw, organisation: Organisation) -> Thing:
    label = name(draw)
    digest = draw.hex("id", 40)
    id = f"https://ns.adobe.com/foreign/schemas/{digest}"
    fields = {
        "_id": {"type": "string"},
        "person": {"type": "object", "properties": {"name": {"type": "string"}, "odd": None}},
    }
    body: Body = {
        "$id": id,
        "meta:altId": f"_foreign.schemas.{digest}",
        "type": "object",
        "version": draw.choice("version", "1.0", 1, None),
    }
    put(body, "title", label if label is not None else draw.choice("nameless", ABSENT, None))
    put(body, "properties", draw.mostly("properties", fields, {}, None, ABSENT))
    put(body, "meta:extends", draw.choice("extends", [], None, ABSENT))
    thing = Thing(id, body, {"id": id, "title": label}, name=label)
    organisation.add("schemas", thing)
    return thing


def add_mapping_set(draw: Draw, organisation: Organisation, schema: str) -> Thing:
    id = draw.hex("id", 32)
    body: Body = {"id": id, "createdDate": number(draw, "created", _MADE), "createdBy": "someone"}
    put(body, "version", draw.choice("version", 0, "0", None, ABSENT, 2))
    label = name(draw) if draw.chance("named", 30) else None
    put(body, "name", label if label is not None else draw.choice("nameless", ABSENT, None))
    rows = [
        {"sourceType": "ATTRIBUTE", "source": "id", "destination": "_id"},
        {
            "sourceType": "text/x.schema-path",
            "sourceAttribute": "name | full",
            "destinationXdmPath": "person.name",
        },
        {"source": None, "destination": None, "identity": None},
        {"sourceType": "EXPRESSION", "source": "iif(a == 1, 'x\ny', null)", "destination": "_foreign.flag"},
    ]
    put(
        body,
        "mappings",
        one_or_many(draw, "mappings", rows)
        if not draw.chance("noMappings", 15)
        else draw.choice("none", [], None, ABSENT),
    )
    put(
        body,
        "outputSchema",
        draw.choice(
            "schema", {"schemaRef": {"id": schema, "contentType": "1.0"}}, {"schemaRef": None}, None, ABSENT
        ),
    )
    put(body, "xdmSchema", draw.choice("xdm", ABSENT, schema, None))
    put(body, "status", draw.choice("status", "PUBLISHED", None, ABSENT))
    thing = Thing(id, body, {"id": id, "name": label}, name=label)
    organisation.add("mappingSets", thing)
    return thing


def explored(draw: Draw) -> Body:
    """What an account shows of itself: the answer for its root, and for any file or table in it."""
    folder = {
        "type": "folder",
        "name": name(draw, "folder") or "f",
        "path": "/a/",
        "canPreview": False,
        "canFetchSchema": False,
    }
    file = {"type": "file", "name": "orders.csv", "path": "/orders.csv", "canPreview": "true"}
    entries = [folder, file, *([None] if draw.chance("nullEntry", 30) else [])]
    root = draw.pick(
        "root",
        entries,
        {"items": entries},
        [],
        {"items": [{"type": "table", "name": "t1"}, {"type": None, "name": None, "path": None}]},
    )
    columns = [
        {"name": "id", "type": "string", "xdm": {"type": "string"}},
        {"name": "total", "type": "number", "meta:xdmType": None},
    ]
    flat = {"format": "flat", "schema": {"columns": columns}, "data": [{"id": "1", "total": None}, None]}
    customer = {"type": "object", "properties": {"emailAddress": {"type": "string"}, "odd": None}}
    item = {"type": "object", "properties": {"articleNumber": {"type": "integer"}}}
    deep = {
        "format": "hierarchical",
        "schema": {
            "type": "object",
            "properties": {"customer": customer, "items": {"type": "array", "items": item}},
        },
        "data": [{"customer": {"emailAddress": "a@b.c"}}],
    }
    with_properties = {
        **flat,
        "properties": {"fileType": "delimited", "columnDelimiter": "|", "compressionType": None},
    }
    return {
        "root": root,
        "one": draw.pick(
            "one", flat, deep, with_properties, {"format": "flat", "schema": None, "data": None}
        ),
    }


def store(kind_spec: str, dataset: str) -> Body:
    """Parameters of a source connection inside Platform."""
    if kind_spec == LAKE_OUT:
        return {"datasets": [{"dataSetId": dataset, "name": "exported"}]}
    return {} if kind_spec == PROFILE else {"dataSetId": dataset}


def _named(draw: Draw, body: Body, label: str | None) -> None:
    put(body, "name", label if label is not None else draw.choice("nameless", ABSENT, None))
    put(body, "description", draw.mostly("described", ABSENT, name(draw, "description"), None, percent=70))
