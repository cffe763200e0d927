"""Looking into sources and the landing zone: folders of any size, files, tables, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.answers.exploring import explored
from aep_flow_mcp.answers.rows import shape
from aep_flow_mcp.platform.models.explore import Exploration
from tools.bed import SANDBOX, Bed

LANDING_ZONE = "landing-zone"


def trees(bed: Bed) -> dict[str, dict[str, Any]]:
    return bed.emulator.store.sandboxes[SANDBOX].files


def a_tree_with(bed: Bed, kind: str) -> tuple[str, dict[str, Any]]:
    """A connection that can be reached and whose source holds a node of this type."""
    return next(
        (id, tree)
        for id, tree in trees(bed).items()
        if id != LANDING_ZONE
        and id not in bed.emulator.broken_connections
        and any(node["type"] == kind for node in tree.values())
    )


async def test_from_the_root_to_the_rows(bed: Bed) -> None:
    """An answer's paths are what the next question takes."""
    connection, tree = a_tree_with(bed, "file")
    answer = await bed.answer("explore_connection", connection_id=connection)
    entry = answer["entries"][0]
    while entry["type"] == "folder":
        answer = await bed.answer(
            "explore_connection", connection_id=connection, object_type="folder", object=entry["path"]
        )
        assert all(each["path"].startswith(entry["path"]) for each in answer["entries"])
        entry = answer["entries"][0]
    answer = await bed.answer(
        "explore_connection",
        connection_id=connection,
        object_type="file",
        object=entry["path"],
        determine_properties=True,
        preview=True,
    )
    node = tree[entry["path"]]
    assert [column["name"] for column in answer["columns"]] == [column["name"] for column in node["columns"]]
    assert answer["rows"] == shape(node["rows"][: len(answer["rows"])])
    assert 0 < len(answer["rows"]) <= 10
    assert answer["properties"]["fileType"] == node.get("format", "delimited")


async def test_a_path_alone_says_what_it_is(bed: Bed) -> None:
    connection, tree = a_tree_with(bed, "file")
    path = next(path for path, node in tree.items() if node["type"] == "file")
    folder = path.rsplit("/", 1)[0]
    entries = (await bed.answer("explore_connection", connection_id=connection, object=f"{folder}/"))[
        "entries"
    ]
    assert path in [entry["path"] for entry in entries]
    answer = await bed.answer(
        "explore_connection", connection_id=connection, object=path, determine_properties=True
    )
    assert answer["columns"]


async def test_tables(bed: Bed) -> None:
    connection, tree = a_tree_with(bed, "table")
    answer = await bed.answer("explore_connection", connection_id=connection)
    assert [entry["path"] for entry in answer["entries"]] == sorted(tree)
    table = answer["entries"][0]["path"]
    answer, text = await bed.call(
        "explore_connection", connection_id=connection, object_type="table", object=table
    )
    assert [column["name"] for column in answer["columns"]] == [
        each["name"] for each in tree[table]["columns"]
    ]
    assert "name | type | xdm_type" in text


async def test_a_huge_folder_comes_in_pieces(bed: Bed) -> None:
    connection, tree = a_tree_with(bed, "file")
    path, node = next((path, node) for path, node in tree.items() if node["type"] == "file")
    folder = "/huge/"
    huge = {f"{folder}{i:05}-{'n' * 100}.csv": node for i in range(1_200)}
    trees(bed)[connection] = {**tree, **huge}
    seen: list[str] = []
    cursor = "0"
    while True:
        answer, text = await bed.call(
            "explore_connection", account=connection, path=folder, cursor=cursor, limit=500
        )
        assert len(text) <= 21_200
        assert answer["total"] == 1_200
        seen += [entry["path"] for entry in answer["entries"]]
        if "next_cursor" not in answer:
            break
        assert f"cursor={answer['next_cursor']}" in text
        assert answer["entries"][-1]["path"] in text
        cursor = answer["next_cursor"]
    assert sorted(seen) == sorted(huge)
    first = await bed.answer("explore_connection", connection_id=connection, object=folder)
    assert 0 < len(first["entries"]) <= 100
    assert "past the end" in await bed.refusal(
        "explore_connection", connection_id=connection, object=folder, start=5_000
    )
    assert path in tree


async def test_long_cells_are_cut(bed: Bed) -> None:
    connection, tree = a_tree_with(bed, "table")
    table = next(iter(tree))
    column = tree[table]["columns"][0]["name"]
    rows = [{column: "x" * 5_000} for _ in range(50)]
    trees(bed)[connection] = {table: {**tree[table], "rows": rows}}
    answer, text = await bed.call(
        "explore_connection", connection_id=connection, object_type="table", object=table
    )
    assert len(answer["rows"]) == 10
    assert all(len(row[column]) <= 201 for row in answer["rows"])
    assert len(text) < 25_000
    assert "10 of 50" in answer["note"]


