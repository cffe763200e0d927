"""The command `board`: one file, and a page that only the person who started it reads."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from aep_flow_mcp.board.asking import OnlyReadsError, asking
from aep_flow_mcp.board.file import with_data
from aep_flow_mcp.board.serving import Board, board_app
from aep_flow_mcp.cli import app
from aep_flow_mcp.command_settings import emulator_settings, emulator_transport
from aep_flow_mcp.server import build_server
from aep_flow_mcp.surface.snapshot import load_cards

HOST = "127.0.0.1:4711"
FROM_THE_PAGE = {
    "origin": f"http://{HOST}",
    "sec-fetch-site": "same-origin",
    "content-type": "application/json",
}


def inlined(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="inlined">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_one_file_holds_the_board(tmp_path: Path) -> None:
    out = tmp_path / "board.html"
    done = CliRunner().invoke(app, ["board", "--emulator", "--window", "48h", "--out", str(out)])
    assert done.exit_code == 0, done.output
    kept = inlined(out.read_text("utf-8"))
    assert kept["arguments"]["window"] == "48h"
    view = kept["result"]["_meta"]["aep-flow-mcp/board"]
    assert view["step"] == "hour"
    assert "Marketplace orders" in [flow["name"] for flow in view["flows"]]


def test_a_window_that_is_none_is_told_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "board.html"
    done = CliRunner().invoke(app, ["board", "--emulator", "--window", "soon", "--out", str(out)])
    assert done.exit_code == 2
    assert not out.exists()


@pytest.mark.parametrize(
    "name", ["</script><script>alert(1)</script>", "<!--<script>", "]]>", "\u2028\u2029", "&lt;", '"\\']
)
def test_no_name_ends_the_data(name: str) -> None:
    from aep_flow_mcp.apps.pages import HEALTH

    html = with_data(HEALTH, {}, {"name": name})
    assert inlined(html) == {"arguments": {}, "result": {"name": name}}
    assert html.count("<script") == HEALTH.html.count("<script") + 1
    assert html.count("</script>") == HEALTH.html.count("</script>") + 1


async def test_it_calls_what_reads_and_nothing_else() -> None:
    async with asking(build_server(emulator_settings(), transport=emulator_transport)) as client:
        for card in load_cards():
            if card["writes"]:
                with pytest.raises(OnlyReadsError):
                    await client.call(card["name"], {})
        answer = await client.call("list_flows", {"limit": 1})
        assert not answer.get("isError")


@asynccontextmanager
async def served(
    port: int = 4711, jar: httpx.Cookies | None = None
) -> AsyncIterator[tuple[Board, httpx.AsyncClient]]:
    """A board and a browser. jar: of a browser that has others open."""
    board = Board(port, [{"app": "health"}])
    application = board_app(board, build_server(emulator_settings(), transport=emulator_transport))
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application, client=None)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{board.host}") as http:
            if jar is not None:
                http.cookies.jar = jar.jar
            yield board, http


async def test_the_address_works_once_and_lets_in_by_a_cookie() -> None:
    async with served() as (board, http):
        address = board.address
        assert (await http.get("/")).status_code == 403
        assert (await http.get(f"http://{HOST}/open/guessed")).status_code == 403
        entered = await http.get(address)
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert "samesite=strict" in entered.headers["set-cookie"].lower()
        assert (await http.get("/")).status_code == 200
        assert (await http.get("/views")).json() == [{"app": "health"}]
        assert (await http.get("/health.html")).status_code == 200
        assert (await http.get("/host.html")).status_code == 403
        assert (await http.get(address)).status_code == 403, "a second time"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "localhost:4711"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "text/plain"}, 403),
    ],
)
async def test_a_call_comes_from_the_page_itself(headers: dict[str, str], status: int) -> None:
    async with served() as (board, http):
        await http.get(board.address)
        body = json.dumps({"name": "list_flows", "arguments": {"limit": 1}})
        answer = await http.post("/call", content=body, headers={**FROM_THE_PAGE, **headers})
        assert answer.status_code == status


async def test_two_boards_in_one_browser_leave_each_other_alone() -> None:
    # Cookies know hosts, not ports: the second of one name would take the first one's place.
    jar = httpx.Cookies()
    async with served(4711, jar) as (first, one), served(4712, jar) as (second, other):
        assert (await one.get(first.address)).status_code == 303
        assert (await other.get("/")).status_code == 403, "the first one's cookie does not open the second"
        assert (await other.get(second.address)).status_code == 303
        assert [(await http.get("/")).status_code for http in (one, other)] == [200, 200]


async def test_a_call_without_the_cookie_or_of_what_writes_is_refused() -> None:
    async with served() as (board, http):
        body = json.dumps({"name": "list_flows", "arguments": {}})
        assert (await http.post("/call", content=body, headers=FROM_THE_PAGE)).status_code == 403
        await http.get(board.address)
        writes = json.dumps({"name": "delete_flow", "arguments": {"flow_id": "x"}})
        refused = await http.post("/call", content=writes, headers=FROM_THE_PAGE)
        assert refused.status_code == 403
        assert "only reads" in refused.text
        for body in ("", "[]", "{}", '{"name": 1}', "x" * 70_000):
            assert (await http.post("/call", content=body, headers=FROM_THE_PAGE)).status_code == 400
