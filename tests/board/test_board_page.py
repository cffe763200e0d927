"""The page of the command `board` in a real Chromium: started as a person starts it, used by keys."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aep_flow_mcp.cli import app
from apps.axe import is_accessible, needs_axe
from support.chromium import ENTER, TAB, Chromium, needs_chromium
from support.chromium import chromium as chromium
from support.chromium import driver as driver
from support.keyboard import ACTS, acts, from_the_top, kinds_of, reaches_all
from support.keyboard import watched as watched

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


async def test_keys_reach_all_of_the_page_and_do_what_a_click_does(watched: Chromium, address: str) -> None:
    await watched.size(1_000)
    await watched.open(address)
    await in_the_app(watched, "Marketplace orders")

    async def anew() -> None:
        """The form, filled in: the button that sends an empty one does nothing."""
        await watched.frame(None)
        await watched.open(address.split("/open/")[0] + "/")
        await watched.holds("return document.querySelector('nav button') !== null")
        await opened(watched, "Lineage")
        await watched.holds("return document.activeElement.matches('input')")
        await watched.press(*"Partner feeds S3")

    await anew()
    await from_the_top(watched)
    await reaches_all(watched, "the page")
    kinds = await kinds_of(watched)
    assert len(kinds) == 6, "three views, the theme, the field and its button"
    for kind in kinds:
        for key in ACTS:
            await anew()
            await acts(watched, kind, key)


@pytest.fixture
def file(tmp_path: Path) -> str:
    """What `aep-flow-mcp board --emulator --out FILE.html` writes, as an address."""
    out = tmp_path / "board.html"
    done = CliRunner().invoke(app, ["board", "--emulator", "--window", "last 7 days", "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out.as_uri()


@needs_axe
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_in_the_file_which_asks_no_host(
    chromium: Chromium, file: str, theme: str
) -> None:
    scheme = {"name": "prefers-color-scheme", "value": theme}
    await chromium.cdp("Emulation.setEmulatedMedia", features=[scheme])
    await chromium.size(1_000)
    await chromium.open(file)
    assert file.startswith("file:///")
    await chromium.holds("return document.querySelectorAll('table.cells tbody tr').length > 20")
    assert await chromium.script("return document.documentElement.dataset.theme") == theme
    await chromium.script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for width in (1_000, 320):
        await chromium.size(width)
        await chromium.holds(
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
        await is_accessible(chromium, f"the file, {width} wide")
    await chromium.script("document.querySelector('td.k-F').click()")
    await chromium.holds("return document.body.innerText.includes('This is a file')")
    await is_accessible(chromium, "the file, after a click on a cell")
    assert await chromium.said() == []
    assert await chromium.hosts() == set()


async def test_keys_reach_all_of_the_file(watched: Chromium, file: str) -> None:
    await watched.size(1_000)
    await watched.open(file)
    await watched.holds("return document.querySelector('table.cells') !== null")
    await from_the_top(watched)
    await reaches_all(watched, "the file")
    for kind in await kinds_of(watched):
        for key in ACTS:
            await watched.open(file)
            await watched.holds("return document.querySelector('table.cells') !== null")
            await acts(watched, kind, key)
