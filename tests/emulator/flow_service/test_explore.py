"""Looking into sources, and the exportable datasets."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from aep_flow_mcp.emulator import Variants
from emulator.kit import DLZ_DESTINATION, EXPORT_LAKE, LANDING_ZONE, S3, Api, make_api, s3_account

ZONE = f"/connectionSpecs/{LANDING_ZONE}/explore"


def tree_of(api: Api, kind: str) -> tuple[str, dict[str, Any]]:
    """A reachable base connection whose content has this kind of node or file format, and the content."""
    for id, tree in api.emulator.store.sandboxes["dev"].files.items():
        kinds = {node["type"] for node in tree.values()} | {
            node.get("format") for node in tree.values() if node["type"] == "file"
        }
        if id != "landing-zone" and id not in api.emulator.broken_connections and kind in kinds:
            return id, tree
    raise AssertionError(f"the seed has no {kind}")


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def test_the_landing_zone_is_walked_from_its_root_to_a_preview(api: Api) -> None:
    root = api.get(ZONE, ("objectType", "root")).body
    folder = next(entry for entry in root if entry["type"] == "folder")
    assert folder["path"] == f"dlz-user-container/{folder['name']}/"
    assert (folder["canPreview"], folder["canFetchSchema"]) == (False, False)
    files = api.get(ZONE, ("objectType", "FOLDER"), ("object", folder["path"])).body
    assert files
    query = (("objectType", "file"), ("object", files[0]["path"]), ("fileType", "delimited"))
    body = api.get(ZONE, *query, ("preview", "true")).body
    stored = api.emulator.store.sandboxes["dev"].files["landing-zone"][files[0]["path"]]
    assert body["format"] == "flat"
    assert [one["name"] for one in body["schema"]["columns"]] == [one["name"] for one in stored["columns"]]
    assert {"xdm", "meta:xdmType", "type"} <= set(body["schema"]["columns"][0])
    assert body["data"] == stored["rows"]
    assert api.get(ZONE, *query).body["data"] == []


def test_only_the_landing_zone_is_explored_without_an_account(api: Api) -> None:
    assert api.get(f"/connectionSpecs/{S3}/explore", ("objectType", "root")).code == "CONNECTOR-1372-400"
    assert api.get("/connectionSpecs/unknown/explore", ("objectType", "root")).status == 404


def test_properties_are_detected(api: Api) -> None:
    id, tree = tree_of(api, "delimited")
    path = next(
        path for path, node in tree.items() if node["type"] == "file" and node["format"] == "delimited"
    )
    query = (("objectType", "file"), ("object", path), ("determineProperties", "true"))
    body = api.get(f"/connections/{id}/explore", *query).body
    assert body["properties"]["fileType"] == "delimited"
    assert len(body["properties"]["columnDelimiter"]) == 1
    both = api.get(f"/connections/{id}/explore", *query, ("fileType", "delimited"))
    assert both.code == "CONNECTOR-1374-400"
    neither = api.get(f"/connections/{id}/explore", ("objectType", "file"), ("object", path))
    assert neither.code == "CONNECTOR-1329-400"


def test_a_json_file_is_hierarchical(api: Api) -> None:
    id, tree = tree_of(api, "json")
    path, node = next(
        pair for pair in tree.items() if pair[1]["type"] == "file" and pair[1]["format"] == "json"
    )
    query = (("objectType", "file"), ("object", path), ("FileType", "JSON"), ("preview", "true"))
    body = api.get(f"/connections/{id}/explore", *query).body
    assert body["format"] == "hierarchical"
    assert list(body["schema"]["properties"]) == [column["name"] for column in node["columns"]]
    assert body["data"] == node["rows"]
    wrong = api.get(
        f"/connections/{id}/explore", ("objectType", "file"), ("object", path), ("fileType", "parquet")
    )
    assert wrong.code == "CONNECTOR-1330-400"


def test_tables_are_listed_and_read(api: Api) -> None:
    id, tree = tree_of(api, "table")
    path = f"/connections/{id}/explore"
    listed = api.get(path, ("objectType", "root")).body
    assert sorted(entry["path"] for entry in listed) == sorted(tree)
    assert {entry["type"] for entry in listed} == {"table"}
    name = listed[0]["path"]
    body = api.get(path, ("objectType", "table"), ("object", name)).body
    assert body["data"] == tree[name]["rows"]
    assert api.get(path, ("objectType", "table"), ("object", "nothing")).code == "CONNECTOR-1330-400"
    wrapped = make_api(variants=Variants(explore_root="items")).get(path, ("objectType", "root")).body
    assert wrapped == {"items": listed}


def test_a_filter_at_the_source_chooses_rows(api: Api) -> None:
    id, tree = tree_of(api, "table")
    table, node = next(iter(tree.items()))
    column = node["columns"][0]["name"]
    wanted = node["rows"][0][column]

    def filtered(*conditions: Any, fn: str = "and") -> list[Any]:
        value = {"nodeType": "fnApply", "fnName": fn, "params": list(conditions)}
        document = {"type": "PQL", "format": "pql/json", "value": value}
        query = (("objectType", "table"), ("object", table), ("filters", encoded(document)))
        rows: list[Any] = api.get(f"/connections/{id}/explore", *query).body["data"]
        return rows

    def compare(fn: str, value: Any) -> Any:
        params = [{"nodeType": "fieldLookup", "fieldName": column}, {"nodeType": "literal", "value": value}]
        return {"nodeType": "fnApply", "fnName": fn, "params": params}

    expected = [row for row in node["rows"] if row[column] == wanted]
    rest = [row for row in node["rows"] if row[column] != wanted]
    assert filtered(compare("=", wanted)) == expected
    assert filtered(compare("=", wanted), fn="not") == rest
    assert filtered(compare("!=", wanted), compare("in", [wanted]), fn="or") == node["rows"] or not rest
    assert filtered(compare("like", f"{str(wanted)[:3]}%")) == [
        row for row in node["rows"] if str(row[column]).startswith(str(wanted)[:3])
    ]


def pql(**changes: Any) -> Any:
    literal = {"nodeType": "literal", "value": 1}
    look = {"nodeType": "fieldLookup", "fieldName": "COLUMN"}
    value = {"nodeType": "fnApply", "fnName": "=", "params": [look, literal]}
    return {"type": "PQL", "format": "pql/json", "value": value | changes.pop("value", {})} | changes


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("not base64!", 1389),
        (base64.b64encode(b"{").decode(), 1389),
        (pql(type="SQL"), 1351),
        (pql(format="text"), 1352),
        ({"type": "PQL", "format": "pql/json"}, 1353),
        (pql(value={"nodeType": "literal"}), 1335),
        (pql(value={"fnName": ""}), 1349),
        (pql(value={"fnName": "near"}), 1350),
        (pql(value={"params": []}), 1353),
        (pql(), 1378),
    ],
)
def test_a_filter_at_the_source_that_is_refused(api: Api, document: Any, code: int) -> None:
    id, tree = tree_of(api, "table")
    text = document if isinstance(document, str) else encoded(document)
    query = (("objectType", "table"), ("object", next(iter(tree))), ("filters", text))
    assert api.get(f"/connections/{id}/explore", *query).code == f"CONNECTOR-{code}-400"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "1334-400"),
        ({"objectType": "cupboard"}, "1358-400"),
        ({"objectType": "file"}, "1337-400"),
        ({"objectType": "folder", "object": ""}, "1337-400"),
        ({"objectType": "folder", "object": "nowhere/"}, "1003-404"),
        ({"objectType": "file", "object": "nowhere.csv", "fileType": "delimited"}, "1003-404"),
        ({"objectType": "file", "object": "x", "fileType": "poem"}, "1399-400"),
        ({"objectType": "file", "object": "x", "fileType": "delimited", "columnDelimiter": "||"}, "1331-400"),
        (
            {"objectType": "file", "object": "x", "fileType": "delimited", "compressionType": "zap"},
            "1312-400",
        ),
        ({"objectType": "rest", "sourceParams": "%"}, "1389-400"),
    ],
)
def test_exploring_that_is_refused(api: Api, query: dict[str, str], code: str) -> None:
    assert api.get(ZONE, *query.items()).code == f"CONNECTOR-{code}"


def test_a_new_account_sees_what_another_of_its_spec_sees(api: Api) -> None:
    id, _ = tree_of(api, "file")
    spec = api.one(f"/connections/{id}")["connectionSpec"]["id"]
    assert spec == S3
    fresh = api.create("/connections", s3_account())["id"]
    expected = api.get(f"/connections/{id}/explore", ("objectType", "root")).body
    assert api.get(f"/connections/{fresh}/explore", ("objectType", "root")).body == expected != []


def test_the_rest_of_a_connection(api: Api) -> None:
    id, _ = tree_of(api, "file")
    names = [item["columnName"] for item in api.items(f"/connections/{id}/configs")]
    assert "path" in names
    rest = api.get(f"/connections/{id}/explore", ("objectType", "rest"), ("sourceParams", "e30")).body
    assert rest["format"] == "hierarchical"
    assert rest["data"]


CONFIGS = (("outputType", "activationDatasets"), ("outputField", "datasets"))


def test_exportable_datasets_come_in_pages(api: Api) -> None:
    path = f"/connectionSpecs/{EXPORT_LAKE}/configs"
    stored = api.emulator.store.sandboxes["dev"]["dataSets"]
    seen: list[str] = []
    start = 0
    while True:
        body = api.get(path, *CONFIGS, ("start", str(start)), ("limit", "4"), ("properties", "name")).body
        assert body["pageInfo"]["total"] == len(stored)
        assert {frozenset(item) for item in body["items"]} == {frozenset({"id", "name"})}
        seen += [item["id"] for item in body["items"]]
        if not body["pageInfo"]["hasNext"]:
            break
        start = body["pageInfo"]["end"]
    assert sorted(seen) == sorted(stored.base.ids())


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ((), "FLOW-1451-400"),
        (CONFIGS[:1], "FLOW-1451-400"),
        ((("outputType", "x"), CONFIGS[1]), "FLOW-1452-400"),
        ((*CONFIGS, ("limit", "101")), "FLOW-1452-400"),
        ((*CONFIGS, ("start", "-1")), "FLOW-1452-400"),
    ],
)
def test_asking_for_them_wrongly(api: Api, query: tuple[tuple[str, str], ...], code: str) -> None:
    assert api.get(f"/connectionSpecs/{EXPORT_LAKE}/configs", *query).code == code


def test_which_spec_has_them_is_contested(api: Api) -> None:
    path = f"/connectionSpecs/{DLZ_DESTINATION}/configs"
    one = make_api(variants=Variants(configs_spec="source", configs_page_info="missing"))
    assert one.get(path, *CONFIGS).code == "CONNECTOR-1305-400"
    lake = f"/connectionSpecs/{EXPORT_LAKE}/configs"
    assert set(one.get(lake, *CONFIGS).body) == {"items"}
    assert api.items(path, *CONFIGS) == api.items(lake, *CONFIGS)
