"""The approval page: as HTTP, as a way to an approval, and in a real Chromium where there is one."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from aep_flow_mcp.guard.approval import browser
from aep_flow_mcp.guard.approval.desk import Answer
from aep_flow_mcp.guard.approval.opening import open_browser
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.preview import Preview, preview
from guard.bed import YES, Bed, Person
from support.approver import Page, forwarded

MakeBed = Callable[..., Bed]
Visit = Callable[["Page"], Awaitable[None]]


@pytest.fixture
def shown() -> Preview:
    return preview(Change.delete(Kind.FLOW, {"id": "f1", "name": "Orders"}).in_sandbox("dev", "development"))


async def ask(shown: Preview, visit: Visit, *, life: float = 20.0) -> Answer:
    """Put the question, and let `visit` do what a person does."""
    answers: list[Answer] = []
    async with anyio.create_task_group() as group:

        async def opened(address: str) -> bool:
            async def person() -> None:
                page = Page(address)
                try:
                    await visit(page)
                finally:
                    await page.http.aclose()

            group.start_soon(person)
            return True

        answers.append(await browser.ask(shown, opened, life=life))
    return answers[0]


@pytest.mark.parametrize(("decision", "answer"), [("approve", Answer.APPROVED), ("decline", Answer.DECLINED)])
async def test_the_two_buttons(shown: Preview, decision: str, answer: Answer) -> None:
    async def visit(page: Page) -> None:
        first = await page.load()
        assert first.status_code == 200
        assert "Delete flow" in first.text
        pressed = await page.press(decision, first)
        assert pressed.status_code == 200

    assert await ask(shown, visit) is answer


async def test_the_headers_close_every_door(shown: Preview) -> None:
    async def visit(page: Page) -> None:
        first = await page.load()
        policy = first.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        nonce = re.search(r"'nonce-([^']+)'", policy)
        assert nonce is not None
        assert f'<style nonce="{nonce[1]}">' in first.text
        assert page.entered is not None
        assert "set-cookie" not in first.headers
        assert "default-src 'none'" in page.entered.headers["content-security-policy"]
        assert page.entered.headers["cache-control"] == "no-store"
        cookie = page.entered.headers["set-cookie"]
        assert f"Path={page.address.removeprefix(page.origin)};" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert first.headers["cache-control"] == "no-store"
        assert first.headers["x-frame-options"] == "DENY"
        assert first.headers["referrer-policy"] == "same-origin"
        assert "server" not in first.headers or "Python" not in first.headers["server"]
        await page.press("decline", first)

    assert await ask(shown, visit) is Answer.DECLINED


async def test_forgeries_decide_nothing(shown: Preview) -> None:
    async def visit(page: Page) -> None:
        first = await page.load()
        cookieless = httpx.AsyncClient()
        token = re.findall(r'name="token" value="([^"]+)"', first.text)[0]
        form = {"token": token, "decision": "approve"}
        attempts = [
            await page.press("approve", first, Origin="https://evil.example"),
            await page.press("approve", first, Origin="null"),
            await page.press("approve", first, Origin=page.origin.replace("127.0.0.1", "localhost")),
            await page.press("approve", first, Host="evil.example"),
            await page.press(
                "approve", first, Host=page.origin.removeprefix("http://").replace("127.0.0.1", "localhost")
            ),
            await page.press("approve", first, Sec_Fetch_Site="cross-site"),
            await page.press("approve", first, token="guessed"),
            await page.press("approve", first, token=""),
            await page.press("agree", first),
            await cookieless.post(page.address, data=form, headers={"Origin": page.origin}),
            await page.http.post(page.ticket, data=form, headers={"Origin": page.origin}),
            await page.http.post(page.address, json={"decision": "approve"}, headers={"Origin": page.origin}),
            await page.http.post(page.address, content=b"x" * 10_000, headers={"Origin": page.origin}),
            await page.http.post(
                f"{page.origin}/guess", data={"decision": "approve"}, headers={"Origin": page.origin}
            ),
        ]
        await cookieless.aclose()
        assert [each.status_code for each in attempts] == [403] * len(attempts)
        for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
            assert (await page.http.request(method, page.address)).status_code == 501
        assert (await page.press("decline", first)).status_code == 200

    assert await ask(shown, visit) is Answer.DECLINED


async def test_foreign_pages_and_hosts_do_not_see_it(shown: Preview) -> None:
    async def visit(page: Page) -> None:
        refused = [
            await page.load(Host="evil.example"),
            await page.load(Sec_Fetch_Dest="iframe"),
            await page.http.get(f"{page.origin}/"),
            await page.http.get(f"{page.ticket}x"),
        ]
        await page.load()
        refused += [
            await page.load(Host="evil.example"),
            await page.load(Sec_Fetch_Site="cross-site"),
            await page.load(Sec_Fetch_Site="same-site"),
            await page.load(Sec_Fetch_Dest="iframe"),
            await page.http.get(f"{page.address}x"),
        ]
        assert [each.status_code for each in refused] == [403] * len(refused)
        assert not any("Orders" in each.text for each in refused)
        await page.press("decline", await page.load())

    assert await ask(shown, visit) is Answer.DECLINED


async def test_a_reload_shows_it_again_and_after_the_decision_it_is_gone(shown: Preview) -> None:
    async def visit(page: Page) -> None:
        await page.load()
        again = await page.load()
        assert again.status_code == 200
        await page.press("approve", again)
        for _ in range(2):
            assert (await page.load()).status_code == 410
            assert (await page.press("decline", again)).status_code == 410

    assert await ask(shown, visit) is Answer.APPROVED


@pytest.mark.parametrize("by", ["ticket", "address"])
async def test_a_second_reader_ends_it(shown: Preview, by: str) -> None:
    async def visit(page: Page) -> None:
        first = await page.load()
        async with httpx.AsyncClient() as other:
            assert (await other.get(page.ticket if by == "ticket" else page.address)).status_code == 410
        pressed = await page.press("approve", first)
        assert pressed.status_code == 410
        assert "second place" in pressed.text

    assert await ask(shown, visit) is Answer.SHARED


async def test_nobody_decides(shown: Preview) -> None:
    async def look(page: Page) -> None:
        await page.load()

    async def nothing(_: Page) -> None:
        """No browser opened the file."""

    assert await ask(shown, look, life=0.5) is Answer.EXPIRED
    assert await ask(shown, nothing, life=0.5) is Answer.UNSEEN


async def test_cancelling_the_call_closes_the_page(shown: Preview) -> None:
    pages: list[Page] = []

    async def opened(address: str) -> bool:
        pages.extend([Page(address), Page(address)])
        await pages[0].load()
        scope.cancel()
        return True

    with anyio.CancelScope() as scope:
        await browser.ask(shown, opened)
    assert scope.cancelled_caught
    first, second = pages
    for answer in (await first.load(), await second.load(), await first.http.get(first.ticket)):
        assert answer.status_code == 410
        assert "has given up the call: nothing will be sent any more" in answer.text
        assert "Orders" not in answer.text
    for page in pages:
        await page.http.aclose()


async def test_after_a_moment_nothing_listens(shown: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "_LINGER", 0.0)
    addresses: list[str] = []

    async def opened(address: str) -> bool:
        addresses.append(forwarded(address))
        return False

    await browser.ask(shown, opened)
    async with httpx.AsyncClient() as http:
        for _ in range(50):
            try:
                await http.get(addresses[0])
            except httpx.TransportError:
                return
            await anyio.sleep(0.1)
    pytest.fail("it still listens")


async def test_it_listens_on_loopback_under_an_address_nobody_guesses(shown: Preview) -> None:
    seen: list[str] = []

    async def opened(address: str) -> bool:
        seen.append(forwarded(address))
        return False

    for _ in range(3):
        assert await browser.ask(shown, opened) is Answer.NO_BROWSER
    assert len(set(seen)) == 3
    assert all(re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}", address) for address in seen)


# --- as a way to an approval ------------------------------------------------------------------------------


def opener(decision: str, addresses: list[str], meanwhile: Callable[[], None] | None = None) -> Any:
    """A browser whose owner decides at once."""

    async def opened(address: str) -> bool:
        page = Page(address)
        first = await page.load()
        addresses.extend([page.ticket, page.address])
        if meanwhile is not None:
            meanwhile()
        await page.press(decision, first)
        await page.http.aclose()
        return True

    return opened


async def test_browser_mode(
    make_bed: MakeBed, era: str, audit_text: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for decision, status in {"approve": "done", "decline": "declined"}.items():
        addresses: list[str] = []
        bed = make_bed(mcp_approval="browser", open_browser=opener(decision, addresses))
        person = Person(YES)
        result = await bed.call("make_connection", {"name": "Orders"}, era=era, person=person)
        assert result.status == status
        assert len(bed.writes) == (1 if decision == "approve" else 0)
        assert person.questions == []
        secrets = [one.rsplit("/", 1)[-1] for one in addresses]
        assert len(secrets) == 2
        ours = "\n".join(
            record.getMessage() for record in caplog.records if not record.name.startswith("http")
        )
        said = "\n".join([result.text, str(result.data), audit_text(), ours])
        assert not [secret for secret in secrets if secret in said]


async def test_browser_mode_without_a_browser_is_refused(make_bed: MakeBed, era: str) -> None:
    async def none(_: str) -> bool:
        return False

    bed = make_bed(mcp_approval="browser", open_browser=none)
    result = await bed.call("make_connection", {"name": "Orders"}, era=era)
    assert result.status == "refused"
    assert "no browser" in result.text
    assert bed.writes == []


async def test_browser_mode_asks_again_when_it_changes(make_bed: MakeBed, era: str) -> None:
    addresses: list[str] = []
    names = iter(["theirs"])
    bed = make_bed(mcp_approval="browser")
    flow = bed.flow()

    def meanwhile() -> None:
        for name in names:
            bed.touch(flow["id"], description=name)
            break

    bed.guard.open_browser = opener("approve", addresses, meanwhile)
    arguments = {
        "flow_id": flow["id"],
        "operations": [{"op": "add", "path": "/description", "value": "mine"}],
    }
    result = await bed.call("change_flow", arguments, era=era)
    assert result.status == "done"
    assert len(addresses) == 4  # two pages, a ticket and an address each
    assert len(bed.writes) == 1


async def test_a_machine_without_a_screen_has_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert await open_browser("http://127.0.0.1:1/x") is False


async def test_the_real_opener_hands_the_address_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    script = tmp_path / "a-browser"
    script.write_text(f'#!/bin/sh\necho "noise on stdout"\nprintf %s "$1" > {told}\n')
    script.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{script} %s")
    assert await open_browser("http://127.0.0.1:1/x") is True
    assert told.read_text() == "http://127.0.0.1:1/x"


async def test_what_opens_the_browser_takes_no_module_from_the_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    marker = tmp_path / "taken"
    (tmp_path / "webbrowser.py").write_text(f"open({str(marker)!r}, 'w').close()\ndef open(_): return True\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER", "true %s")
    assert await open_browser("http://127.0.0.1:1/x") is True
    assert not marker.exists()
