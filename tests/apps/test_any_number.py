"""Every app over the real server, with organisations of 0, 1, 50 and 1,000 flows: it shows what the tool answered,
follows the theme and the width that change after that, and calls tools back."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from apps.organisations import ACCOUNT, answer_of, documents_of, names_of, server_of
from apps.stage import Given, Stage, shown, staged
from support.chromium import Chromium, needs_chromium
from support.chromium import chromium as chromium
from support.chromium import driver as driver

pytestmark = needs_chromium
FLOWS = (0, 1, 50, 1_000)
TEXT = "return document.body.innerText"
END = "const box = document.querySelector('section.board .scroll'); return box.scrollLeft + box.clientWidth"
READY = "return document.querySelectorAll('[aria-busy=\"true\"]').length === 0"


async def counted(chromium: Chromium, selector: str) -> int:
    return int(await chromium.script(f"return document.querySelectorAll({selector!r}).length"))


async def click_on(chromium: Chromium, selector: str) -> None:
    """Like a mouse; parts of a picture, too."""
    await chromium.holds(
        f"const one = document.querySelector({selector!r}); one?.scrollIntoView({{block: 'center'}}); return one"
    )
    await chromium.click(selector)


async def pressed(chromium: Chromium, label: str) -> None:
    found = f"[...document.querySelectorAll('button')].find((one) => one.textContent === {label!r})"
    await chromium.holds(f"const one = {found}; one?.click(); return one !== undefined")


async def follows(chromium: Chromium, stage: Stage) -> None:
    """The host changes its theme and its width when the app has long shown its answer; no policy was broken so far."""
    await chromium.holds(READY)
    colour = "return getComputedStyle(document.body).backgroundColor"
    before, asked = await chromium.script(colour), len(stage.calls)
    themes = (
        ["dark", "light"]
        if await chromium.script("return document.documentElement.dataset.theme === 'light'")
        else ["light", "dark"]
    )
    seen = []
    for theme in themes:
        await chromium.frame(None)
        await chromium.click("button.paint")
        await chromium.frame()
        await chromium.holds(f"return document.documentElement.dataset.theme === '{theme}'")
        seen.append(await chromium.script(colour))
    assert seen[0] != before == seen[1]
    for width in (320, 700):
        await chromium.frame(None)
        await chromium.size(width)
        await chromium.frame()
        await chromium.holds(f"return Math.abs(document.documentElement.clientWidth - {width}) < 40")
        # What does not fit scrolls in its own box, and what is drawn by numbers is drawn anew.
        await chromium.holds(
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
        drawn = "[...document.querySelectorAll('canvas, svg.graph')].map((one) => one.getBoundingClientRect().width)"
        await chromium.holds(f"return {drawn}.every((wide) => 0 < wide && wide <= {width})")
        # The host was told the height: nothing is cut off below.
        await chromium.holds("return document.documentElement.scrollHeight <= innerHeight + 1")
    assert len(stage.calls) == asked, "nothing is asked for by looks"
    assert await chromium.said() == []
    assert await chromium.hosts() <= {f"http://{stage.host}"}


async def told(server: Any, tool: str, arguments: Given) -> Given:
    """The structure of the real server's answer."""
    structure: Given = (await answer_of(server, tool, arguments))["structuredContent"]
    return structure


@pytest.mark.parametrize("flows", FLOWS)
async def test_health(chromium: Chromium, flows: int) -> None:
    server, asked = server_of(flows), {"window": "last 7 days"}
    async with staged("health", "pipeline_health", asked, server=server) as stage:
        await shown(chromium, stage, width=400)
        rows = "table.cells tbody tr"
        assert await counted(chromium, rows) == min(flows, 50)
        text = await chromium.script(TEXT)
        found = await told(server, "pipeline_health", asked)
        assert f"runs\n{found['total']['runs']:,}\n" in text
        assert f"{found['flows']:,} flows" in text
        if flows == 0:
            assert "No flow ran or was due" in text
        else:
            # No name is cut where two lines hold it, and where not all columns fit it is the newest that are seen.
            names = "[...document.querySelectorAll('th.flow button')]"
            assert await chromium.script(
                f"return {names}.every((one) => one.scrollHeight <= one.clientHeight)"
            )
            await chromium.holds(f"{END} >= box.scrollWidth - 1")
        if flows == 1_000:
            assert "50 of 1,000 flows" in text
            await pressed(chromium, "Show 50 more")
            assert await counted(chromium, rows) == 100
            await chromium.click("input[type=search]")
            wanted = names_of(flows)[0]
            await chromium.press(*wanted)
            await chromium.holds(f"return document.querySelectorAll('{rows}').length === 1")
        await follows(chromium, stage)
        if flows:
            await chromium.holds(f"{END} >= box.scrollWidth - 1")
            await click_on(chromium, "td.k-F")
            await chromium.holds(
                "return document.querySelector('section.panel:not(.chart) table')?.innerText.includes('failed')"
            )
            name, given = stage.calls[-1]
            assert name == "list_runs"
            assert given["since"] < given["until"]
            await click_on(chromium, "th.flow button")
            await chromium.holds("return document.body.innerText.includes('What to do:')")
            assert stage.calls[-1] == ("diagnose_flow", {"flow": given["flow"]})
        await click_on(chromium, '[data-window="last 30 days"]')
        await chromium.holds(
            "return document.querySelector('[data-window=\"last 30 days\"][aria-pressed=true]')"
        )
        assert stage.calls[-1] == ("pipeline_health", {"window": "last 30 days"})
        assert await counted(chromium, rows) == min(flows, 50)
        assert await chromium.said() == []


