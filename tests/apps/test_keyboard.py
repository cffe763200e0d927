"""All that a mouse can use in an app is reached by Tab and arrows, and does the same on Enter and on Space."""

from __future__ import annotations

from typing import Any

import pytest

from apps.samples import answer, kept
from apps.stage import Given, Stage, shown, staged
from support.chromium import ENTER, Chromium, needs_chromium
from support.chromium import driver as driver
from support.keyboard import ACTS, acts, kinds_of, reaches_all
from support.keyboard import watched as watched

pytestmark = needs_chromium
READY = "return document.querySelectorAll('[aria-busy=\"true\"]').length === 0"
PANEL = (
    "return document.querySelector('section.panel[aria-live]:not([hidden]) button') !== null"
    " && !document.body.innerText.includes('Asking the server.')"
)
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; }); return true"
STATES = {
    # The app, the tool, what has the focus when Enter is pressed, and how many controls there are at least.
    "health": ("health", "pipeline_health", "", 80),
    "health, the runs of a cell": ("health", "pipeline_health", "td.k-F", 83),
    "health, a diagnosis": ("health", "pipeline_health", "th.flow button", 83),
    "lineage": ("lineage", "trace_lineage", "", 14),
    "lineage, an object": ("lineage", "trace_lineage", "[data-node=n2]", 17),
    "runs, listed": ("timeline", "list_runs", "", 9),
    "runs, of a diagnosis": ("timeline", "diagnose_flow", "", 9),
    "runs, the errors of one": ("timeline", "diagnose_flow", "[data-run=run-0]", 11),
    "a change": ("plan", "update_flow", "", 10),
}


def answers_of(app: str) -> dict[str, Any]:
    """With something further to read, where there can be."""
    _, answers = kept(app, flows=6 if app == "timeline" else 3)
    answers["list_runs"]["structuredContent"]["next_cursor"] = "next"
    answers["trace_lineage"]["structuredContent"] |= {"cursors": {"nodes": "next", "breaks": "further"}}
    return answers


async def in_state(chromium: Chromium, stage: Stage, begin: str) -> None:
    """The app as it stands in that state, opened anew."""
    await chromium.frame(None)
    await chromium.open(f"http://{stage.host}/")
    await chromium.holds("return document.querySelector('iframe') !== null")
    await chromium.frame()
    await chromium.holds("return document.querySelector('main')?.getAttribute('aria-busy') === 'false'")
    await chromium.holds(READY)
    if begin:
        await chromium.script(f"document.querySelector({begin!r}).focus()")
        await chromium.press(ENTER)
        await chromium.holds(PANEL)
    await chromium.holds(OPEN_ALL)


async def before(chromium: Chromium) -> None:
    """The focus is on what stands before the app."""
    await chromium.frame(None)
    await chromium.script("document.querySelector('button.paint').focus()")
    await chromium.frame()


@pytest.mark.parametrize("state", STATES)
async def test_keys_reach_all_and_do_what_a_click_does(watched: Chromium, state: str) -> None:
    app, tool, begin, least = STATES[state]
    async with staged(app, tool, kept=answers_of(app)) as stage:
        await shown(watched, stage)
        await in_state(watched, stage, begin)
        assert await watched.script("return keyboard.count()") >= least
        await before(watched)
        await reaches_all(watched, state)
        kinds = await kinds_of(watched)
        for kind in kinds:
            for key in ACTS:
                await in_state(watched, stage, begin)
                await acts(watched, kind, key)


async def test_what_no_key_reaches_is_found(watched: Chromium) -> None:
    """The test above can fail: a thing that only listens to clicks, and one that takes the focus and no key."""
    empty: Given = answer({"items": [], "total": 0})
    async with staged("timeline", "list_runs", kept={"list_runs": empty}) as stage:
        await shown(watched, stage)
        await watched.script(
            "document.body.insertAdjacentHTML('beforeend', '<p id=only>x</p><p id=mute tabindex=0 role=button>y</p>');"
            "document.getElementById('only').addEventListener('click', () => {});"
            "document.getElementById('mute').addEventListener('click', () => {});"
        )
        await before(watched)
        with pytest.raises(pytest.fail.Exception, match=r"not reached by keys: \['p. x'\]"):
            await reaches_all(watched, "a page")
        with pytest.raises(pytest.fail.Exception, match="Enter does nothing"):
            await acts(watched, "p. y", ENTER)
