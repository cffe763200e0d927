"""The apps in a host that nobody here wrote: the MCP Inspector, over HTTP, in Chromium. It shows each in a frame of
another origin, as hosts do, and puts the question of a change itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.chromium import Chromium, needs_chromium, window
from support.chromium import driver as driver
from support.processes import free_port
from support.waiting import answers, until

_INSTALLED = Path(__file__).parents[2] / ".venv-clients" / "typescript" / "node_modules"
INSPECTOR = _INSTALLED.joinpath(
    "@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js"
)
pytestmark = [
    needs_chromium,
    pytest.mark.skipif(
        not INSPECTOR.exists(), reason="the Inspector is not here: `make test-clients` installs it"
    ),
]
# What it asks of others, such as fonts, is no part of this.
ALONE = ("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",)
SWITCH = "document.querySelector('[role=switch], input[type=checkbox]')"
BY_TEXT = (
    "const one = [...document.querySelectorAll({kind!r})].filter((each) => each.textContent.trim() === {text!r}).pop();"
    "one?.click(); return one !== undefined"
)
FIELD = (
    "const one = [...document.querySelectorAll('input, textarea')].find("
    "(each) => each.labels?.[0]?.textContent.replace('*', '').trim() === {name!r});"
    "one?.focus(); return one !== undefined && one === document.activeElement"
)


@contextmanager
def _running(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    process = subprocess.Popen(
        command, env={**kept, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def inspector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an Inspector that knows one server: this one, with the emulator."""
    own, web, sandbox, app = (free_port() for _ in range(4))
    mcp, page = f"http://127.0.0.1:{own}/mcp", f"http://127.0.0.1:{web}"
    home = str(tmp_path_factory.mktemp("home"))
    serve = [sys.executable, "-m", "aep_flow_mcp", "serve", "--emulator", "--transport", "http"]
    show = ["node", str(INSPECTOR), "--web", "--transport", "http", "--server-url", mcp]
    settings = {
        "HOME": home,
        "MCP_STORAGE_DIR": home,
        "CLIENT_PORT": str(web),
        "MCP_SANDBOX_PORT": str(sandbox),
        "MCP_APP_ORIGIN_PORT": str(app),
        "MCP_AUTO_OPEN_ENABLED": "false",
        # It listens on this machine only, and has nothing but the emulator.
        "DANGEROUSLY_OMIT_AUTH": "true",
    }
    with _running(*serve, "--port", str(own)) as server, _running(*show, **settings) as host:
        until(answers(mcp), "the server", process=server)
        until(answers(page, status=200), "the Inspector", process=host)
        yield page


@pytest.fixture
async def host(driver: str, inspector: str, tmp_path: Path) -> AsyncIterator[Chromium]:
    """Its page with the list of apps."""
    async with window(driver, tmp_path / "profile", more=ALONE) as opened:
        await opened.size(1_400)
        await opened.open(inspector)
        await opened.holds(f"return {SWITCH} !== null")
        await opened.script(f"{SWITCH}.click()")
        await opened.holds(BY_TEXT.format(kind="label", text="Apps"))
        yield opened


async def shows(host: Chromium, tool: str, **given: str) -> None:
    """Open the app of a tool, by its title, with arguments."""
    await host.holds(BY_TEXT.format(kind="p, div, span", text=tool))
    for name, value in given.items():
        await host.holds(FIELD.format(name=name))
        await host.press(*value)
    await host.holds(BY_TEXT.format(kind="button", text="Open App"))


async def inside(host: Chromium) -> None:
    """Into the app: it is in a frame of the host's, which is of another origin, in one that has none."""
    await host.frame(None)
    await host.holds("return document.querySelector('iframe') !== null")
    await host.frame()
    await host.holds("return document.querySelector('iframe') !== null")
    await host.frame()
    assert await host.script("return window.origin") == "null"
    await host.holds("return document.querySelector('main')?.getAttribute('aria-busy') === 'false'")


async def test_health_is_shown_follows_theme_and_width_and_asks_back(host: Chromium) -> None:
    await shows(host, "Pipeline health")
    await inside(host)
    await host.holds("return document.querySelectorAll('table.cells tbody tr').length > 20")
    assert "Marketplace orders" in await host.script("return document.body.innerText")
    light = await host.script("return getComputedStyle(document.body).backgroundColor")
    wide = await host.script("return innerWidth")
    await host.frame(None)
    await host.script("document.querySelector('[aria-label=\"Toggle color scheme\"]').click()")
    await host.size(1_000)
    await inside(host)
    await host.holds("return document.documentElement.dataset.theme === 'dark'")
    assert await host.script("return getComputedStyle(document.body).backgroundColor") != light
    await host.holds(f"return innerWidth < {wide}")
    await host.holds("return document.documentElement.scrollWidth <= innerWidth")
    await host.script("document.querySelector('td.k-F').click()")
    await host.holds(
        "return document.querySelector('section.panel:not(.chart) table')?.innerText.includes('failed')"
    )
    # What the browser complains about is of the host: its fonts.
    assert [line for line in await host.said() if "fonts" not in line] == []


async def test_lineage_and_runs_get_what_they_were_asked_for(host: Chromium) -> None:
    await shows(host, "Trace lineage", object="Partner feeds S3")
    await inside(host)
    await host.holds("return document.querySelectorAll('.node.is-breaks').length === 2")
    await host.frame(None)
    # A name or several: the host takes that as JSON.
    await shows(host, "Diagnose flow", flow='"Marketplace orders"')
    await inside(host)
    # The app asks for the runs itself.
    await host.holds("return document.querySelector('rect.outage') !== null")


async def test_a_change_is_shown_as_a_card_and_decided_by_the_host_s_own_question(host: Chromium) -> None:
    await shows(host, "Delete flow", flow="Marketplace orders")
    await host.holds("return document.body.innerText.includes('Send exactly this?')")
    await inside_while_asked(host)
    await host.frame(None)
    await host.holds(BY_TEXT.format(kind="button", text="Decline"))
    await inside(host)
    await host.holds("return document.body.innerText.includes('Declined')")
    text = await host.script("return document.body.innerText")
    assert 'Delete flow "Marketplace orders"' in text
    assert "no proof of a person" in text
    assert await host.script("return document.querySelectorAll('button, input, form').length") == 0


async def inside_while_asked(host: Chromium) -> None:
    """The card is there before the answer is, and says that somebody is being asked."""
    await host.frame()
    await host.holds("return document.querySelector('iframe') !== null")
    await host.frame()
    await host.holds("return document.body.innerText.includes('a person is being asked')")