@pytest.mark.parametrize("flows", FLOWS)
async def test_lineage(chromium: Chromium, flows: int) -> None:
    server = server_of(flows)
    async with staged("lineage", "trace_lineage", {"object": ACCOUNT}, server=server) as stage:
        await shown(chromium, stage)
        found = await told(server, "trace_lineage", {"object": ACCOUNT})
        drawn = [node["n"] for node in found["nodes"]]
        assert len(drawn) >= min(2 * flows, 50)
        nodes = "return [...document.querySelectorAll('[data-node]')].map((one) => one.dataset.node)"
        assert sorted(await chromium.script(nodes)) == sorted(drawn)
        labels = "[...document.querySelectorAll('.node .label')]"
        names = await chromium.script(f"return {labels}.map((one) => one.textContent)")
        assert len(set(names)) == len(drawn), "no two boxes look alike"
        assert await chromium.script(f"return {labels}.every((one) => one.getComputedTextLength() <= 175)")
        assert await counted(chromium, ".edge") == len(found.get("edges", []))
        # Each flow that is drawn breaks without the account, also those that the cut list does not name yet.
        breaking = sum(node["kind"] == "flow" for node in found["nodes"])
        assert breaking >= min(flows, 50)
        assert await counted(chromium, ".node.is-breaks") == breaking
        pictured = await answer_of(server, "trace_lineage", {"object": ACCOUNT, "picture": True})
        svg = base64.b64decode(pictured["content"][1]["data"]).decode()
        assert svg.count("flow: breaks<") == breaking
        if flows == 1_000:
            await pressed(chromium, "Read more")
            await chromium.holds(f"return document.querySelectorAll('[data-node]').length > {len(drawn)}")
            assert stage.calls[-1][1]["cursor"] == found["cursors"]["nodes"]
            listed = await counted(chromium, "details li")
            await pressed(chromium, "More that breaks")
            await chromium.holds(f"return document.querySelectorAll('details li').length > {listed}")
            assert stage.calls[-1][1]["cursor"] == found["cursors"]["breaks"]
        await follows(chromium, stage)
        await click_on(chromium, "[data-node=n1]")
        await pressed(chromium, "Trace from here")
        await chromium.holds("return document.querySelector('section.panel[aria-live]').hidden")
        account = next(node for node in found["nodes"] if node["n"] == "n1")
        assert stage.calls[-1] == ("trace_lineage", {"object": account["id"], "object_kind": "account"})
        assert sorted(await chromium.script(nodes)) == sorted(drawn)
        assert await chromium.said() == []


@pytest.mark.parametrize(("flows", "complete"), [(300, True), (301, False)])
async def test_what_is_cut_is_not_called_complete(flows: int, complete: bool) -> None:
    found = await told(server_of(flows), "trace_lineage", {"object": ACCOUNT})
    assert found["complete"] is complete
    assert found["more"]["breaks"] == 300
    least = "" if complete else "At least "
    assert f"{least}300 source and 0 target connections use this account." in found["notes"]
    cut = "There are more than 300 source connections: only the first were followed."
    assert (cut in found["notes"]) is not complete


