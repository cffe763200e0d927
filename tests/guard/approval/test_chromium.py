"""The approval page in a real Chromium, driven through ChromeDriver's own protocol (W3C WebDriver)."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import anyio
import httpx
import pytest

from aep_flow_mcp.guard.approval import browser
from aep_flow_mcp.guard.approval.desk import Answer
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.preview import preview

DRIVER = shutil.which("chromedriver")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    DRIVER is None or CHROMIUM is None,
    reason="no Chromium on this machine (Debian: apt-get install chromium chromium-driver)",
)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ENTER, TAB = "\ue007", "\ue004"


class Chromium:
    """One headless window."""

    def __init__(self, http: httpx.AsyncClient, session: str) -> None:
        self._http = http
        self._session = session

    async def do(self, method: str, command: str, **body: Any) -> Any:
        answer = await self._http.request(
            method, f"/session/{self._session}/{command}", json=body if method == "POST" else None
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    async def open(self, address: str) -> None:
        await self.do("POST", "url", url=address)

    async def enter(self, file: str) -> str:
        """Open the file that leads to the page, and follow it; the page's own address."""
        await self.open(file)
        await self.until("<button")
        return str(await self.script("return location.href"))

    async def cdp(self, command: str, **params: Any) -> Any:
        return await self.do("POST", "goog/cdp/execute", cmd=command, params=params)

    async def source(self) -> str:
        return str(await self.do("GET", "source"))

    async def script(self, code: str) -> Any:
        return await self.do("POST", "execute/sync", script=code, args=[])

    async def click(self, selector: str) -> None:
        found = await self.do("POST", "element", using="css selector", value=selector)
        await self.do("POST", f"element/{found[ELEMENT]}/click")

    async def press(self, *keys: str) -> None:
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        await self.do("POST", "actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    async def until(self, text: str) -> None:
        for _ in range(200):
            if text in await self.source():
                return
            await anyio.sleep(0.05)
        pytest.fail(f"the page never said {text!r}: {await self.source()}")


@pytest.fixture(scope="module")
def driver() -> Iterator[str]:
    """The URL of a running ChromeDriver."""
    assert DRIVER is not None
    with subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        ready = (re.search(rb"successfully on port (\d+)", line) for line in process.stdout)
        port = next((found[1].decode() for found in ready if found), None)
        try:
            assert port is not None, "ChromeDriver ended before it listened"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


# Nothing but the page is to be fetched.
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")


@pytest.fixture
async def chromium(driver: str, tmp_path: Path) -> AsyncIterator[Chromium]:
    """A window of its own, closed after the test."""
    arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *QUIET]
    arguments.append(f"--user-data-dir={tmp_path / 'profile'}")
    wanted = {"goog:chromeOptions": {"args": arguments, "binary": CHROMIUM}}
    async with httpx.AsyncClient(base_url=driver, timeout=60) as http:
        made = await http.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
        assert made.status_code == 200, made.text
        session = made.json()["value"]["sessionId"]
        yield Chromium(http, session)
        await http.delete(f"/session/{session}")


async def ask(visit: Callable[[str], Any], *, life: float = 30.0, change: Change | None = None) -> Answer:
    """Put a question; `visit` gets the address of the file."""
    change = change or Change.delete(
        Kind.FLOW, {"id": "f1", "name": "<b>Orders</b>"}, dependents=["the report"]
    )
    answers: list[Answer] = []
    async with anyio.create_task_group() as group:

        async def opened(address: str) -> bool:
            group.start_soon(visit, address)
            return True

        answers.append(await browser.ask(preview(change.in_sandbox("dev", "development")), opened, life=life))
    return answers[0]


async def test_approve_with_the_mouse_and_reload_afterwards(chromium: Chromium) -> None:
    async def visit(file: str) -> None:
        address = await chromium.enter(file)
        assert address.startswith("http://127.0.0.1:")
        assert not await anyio.Path(url2pathname(urlsplit(file).path)).exists()
        page = await chromium.source()
        assert "&lt;b&gt;Orders&lt;/b&gt;" in page
        assert "Stops working: the report" in page
        await chromium.click("button.yes")
        await chromium.until("The change is being sent")
        await chromium.open(address)
        await chromium.until("No longer open")
        await chromium.open(file)
        assert "Delete flow" not in await chromium.source()

    assert await ask(visit) is Answer.APPROVED


async def test_it_is_shown_again_on_reload_and_going_back(chromium: Chromium) -> None:
    async def visit(file: str) -> None:
        address = await chromium.enter(file)
        for command in ("refresh", "refresh"):
            await chromium.do("POST", command)
            await chromium.until("<button")
        await chromium.open("about:blank")
        await chromium.do("POST", "back")
        await chromium.until("<button")
        assert await chromium.script("return location.href") == address
        await chromium.click("button.yes")
        await chromium.until("The change is being sent")

    assert await ask(visit) is Answer.APPROVED


