"""Pictures are well-formed SVG whatever the organisation wrote, and show what the answer says."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from mcp.client import Client
from mcp_types import ImageContent

from aep_flow_mcp.answers.pictures.board import MOST_ROWS, board_picture, letters
from aep_flow_mcp.answers.pictures.lineage import lineage_picture
from aep_flow_mcp.command_settings import emulator_settings, emulator_transport
from aep_flow_mcp.server import build_server
from apps.samples import lineage
from apps.stage import board

SVG = "{http://www.w3.org/2000/svg}"
SMILE = "\U0001f642"
HOSTILE = (
    "<script>1</script>",
    "]]>",
    "a\x00b\x1f",
    "&amp;",
    '"',
    "\ud800",
    "\uffff",
    "x" * 10_000,
    f"Orders {SMILE}",
)


def drawn(svg: str) -> tuple[set[str], list[str]]:
    """The kinds of elements, and every text."""
    tree = ElementTree.fromstring(svg)
    elements = list(tree.iter())
    return {one.tag.removeprefix(SVG) for one in elements}, [one.text or "" for one in elements]


@pytest.mark.parametrize("flows", [0, 1, 50])
def test_a_board_has_a_row_a_flow(flows: int) -> None:
    kinds, texts = drawn(board_picture(board(flows)["_meta"]["aep-flow-mcp/board"]))
    assert kinds <= {"svg", "title", "style", "rect", "text"}
    assert sum(text.startswith("Flow ") for text in texts) == min(flows, MOST_ROWS)
    if flows == 0:
        assert "No flow ran or was due." in texts
    if flows > MOST_ROWS:
        assert any(f"and {flows - MOST_ROWS} more flows" in text for text in texts)


def test_a_cell_shows_the_gravest() -> None:
    flow = {
        "cells": [[0, 1, 0, 0, 0, 0], [1, 9, 1, 0, 1, 4], [2, 9, 9, 1, 9, 0], [3, 0, 0, 0, 1, 0]],
        "overdue": [3, 4, 9],
    }
    assert letters(flow, 5) == {0: "S", 1: "P", 2: "F", 3: "R", 4: "O"}


def test_hostile_names_are_text() -> None:
    names = list(HOSTILE)
    for svg in (
        board_picture(board(len(names), names=names)["_meta"]["aep-flow-mcp/board"]),
        lineage_picture(lineage(4, names=names)["structuredContent"] | {"more": {}}, {"n2": "breaks"}),
    ):
        kinds, texts = drawn(svg)
        assert "script" not in kinds
        assert "<script>1</script>" in texts
        assert f"Orders {SMILE}" in texts


def test_a_title_is_well_formed_as_well() -> None:
    found = lineage(2)["structuredContent"] | {"start": "flow a\x00b\ud800\uffff", "more": {}}
    _, texts = drawn(lineage_picture(found, {}))
    assert texts.count("What feeds what around flow ab") == 2, "title and heading"


def test_days_are_told_in_the_zone_that_was_asked_for() -> None:
    view = board(1)["_meta"]["aep-flow-mcp/board"]
    midnights = [int(datetime(2026, 11, day, 23, tzinfo=UTC).timestamp()) for day in (28, 29)]
    days = {**view, "step": "day", "zone": "Europe/Berlin", "starts": midnights, "flows": []}
    _, texts = drawn(board_picture(days))
    assert [text for text in texts if text.isdecimal()] == ["29", "30"]


def test_a_circle_ends() -> None:
    found = lineage(2)["structuredContent"]
    found["edges"] += ["n3>n2", "n3>n1"]
    kinds, _ = drawn(lineage_picture(found | {"more": {}}, {}))
    assert "path" in kinds


@pytest.mark.parametrize(
    ("tool", "given", "said"),
    [
        ("pipeline_health", {"window": "24h"}, "Marketplace orders"),
        ("trace_lineage", {"object": "Partner feeds S3"}, "Partner feeds S3"),
    ],
)
async def test_it_comes_on_request_beside_the_same_text(tool: str, given: dict[str, str], said: str) -> None:
    server = build_server(emulator_settings(), transport=emulator_transport, emulated=True)
    async with Client(server) as client:
        plain = await client.call_tool(tool, given)
        pictured = await client.call_tool(tool, {**given, "picture": True})
    assert [part.type for part in plain.content] == ["text"]
    image = pictured.content[1]
    assert isinstance(image, ImageContent)
    assert image.mime_type == "image/svg+xml"
    _, texts = drawn(base64.b64decode(image.data).decode())
    assert said in texts
    assert list(pictured.structured_content or {}) == list(plain.structured_content or {})