@pytest.mark.parametrize("flows", FLOWS)
async def test_runs(chromium: Chromium, flows: int) -> None:
    server = server_of(flows)
    async with staged("timeline", "list_runs", {"limit": 20}, server=server) as stage:
        await shown(chromium, stage)
        found = await told(server, "list_runs", {"limit": 20})
        items = len(found["items"])
        assert items == (20 if flows else 0)
        # Figures of twelve flows at most, and all of it as a table.
        assert await counted(chromium, "tbody tr") == items
        assert bool(await counted(chromium, "[data-run]")) is bool(flows)
        if not flows:
            assert "There are no runs." in await chromium.script(TEXT)
        await follows(chromium, stage)
        if flows:
            await pressed(chromium, "Older runs")
            await chromium.holds(f"return document.querySelectorAll('tbody tr').length > {items}")
            name, given = stage.calls[-1]
            assert (name, given["cursor"]) == ("list_runs", found["next_cursor"])
        else:
            assert await counted(chromium, "button") == 0, "there is nothing to ask for"
        assert await chromium.said() == []


@pytest.mark.parametrize("flows", FLOWS[1:])
async def test_runs_of_a_diagnosis(chromium: Chromium, flows: int) -> None:
    server, asked = server_of(flows), {"flow": names_of(flows)[0]}
    async with staged("timeline", "diagnose_flow", asked, server=server) as stage:
        await shown(chromium, stage)
        await chromium.holds("return document.querySelector('svg.bars') !== null")
        found = await told(server, "diagnose_flow", asked)
        assert found["fix"] in await chromium.script(TEXT)
        assert stage.calls[-1] == ("list_runs", {"flow": found["flow_id"], "limit": 60})
        runs = await told(server, "list_runs", stage.calls[-1][1])
        assert await counted(chromium, "[data-run]") == len(runs["items"]) > 0
        assert await counted(chromium, "rect.outage") == 1
        said = "document.querySelector('rect.outage + .says').getBBox()"
        assert await chromium.script(
            f"return {said}.x >= 0 && {said}.x + {said}.width <= document.querySelector('svg.bars').clientWidth"
        )
        await follows(chromium, stage)
        failed = next(run["id"] for run in runs["items"] if run["status"] == "failed")
        await click_on(chromium, f'[data-run="{failed}"]')
        await chromium.holds("return document.body.innerText.includes('Errors of the run')")
        assert stage.calls[-1] == ("get_run", {"run_id": failed})
        assert await chromium.said() == []


@pytest.mark.parametrize("flows", FLOWS)
async def test_a_change_of_what_so_many_flows_use(chromium: Chromium, flows: int) -> None:
    asked = {"account": ACCOUNT, "delete_anyway": True}
    server = server_of(flows)
    kept = await answer_of(server, "delete_connection", asked)
    assert kept["structuredContent"]["status"] == "needs_confirmation"
    async with staged("plan", "delete_connection", asked, kept={"delete_connection": kept}) as stage:
        await shown(chromium, stage)
        await follows(chromium, stage)
        text = await chromium.script("return document.body.textContent")
        assert "no proof of a person" in text
        assert ACCOUNT in text
        # Whoever looks can read each of them, and is told of the first ones at once.
        assert [name for name in names_of(flows) if name not in text] == []
        assert ("Stops working" in await chromium.script(TEXT)) is bool(flows)
        assert await counted(chromium, "button, input, form") == 0
        assert [name for name, _ in stage.calls] == ["delete_connection"], "a card asks for nothing"


@pytest.mark.parametrize(
    ("pipelines", "status"), [(1, "needs_confirmation"), (5, "needs_confirmation"), (22, "refused")]
)
async def test_a_change_of_many_steps(chromium: Chromium, pipelines: int, status: str) -> None:
    """So large a change as no question can show is refused, and the card shows what it was."""
    server = server_of(50)
    asked = {"documents": await documents_of(server, pipelines)}
    kept = await answer_of(server, "apply_changes", asked)
    assert kept["structuredContent"]["status"] == status
    steps = kept["_meta"]["aep-flow-mcp/plan"]["steps"]
    assert len(steps) >= 4 * pipelines
    async with staged("plan", "apply_changes", asked, kept={"apply_changes": kept}) as stage:
        await shown(chromium, stage)
        await follows(chromium, stage)
        heads = await chromium.script(
            "return [...document.querySelectorAll('h2')].map((one) => one.textContent)"
        )
        assert [head for head in heads if head[0].isdigit()] == [
            f"{at}. {step['label']}" for at, step in enumerate(steps, 1)
        ]
        shown_requests = "return [...document.querySelectorAll('details pre')].map((one) => one.textContent)"
        requests = await chromium.script(shown_requests)
        assert [one.split("\n")[0] for one in requests] == [
            f"{step['method']} {step['path']}" for step in steps
        ]
        assert await counted(chromium, "button, input, form") == 0
