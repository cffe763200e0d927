"""The page of the command `board` in a real Chromium: started as a person starts it, used by keys."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from apps.axe import is_accessible, needs_axe
from support.chromium import ENTER, TAB, Chromium, needs_chromium
from support.chromium import chromium as chromium
from support.chromium import driver as driver

pytestmark = needs_chromium


@pytest.fixture
def address() -> Iterator[str]:
    """What `aep-flow-mcp board --emulator` prints."""
    command = [sys.executable, "-m", "aep_flow_mcp", "board", "--emulator"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(line.strip() for line in process.stdout if line.startswith("http://127.0.0.1:"))
        finally:
            process.terminate()


async def opened(chromium: Chromium, title: str) -> None:
    """A view by its name, by the key Tab and Enter; then into its frame."""
    await chromium.frame(None)
    await chromium.script("document.querySelector('nav button').focus()")
    for _ in range(5):
        if await chromium.script("return document.activeElement.textContent") == title:
            break
        await chromium.press(TAB)
    await chromium.press(ENTER)


async def in_the_app(chromium: Chromium, text: str) -> None:
    await chromium.frame(None)
    await chromium.holds("return document.querySelector('iframe') !== null")
    await chromium.frame()
    await chromium.holds(f"return document.body.innerText.includes({text!r})")


async def test_a_person_looks_at_health_lineage_and_runs(chromium: Chromium, address: str) -> None:
    await chromium.size(1_000)
    await chromium.open(address)
    await in_the_app(chromium, "Marketplace orders")
    # The app is a guest: it shares no origin with the page around it, and asks through it alone.
    assert await chromium.script("return window.origin") == "null"
    await opened(chromium, "Lineage")
    await chromium.holds("return document.activeElement.matches('input')")
    await chromium.press(*"Partner feeds S3", ENTER)
    await in_the_app(chromium, "What feeds what around")
    assert "breaks (2)" in await chromium.script("return document.body.innerText")
    await opened(chromium, "Runs")
    await chromium.press(*"Marketplace orders", ENTER)
    await in_the_app(chromium, "fail in a row")
    await chromium.frame(None)
    assert await chromium.said() == []
    host = address.split("/open/")[0]
    assert await chromium.hosts() == {host}
    await chromium.open(address)
    assert "has been used" in await chromium.source()
    await chromium.open(f"{host}/")
    await in_the_app(chromium, "Marketplace orders")


@needs_axe
async def test_axe_finds_nothing_in_the_page_and_its_form(chromium: Chromium, address: str) -> None:
    await chromium.size(1_000)
    await chromium.open(address)
    await in_the_app(chromium, "Marketplace orders")
    await opened(chromium, "Runs")
    await chromium.holds("return document.activeElement.matches('input')")
    await is_accessible(chromium, "the page")


async def test_an_app_alone_or_in_a_foreign_page_asks_nothing(chromium: Chromium, address: str) -> None:
    await chromium.open(address)
    await in_the_app(chromium, "Marketplace orders")
    host = address.split("/open/")[0]
    ask = "return fetch('{}/call', {{method: 'POST', body: '{{}}'}}).then((a) => a.status, () => 'blocked')"
    assert await chromium.script(ask.format(host)) == "blocked", "by the policy of the app"
    await chromium.frame(None)
    there = "return document.getElementById('host') !== null"
    assert await chromium.script(there), "on its own it is seen"
    await chromium.open(f"data:text/html,<iframe src='{host}/'></iframe>")
    await chromium.frame()
    assert not await chromium.script(there), "in a foreign page it is not"
