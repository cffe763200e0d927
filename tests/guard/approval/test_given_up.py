"""A client that gives up while a page is open: nobody pressed anything, and page and audit log say so."""

import json
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
from mcp import Client

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.guard.approval import browser
from aep_flow_mcp.guard.approval.desk import Answer, Desk
from aep_flow_mcp.guard.approval.forwarding import PREFIX, forwarding_page
from aep_flow_mcp.guard.approval.page_server import PageServer
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.preview import preview
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import ApprovalMode
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.registry import write_tool
from guard.bed import Bed
from guard.toys import zone
from support.approver import Page
from support.raw_client import raw_server
from support.waiting import until

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


PLANNED: list[str] = []


@write_tool("connections")
async def plan_once(aep: Reader, name: str) -> Change:
    """Create a connection; the second plan takes for ever."""
    PLANNED.append(name)
    if len(PLANNED) > 1:
        await anyio.sleep_forever()
    return Change.create(Kind.CONNECTION, zone(name))


async def test_an_approval_that_came_to_nothing_reads_differently(make_bed: MakeBed, audit: Audit) -> None:
    async def opened(address: str) -> bool:
        page = Page(address)
        await page.press("approve", await page.load())
        await page.http.aclose()
        return True

    PLANNED.clear()
    bed = make_bed(mcp_approval="browser", open_browser=opened, tools=[plan_once])
    async with anyio.create_task_group() as group:
        group.start_soon(bed.call, "plan_once", {"name": "Orders"})
        for _ in range(600):
            if len(PLANNED) > 1:
                break
            await anyio.sleep(0.05)
        group.cancel_scope.cancel()
    assert PLANNED == ["Orders"] * 2
    assert bed.writes == []
    assert [(line["event"], line["message"]) for line in audit()] == [("cancelled", browser.GIVEN_UP_LATE)]


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


async def test_while_the_page_is_open_the_client_hears_that_a_person_is_waited_for() -> None:
    heard: list[tuple[float, str | None]] = []
    said: list[str] = []

    async def heard_of(progress: float, total: float | None, message: str | None) -> None:
        del total
        heard.append((progress, message))

    async def told(words: str) -> None:
        for _ in range(1_200):
            if sum(words in (message or "") for _, message in heard) >= 2:
                return
            await anyio.sleep(0.05)
        pytest.fail(f"never heard {words!r} twice: {heard}")

    async def opened(address: str) -> bool:
        page = Page(address)
        await told("no browser has loaded the page yet")
        first = await page.load()
        await told(browser.ON_THE_PAGE)
        await page.press("decline", first)
        await page.http.aclose()
        said.extend([page.ticket, page.address, address])
        return True

    chosen = emulator_settings(mcp_approval=ApprovalMode.BROWSER)
    emulator = Emulator(EmulatorOptions())
    platform = PlatformClient(platform_config(chosen), transport=EmulatorTransport(emulator))
    guard = Guard(chosen, platform, open_browser=opened)
    server = build_server(chosen, client=platform, guard=guard, emulated=True)
    async with Client(server) as client:
        answer = await client.call_tool(
            "create_base_connection_landing_zone", {"name": "n"}, progress_callback=heard_of
        )
    assert (answer.structured_content or {})["status"] == "declined"
    assert all((message or "").startswith("waiting for a person to decide (") for _, message in heard[:4])
    assert not [message for _, message in heard if any(address in (message or "") for address in said)]
    assert heard[1][0] > heard[0][0]


@pytest.mark.skipif(os.name != "posix", reason="the browser of this test is a shell script")
@pytest.mark.parametrize("how", ["cancelled", "input ended"])
def test_a_real_client_that_cancels_or_goes_away(tmp_path: Path, audit_file: Path, how: str) -> None:
    script = tmp_path / "a-browser"
    script.write_text(
        f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/told.new && mv {tmp_path}/told.new {tmp_path}/told\n'
    )
    script.chmod(0o755)
    settings = {"AEP_MCP_APPROVAL": "browser", "AEP_MCP_AUDIT_LOG": str(audit_file)}
    browsing = {"BROWSER": f"{script} %s", "HOME": str(tmp_path)}

    async def loaded(page: Page) -> httpx.Response:
        return await page.load()

    async def pressed(page: Page, shown: httpx.Response) -> httpx.Response:
        page.http = httpx.AsyncClient(cookies=dict(page.http.cookies))
        return await page.press("approve", shown)

    with raw_server("--emulator", stderr=tmp_path / "stderr.txt", **settings, **browsing) as client:
        client.open()
        client.begin(1, "create_base_connection_landing_zone", name="Orders")
        page = Page(_appeared(tmp_path / "told"))
        shown = anyio.run(loaded, page)
        assert shown.status_code == 200
        if how == "cancelled":
            client.send(method="notifications/cancelled", params={"requestId": 1})
            client.begin(2, "get_server_info")
            client.receive(2)
            answer = anyio.run(pressed, page, shown)
            assert answer.status_code == 410
            assert "has given up the call" in answer.text
        else:
            client.end_input()
            assert client.ended() == 0
            with pytest.raises(httpx.ConnectError):
                anyio.run(pressed, page, shown)
    lines = [json.loads(line) for line in audit_file.read_text().splitlines()]
    assert [(line["event"], line["message"]) for line in lines] == [("cancelled", browser.GIVEN_UP)]
    assert not list(tmp_path.glob(f"{PREFIX}*"))


def _appeared(file: Path) -> str:
    """What is in the file once it is there."""
    until(file.exists, "the browser, which writes what it was started with")
    return file.read_text()
