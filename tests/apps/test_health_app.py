"""The health app in a real Chromium, in a frame of a page that speaks the extension's protocol."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from aep_flow_mcp.command_settings import emulator_settings, emulator_transport
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Scale
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import FlowServer, build_server
from apps.stage import board, shown, staged
from support.chromium import ENTER, Chromium, needs_chromium, window
from support.chromium import chromium as chromium
from support.chromium import driver as driver

pytestmark = needs_chromium
RIGHT, DOWN = "\ue014", "\ue015"
TEXT = "return document.body.innerText"


def emulated() -> FlowServer:
    return build_server(emulator_settings(), transport=emulator_transport, emulated=True)


async def test_it_shows_the_server_s_answer_and_asks_for_runs_and_a_diagnosis(chromium: Chromium) -> None:
    async with staged("health", "pipeline_health", {"window": "24h"}, server=emulated()) as stage:
        await shown(chromium, stage)
        assert "Marketplace orders" in await chromium.script(TEXT)
        await chromium.click("td.k-F")
        await chromium.holds("return document.querySelector('section.panel:not(.chart) table') !== null")
        name, given = stage.calls[-1]
        assert name == "list_runs"
        assert given["since"] < given["until"]
        assert "failed" in await chromium.script(
            "return document.querySelector('section.panel:not(.chart) table').innerText"
        )
        await chromium.click("th.flow button")
        await chromium.holds("return document.body.innerText.includes('What to do:')")
        assert stage.calls[-1][0] == "diagnose_flow"
        assert stage.calls[-1][1]["flow"] == given["flow"]
        await chromium.click('[data-window="last 7 days"]')
        await chromium.holds("return document.body.innerText.includes('Flows by day')")
        assert stage.calls[-1] == ("pipeline_health", {"window": "last 7 days"})
        assert await chromium.said() == []
        assert await chromium.hosts() <= {f"http://{stage.host}"}


async def test_of_more_than_a_thousand_flows_some_are_not_sent(chromium: Chromium) -> None:
    many = Emulator(EmulatorOptions(scale=Scale(flows=1_000, runs=4_000)))
    server = build_server(emulator_settings(), transport=lambda: EmulatorTransport(many), emulated=True)
    async with staged("health", "pipeline_health", {"window": "last 7 days"}, server=server) as stage:
        await shown(chromium, stage)
        assert await chromium.script("return document.querySelectorAll('table.cells tbody tr').length") == 50
        told = await chromium.script(
            "return document.querySelector('section.board .quiet[role=status]').innerText"
        )
        assert "50 of 1,000 flows" in told
        assert "more are not sent" in told
        assert await chromium.said() == []


async def test_numbers_are_in_the_person_s_locale(driver: str, tmp_path: Path) -> None:
    kept = {"pipeline_health": board(1_000)}
    async with (
        window(driver, tmp_path / "profile", preferences={"intl.accept_languages": "de-DE,de"}) as german,
        staged("health", "pipeline_health", kept=kept) as stage,
    ):
        await shown(german, stage)
        assert "50 of 1.000 flows" in await german.script(TEXT)


async def test_every_cell_and_name_is_reached_by_keys(chromium: Chromium) -> None:
    kept = {"pipeline_health": board(3), "list_runs": {"content": [], "structuredContent": {"items": []}}}
    async with staged("health", "pipeline_health", kept=kept) as stage:
        await shown(chromium, stage)
        stops = "return document.querySelectorAll('table.cells [tabindex=\"0\"]').length"
        assert await chromium.script(stops) == 1
        await chromium.script("document.querySelector('table.cells [tabindex=\"0\"]').focus()")
        await chromium.press(DOWN, RIGHT, RIGHT)
        where = "const a = document.activeElement; return [a.dataset.flow, a.dataset.at]"
        assert await chromium.script(where) == ["flow-1", "2"]
        assert await chromium.script(stops) == 1
        await chromium.press(ENTER)
        await chromium.holds("return document.body.innerText.includes('No run started in this time.')")
        asked = {"flow": "flow-1", "since": "2026-11-30T02:00:00.000Z", "until": "2026-11-30T03:00:00.000Z"}
        assert stage.calls[-1] == ("list_runs", {**asked, "limit": 50})
        close = "[...document.querySelectorAll('section.panel button')].find(b => b.textContent === 'Close')"
        await chromium.script(f"{close}.focus()")
        await chromium.press(ENTER)
        assert await chromium.script(where) == ["flow-1", "2"], "the focus is back where it was"


async def test_a_cell_with_the_focus_is_not_under_the_names(chromium: Chromium) -> None:
    async with staged("health", "pipeline_health", kept={"pipeline_health": board(3)}) as stage:
        await shown(chromium, stage, width=320)
        await chromium.script("document.querySelector('td[data-at=\"23\"]').focus()")
        seen = """
            const box = document.activeElement.getBoundingClientRect();
            return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === document.activeElement;
        """
        for _ in range(23):
            await chromium.press("\ue012")  # to the left
            await chromium.holds(seen)
        assert await chromium.script("return document.activeElement.dataset.at") == "0"


async def test_it_follows_the_host_s_theme_and_size(chromium: Chromium) -> None:
    async with staged("health", "pipeline_health", kept={"pipeline_health": board(50)}) as stage:
        await chromium.cdp(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}]
        )
        await shown(chromium, stage, width=320)
        colour = "return getComputedStyle(document.body).backgroundColor"
        light = await chromium.script(colour)
        for width in (320, 1_000):
            await chromium.frame(None)
            await chromium.size(width)
            await chromium.frame()
            await chromium.holds(f"return document.documentElement.clientWidth > {width} - 40")
            assert await chromium.script("return document.documentElement.scrollWidth") <= width
            drawn = "return document.querySelector('.chart canvas').getBoundingClientRect().width"
            await chromium.holds(f"{drawn} <= {width}")
        await chromium.frame(None)
        await chromium.click("button.paint")
        await chromium.frame()
        await chromium.holds("return document.documentElement.dataset.theme === 'dark'")
        assert await chromium.script(colour) != light


async def test_a_refusal_of_the_server_is_told(chromium: Chromium) -> None:
    refused = {"content": [{"type": "text", "text": "The window ends before it starts."}], "isError": True}
    async with staged("health", "pipeline_health", kept={"pipeline_health": refused}) as stage:
        await shown(chromium, stage)
        assert "The window ends before it starts." in await chromium.script(TEXT)


async def test_without_cells_it_shows_what_there_is(chromium: Chromium) -> None:
    """A host that passes on no `_meta`."""
    bare = {name: value for name, value in board(5).items() if name != "_meta"}
    async with staged(
        "health", "pipeline_health", kept={"pipeline_health": json.loads(json.dumps(bare))}
    ) as stage:
        await shown(chromium, stage)
        assert "passed on no cells" in await chromium.script(TEXT)
        assert "60" in await chromium.script(TEXT)


async def test_a_file_shows_the_same_without_a_server(chromium: Chromium, tmp_path: Path) -> None:
    from aep_flow_mcp.apps.pages import HEALTH
    from aep_flow_mcp.board.file import with_data

    hostile = "</script><img src=x onerror=alert(1)>"
    file = tmp_path / "board.html"
    file.write_text(with_data(HEALTH, {"window": "24h"}, board(2, names=[hostile, "Orders"])), "utf-8")
    await chromium.open(file.as_uri())
    await chromium.holds("return document.querySelector('table.cells') !== null")
    assert hostile in await chromium.script("return document.querySelector('table.cells').innerText")
    assert await chromium.script(
        "return document.querySelector('img') === null && document.scripts.length === 2"
    )
    await chromium.click("td.k-F, td.k-S")
    await chromium.holds("return document.body.innerText.includes('This is a file')")
    assert await chromium.said() == []
    assert await chromium.hosts() == set()


async def test_each_time_is_told_once_below_the_charts(chromium: Chromium, tmp_path: Path) -> None:
    from aep_flow_mcp.apps.pages import HEALTH
    from aep_flow_mcp.board.file import with_data

    # What is drawn on a canvas can be read only while it is drawn.
    watch = """
        window.drawn = [];
        const draw = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
            drawn.push(text);
            return draw.call(this, text, ...rest);
        };
    """
    await chromium.cdp("Page.addScriptToEvaluateOnNewDocument", source=watch)
    week = board(3, hours=7)
    view = week["_meta"]["aep-flow-mcp/board"]
    view |= {"step": "day", "starts": [view["starts"][0] + 86_400 * at for at in range(7)]}
    view["end"] = view["starts"][-1] + 86_400
    file = tmp_path / "board.html"
    file.write_text(with_data(HEALTH, {}, week), "utf-8")
    for width, told in ((1_000, 7), (320, 2)):
        await chromium.size(width)
        await chromium.open(file.as_uri())
        await chromium.holds("return performance.getEntriesByName('painted').length > 0")
        days = Counter(text for text in await chromium.script("return drawn") if text[0].isalpha())
        assert len(days) >= told
        assert len(set(days.values())) == 1, days
