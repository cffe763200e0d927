"""Rows of data and people's data: the model sees shapes, and no more unless a person says so."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.answers.rows import shape
from aep_flow_mcp.cli import emulator_settings
from field_cases.conftest import Ask, Told
from support.overlay import Overlay, Rule

ACCOUNT = "b0000000-0000-4000-8000-000000000001"
NAME, EMAIL = "Ludwig van Beethoven", "ludwig@example.org"
EXPLORED = {
    "format": "flat",
    "schema": {"columns": [{"name": "name", "type": "string"}, {"name": "mail", "type": "string"}]},
    "data": [{"name": NAME, "mail": EMAIL, "since": "1770-12-17", "more": {"mails": [EMAIL], "age": 56}}],
}
FILE = {"object_type": "file", "object": "/a.csv", "file_type": "delimited", "preview": True}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "account": ("explore_connection", {"connection_id": ACCOUNT, **FILE}),
    "connector": ("explore_connection_spec", {"connection_spec_id": ACCOUNT, **FILE}),
    "landing zone": ("preview_landing_zone_file", {"file": "/a.csv", "file_type": "delimited"}),
    "raw": ("get_resource", {"path": f"/data/foundation/flowservice/connections/{ACCOUNT}/explore"}),
    "part": (
        "get_resource",
        {"path": f"/data/foundation/flowservice/connections/{ACCOUNT}/explore", "select": "data.0"},
    ),
}


async def explored(ask: Ask, case: str, shown: str | None) -> Told:
    tool, arguments = CALLS[case]
    settings = emulator_settings()
    if shown is not None:
        settings = settings.model_copy(update={"mcp_preview_rows": shown})
    told = await ask(tool, arguments, Overlay((Rule(r"/explore", json=EXPLORED),)), settings)
    assert not told.is_error, told.text
    return told


@pytest.mark.parametrize("case", CALLS)
async def test_rows_are_shapes_by_default(ask: Ask, case: str) -> None:
    told = await explored(ask, case, None)
    whole = told.text + str(told.structured)
    assert not [value for value in (NAME, EMAIL, "Beethoven", "1770", "56") if value in whole]
    assert f"text({len(NAME)})" in whole
    assert "email" in whole


@pytest.mark.parametrize("case", CALLS)
async def test_a_person_may_show_them(ask: Ask, case: str) -> None:
    assert EMAIL in str((await explored(ask, case, "on")).structured)


@pytest.mark.parametrize("case", ["account", "connector", "landing zone", "raw"])
async def test_or_nothing_of_them(ask: Ask, case: str) -> None:
    whole = str((await explored(ask, case, "off")).structured)
    assert EMAIL not in whole
    assert "text(" not in whole
    assert "mail" in whole, "columns stay"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("jane@example.com", "email"),
        ("2024-01-31T10:00:00Z", "date"),
        ("31.5", "number"),
        (31.5, "number"),
        (True, "boolean"),
        ("hello", "text(5)"),
        ("", ""),
        (None, None),
        (["a", {"b": 1}], ["text(1)", {"b": "number"}]),
    ],
)
def test_shapes(value: Any, expected: Any) -> None:
    assert shape(value) == expected


PEOPLE = [
    "/data/core/ups/access/entities",
    "/data/core/identity/identity",
    "/data/foundation/query/queries",
    "/data/foundation/export/files/1",
    "/data/foundation/catalogue",
    "/data/foundation/audit/events",
]


@pytest.mark.parametrize("path", PEOPLE)
async def test_peoples_data_is_read_when_it_is_named(ask: Ask, path: str) -> None:
    overlay = Overlay((Rule(path, json={"entity": NAME}),))
    told = await ask("get_resource", {"path": path}, overlay)
    assert told.is_error
    assert "AEP_MCP_RAW_PATHS" in told.text
    assert [one for one in told.sent if one.url.path == path] == []
    settings = emulator_settings().model_copy(update={"mcp_raw_paths": (path.rsplit("/", 1)[0],)})
    assert NAME in (await ask("get_resource", {"path": path}, overlay, settings)).text