async def test_the_first_key_declines_and_tab_reaches_approve(chromium: Chromium) -> None:
    async def decline(file: str) -> None:
        await chromium.enter(file)
        assert await chromium.script("return document.activeElement.textContent") == "Decline"
        await chromium.press(ENTER)
        await chromium.until("Nothing was sent")

    async def approve(file: str) -> None:
        await chromium.enter(file)
        await chromium.press(TAB)
        assert await chromium.script("return document.activeElement.textContent") == "Approve"
        await chromium.press(ENTER)
        await chromium.until("The change is being sent")

    assert await ask(decline) is Answer.DECLINED
    assert await ask(approve) is Answer.APPROVED


async def test_a_page_that_is_closed_decides_nothing(chromium: Chromium) -> None:
    async def visit(file: str) -> None:
        await chromium.enter(file)
        await chromium.open("about:blank")

    assert await ask(visit, life=4.0) is Answer.EXPIRED


async def test_the_style_is_applied_and_scripts_are_not_run(chromium: Chromium) -> None:
    async def visit(file: str) -> None:
        await chromium.enter(file)
        assert await chromium.script(
            "return getComputedStyle(document.querySelector('button.yes')).color"
        ) == ("rgb(255, 255, 255)")
        ran = """
            const script = document.createElement('script');
            script.textContent = 'window.ran = true';
            document.body.append(script);
            return window.ran === true;
        """
        assert await chromium.script(ran) is False
        assert await chromium.script("return document.cookie") == ""
        await chromium.click("button.no")
        await chromium.until("Nothing was sent")

    assert await ask(visit) is Answer.DECLINED


async def test_it_fits_a_narrow_window_light_and_dark(chromium: Chromium) -> None:
    async def visit(file: str) -> None:
        await chromium.enter(file)
        colours = set()
        for scheme in ("light", "dark"):
            media = [{"name": "prefers-color-scheme", "value": scheme}]
            await chromium.cdp("Emulation.setEmulatedMedia", features=media)
            await chromium.cdp(
                "Emulation.setDeviceMetricsOverride", width=320, height=700, deviceScaleFactor=1, mobile=False
            )
            # Narrower than the window by the scroll bar.
            assert await chromium.script("return document.documentElement.scrollWidth") <= 320
            colours.add(await chromium.script("return getComputedStyle(document.body).color"))
        assert len(colours) == 2
        await chromium.click("button.no")
        await chromium.until("Nothing was sent")

    rows = [
        {"sourceType": "ATTRIBUTE", "source": "c" * 90, "destination": f"_{'x' * 90}.{n}"} for n in range(3)
    ]
    change = Change.create(Kind.MAPPING_SET, {"name": "n" * 90, "mappings": rows, "k" * 90: "v" * 90})
    assert await ask(visit, change=change) is Answer.DECLINED


FORGED = """
    const form = document.createElement('form');
    form.method = 'post';
    form.action = arguments_address;
    for (const [name, value] of [['decision', 'approve'], ['token', 'guessed']]) {
        const field = document.createElement('input');
        field.name = name;
        field.value = value;
        form.append(field);
    }
    document.body.append(form);
    form.submit();
"""


async def test_a_form_on_another_page_decides_nothing(chromium: Chromium) -> None:
    async def visit(file: str) -> None:
        # Another origin on this machine: a page that knows the address, in the browser that holds the cookie.
        address = await chromium.enter(file)
        own = await chromium.do("GET", "window")
        window = await chromium.do("POST", "window/new", type="tab")
        await chromium.do("POST", "window", handle=window["handle"])
        await chromium.open("data:text/html,<body></body>")
        await chromium.script(FORGED.replace("arguments_address", f"'{address}'"))
        await chromium.until("Refused")
        # A link from there does not show it either.
        await chromium.open("data:text/html,<body></body>")
        await chromium.script(f"location.href = '{address}'")
        await chromium.until("Refused")
        # By another name of this machine it is not there.
        await chromium.open(address.replace("127.0.0.1", "localhost"))
        await chromium.until("Refused")
        await chromium.do("POST", "window", handle=own)
        await chromium.click("button.no")
        await chromium.until("Nothing was sent")

    assert await ask(visit) is Answer.DECLINED


async def test_it_cannot_be_framed(chromium: Chromium) -> None:
    async def visit(file: str) -> None:
        address = await chromium.enter(file)
        own = await chromium.do("GET", "window")
        window = await chromium.do("POST", "window/new", type="tab")
        await chromium.do("POST", "window", handle=window["handle"])
        await chromium.open(f"data:text/html,<iframe src='{address}'></iframe>")
        await chromium.do("POST", "frame", id=0)
        assert "Delete flow" not in await chromium.source()
        await chromium.do("POST", "window", handle=own)
        await chromium.click("button.no")
        await chromium.until("Nothing was sent")

    assert await ask(visit) is Answer.DECLINED
