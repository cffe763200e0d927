"""A client that gives up while a page is open: nobody pressed anything, and page and audit log say so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from aep_flow_mcp.guard.approval import browser
from aep_flow_mcp.guard.approval.desk import Answer, Desk
from aep_flow_mcp.guard.approval.forwarding import forwarding_page
from aep_flow_mcp.guard.approval.page_server import PageServer
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.preview import preview
from guard.bed import Bed
from support.approver import Page

MakeBed = Callable[..., Bed]
Audit = Callable[[], list[dict[str, Any]]]


class Held:
    """A browser whose owner loads the page and thinks."""

    def __init__(self) -> None:
        self.page: Page | None = None
        self.shown: httpx.Response | None = None
        self.loaded = anyio.Event()

    async def __call__(self, address: str) -> bool:
        self.page = Page(address)
        self.shown = await self.page.load()
        self.loaded.set()
        return True


async def test_the_page_says_it_and_the_audit_log_too(make_bed: MakeBed, era: str, audit: Audit) -> None:
    held = Held()
    bed = make_bed(mcp_approval="browser", open_browser=held)
    async with anyio.create_task_group() as group:
        group.start_soon(partial(bed.call, "make_connection", {"name": "Orders"}, era=era))
        with anyio.fail_after(30):
            await held.loaded.wait()
        group.cancel_scope.cancel()
    assert held.page is not None
    assert held.shown is not None
    pressed = await held.page.press("approve", held.shown)
    await held.page.http.aclose()
    assert pressed.status_code == 410
    assert "nothing will be sent any more" in pressed.text
    assert bed.writes == []
    lines = audit()
    assert [line["event"] for line in lines] == ["cancelled"]
    assert lines[0]["message"] == browser.GIVEN_UP


@pytest.mark.parametrize(("decision", "event"), [("decline", "declined"), ("approve", "approved")])
async def test_a_page_that_was_used_reads_differently(
    make_bed: MakeBed, audit: Audit, decision: str, event: str
) -> None:
    async def opened(address: str) -> bool:
        page = Page(address)
        await page.press(decision, await page.load())
        await page.http.aclose()
        return True

    bed = make_bed(mcp_approval="browser", open_browser=opened)
    await bed.call("make_connection", {"name": "Orders"})
    lines = audit()
    assert lines[0]["event"] == event
    assert lines[0].get("message") != browser.GIVEN_UP


async def test_an_approval_that_the_call_did_not_hear_of_is_not_said_to_be_sent(tmp_path: Path) -> None:
    """Approve is pressed in the moment in which the client gives up."""
    change = Change.delete(Kind.FLOW, {"id": "f1", "name": "Orders"}).in_sandbox("dev", "development")
    desk = Desk(preview(change))
    server = PageServer(desk)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    (tmp_path / "approve.html").write_text(forwarding_page("t", desk.address))
    page = Page((tmp_path / "approve.html").as_uri())
    said: list[httpx.Response] = []

    async def press() -> None:
        said.append(await page.press("approve", first))

    first = await page.load()
    async with anyio.create_task_group() as group:
        group.start_soon(press)
        await anyio.to_thread.run_sync(desk.decided.wait, 30)
        desk.close(Answer.GIVEN_UP)
    await page.http.aclose()
    await anyio.to_thread.run_sync(server.end)
    assert said[0].status_code == 410
    assert "nothing will be sent any more" in said[0].text


async def test_while_the_page_is_open_the_client_hears_that_a_person_is_waited_for(make_bed: MakeBed) -> None:
    heard: list[tuple[float, str | None]] = []
    enough = anyio.Event()

    async def progress(done: float, total: float | None, message: str | None) -> None:
        del total
        heard.append((done, message))
        if len(heard) == 2:
            enough.set()

    async def opened(address: str) -> bool:
        page = Page(address)
        first = await page.load()
        with anyio.fail_after(60):
            await enough.wait()
        await page.press("decline", first)
        await page.http.aclose()
        return True

    bed = make_bed(mcp_approval="browser", open_browser=opened)
    async with bed.client() as client:
        answer = await client.call_tool("make_connection", {"name": "n"}, progress_callback=progress)
    assert (answer.structured_content or {})["status"] == "declined"
    assert [message for _, message in heard[:2]] == ["waiting for a person to decide"] * 2
    assert heard[1][0] > heard[0][0]