async def test_questions_that_make_no_sense(bed: Bed) -> None:
    connection, _ = a_tree_with(bed, "file")
    ask = {"connection_id": connection}
    assert "needs `object`" in await bed.refusal("explore_connection", **ask, object_type="folder")
    assert "detected" in await bed.refusal(
        "explore_connection", **ask, object="/a.csv", determine_properties=True, file_type="json"
    )
    assert "one character" in await bed.refusal(
        "explore_connection", **ask, object="/a.csv", column_delimiter=";;"
    )
    assert "object_type" in await bed.refusal("explore_connection", **ask, object_type="directory")
    assert "compression" in await bed.refusal("explore_connection", **ask, compression="rar")
    assert "404" in await bed.refusal("explore_connection", **ask, object="/no/such/folder/")
    assert "404" in await bed.refusal("explore_connection", connection_id="none")


async def test_an_account_that_cannot_be_reached_says_why(bed: Bed) -> None:
    connection, _ = a_tree_with(bed, "file")
    bed.emulator.broken_connections[connection] = "The key was rotated"
    assert "The key was rotated" in await bed.refusal("explore_connection", connection_id=connection)


async def test_the_landing_zone_from_its_root_to_the_rows(bed: Bed) -> None:
    tree = trees(bed)[LANDING_ZONE]
    entry = (await bed.answer("explore_landing_zone"))["entries"][0]
    while entry["type"] == "folder":
        answer = await bed.answer("explore_landing_zone", object_type="folder", object=entry["path"])
        entry = answer["entries"][0]
    answer = await bed.answer("preview_landing_zone_file", file=entry["path"])
    node = tree[entry["path"]]
    assert [column["name"] for column in answer["columns"]] == [column["name"] for column in node["columns"]]
    assert answer["rows"] == shape(node["rows"][: len(answer["rows"])])
    named = await bed.answer(
        "preview_landing_zone_file", file=entry["path"], file_type=answer["properties"]["fileType"]
    )
    assert named["columns"] == answer["columns"]
    assert "file" in await bed.refusal("preview_landing_zone_file", file="")
    assert "404" in await bed.refusal("preview_landing_zone_file", file="nowhere/none.csv")


@pytest.mark.parametrize("dlz_type", ["user_drop_zone", "dlz_destination"])
async def test_the_landing_zone_says_where_it_is_and_no_secret(bed: Bed, dlz_type: str) -> None:
    container, text = await bed.call("get_landing_zone_container", dlz_type=dlz_type)
    name = await bed.answer("get_landing_zone_storage_name", dlz_type=dlz_type)
    ttl = await bed.answer("get_landing_zone_storage_ttl", dlz_type=dlz_type)
    namespace, said = await bed.call("get_landing_zone_namespace", dlz_type=dlz_type)
    assert container["item"]["containerName"] == name["name"]
    assert ttl == {"ttl_days": int(container["item"]["containerTTL"])}
    secrets = bed.sent("/landingzone/credentials")[-1].response
    assert namespace == {"provider": "azure", "namespace": secrets["storageAccountName"]}
    assert secrets["SASToken"] not in text + said
    raw, text = await bed.call(
        "get_resource", path="/data/foundation/connectors/landingzone/credentials", params={"type": dlz_type}
    )
    assert raw["item"]["SASToken"] == raw["item"]["SASUri"] == "***"
    assert secrets["SASToken"] not in text
    assert raw["item"]["storageAccountName"] == secrets["storageAccountName"]


async def test_unknown_landing_zones(bed: Bed) -> None:
    assert "dlz_type" in await bed.refusal("get_landing_zone_container", dlz_type="other")


async def test_the_columns_of_all_files_of_a_small_folder_are_one_call(bed: Bed) -> None:
    connection, tree = a_tree_with(bed, "file")
    path = next(path for path, node in tree.items() if node["type"] == "file")
    folder = f"{path.rsplit('/', 1)[0]}/"
    answer = await bed.answer("explore_connection", connection=connection, object=folder, columns=True)
    files = [entry for entry in answer["entries"] if entry["type"] == "file"]
    assert 0 < len(files) <= 8
    for entry in files:
        assert entry["columns"] == [column["name"] for column in tree[entry["path"]]["columns"]]
    plain = await bed.answer("explore_connection", connection=connection, object=folder)
    assert all("columns" not in entry for entry in plain["entries"])


def test_what_else_a_connector_says_of_a_file_is_shown() -> None:
    items = [{"type": "file", "name": "a.csv", "path": "/a.csv", "size": 12, "lastModified": "2026-03-01"}]
    answer = explored(Exploration.read(items), cursor=None, limit=10, shown="on")
    assert answer.entries is not None
    assert answer.entries[0].more == "size 12, lastModified 2026-03-01"
