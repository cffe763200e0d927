"""A real Chromium, headless, driven through ChromeDriver's own protocol (W3C WebDriver)."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

DRIVER = shutil.which("chromedriver")
CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(
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

    async def size(self, width: int, height: int = 900) -> None:
        """As wide and high as a screen; narrower than a window can be."""
        await self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def picture(self) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode(await self.do("GET", "screenshot"))

    async def frame(self, number: int | None = 0) -> None:
        """Into a frame of the page; None is the page itself."""
        await self.do("POST", "frame", id=number)

    async def holds(self, code: str) -> Any:
        """What a script returns, once that is something true."""
        found = None
        for _ in range(200):
            try:
                found = await self.script(code)
            except AssertionError:  # between two documents
                found = None
            if found:
                return found
            await anyio.sleep(0.05)
        pytest.fail(f"never true: {code}; it shows {(await self.source())[:3_000]}")

    async def said(self) -> list[str]:
        """What the console and the policies complained about since the last time."""
        entries = await self.do("POST", "se/log", type="browser")
        return [str(entry["message"]) for entry in entries if entry["level"] in ("WARNING", "SEVERE")]

    async def hosts(self) -> set[str]:
        """The hosts that anything was asked of since the last time, by the browser's own record."""
        found = set()
        for entry in await self.do("POST", "se/log", type="performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.add(str(message["params"]["request"]["url"]))
        web = (re.match(r"(?:https?|wss?)://[^/]*", url) for url in found)
        return {one[0] for one in web if one}

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


@contextmanager
def running_driver() -> Iterator[str]:
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


@pytest.fixture(scope="module")
def driver() -> Iterator[str]:
    """Likewise, for the tests of a module."""
    with running_driver() as address:
        yield address


# Nothing but the page is to be fetched.
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")


@asynccontextmanager
async def window(
    driver: str,
    profile: Path,
    *,
    preferences: Mapping[str, Any] | None = None,
    more: tuple[str, ...] = (),
) -> AsyncIterator[Chromium]:
    """A window with a profile of its own. more: further arguments of the browser."""
    arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *QUIET]
    arguments += [f"--user-data-dir={profile}", "--lang=en-US", *more]
    wanted = {
        "goog:chromeOptions": {"args": arguments, "binary": CHROMIUM, "prefs": dict(preferences or {})},
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    }
    async with httpx.AsyncClient(base_url=driver, timeout=60) as http:
        made = await http.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
        assert made.status_code == 200, made.text
        session = made.json()["value"]["sessionId"]
        yield Chromium(http, session)
        await http.delete(f"/session/{session}")


@pytest.fixture
async def chromium(driver: str, tmp_path: Path) -> AsyncIterator[Chromium]:
    """A window of its own, closed after the test."""
    async with window(driver, tmp_path / "profile") as opened:
        yield opened
