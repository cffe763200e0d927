"""The approval page in a real Chromium, driven through ChromeDriver's own protocol (W3C WebDriver)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import anyio
import pytest

from aep_flow_mcp.guard.approval import browser
from aep_flow_mcp.guard.approval.desk import Answer
from aep_flow_mcp.guard.changes.change import Change, Plan
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.preview import preview
from apps.axe import is_accessible, needs_axe
from support.chromium import ENTER, TAB, Chromium, needs_chromium
from support.chromium import chromium as chromium
from support.chromium import driver as driver
from support.keyboard import ACTS, acts, from_the_top, kinds_of, reaches_all
from support.keyboard import watched as watched

pytestmark = needs_chromium


async def ask(
    visit: Callable[[str], Any],
    *,
    life: float = 30.0,
    change: Change | None = None,
    sandbox: tuple[str, str] = ("dev", "development"),
) -> Answer:
    """Put a question; `visit` gets the address of the file."""
    change = change or Change.delete(
        Kind.FLOW, {"id": "f1", "name": "<b>Orders</b>"}, dependents=["the report"]
    )
    answers: list[Answer] = []
    async with anyio.create_task_group() as group:

        async def opened(address: str) -> bool:
            group.start_soon(visit, address)
            return True

        answers.append(await browser.ask(preview(change.in_sandbox(*sandbox)), opened, life=life))
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


@pytest.mark.parametrize("key", ACTS)
async def test_keys_reach_all_of_a_page_for_production_and_decide(watched: Chromium, key: str) -> None:
    async def to(label: str) -> None:
        find = f"[...document.querySelectorAll('button')].find((one) => one.textContent === '{label}')"
        await watched.script(f"{find}.focus()")
        await watched.press(key)

    async def decline(file: str) -> None:
        await watched.enter(file)
        await from_the_top(watched)
        await reaches_all(watched, "the approval page")
        kinds = await kinds_of(watched)
        assert len(kinds) == 5, "two lists to unfold, the sandbox's name, and the two buttons"
        for kind in kinds:
            if not kind.startswith("button"):
                await acts(watched, kind, key)
        await to("Decline")
        await watched.until("Nothing was sent")

    async def approve(file: str) -> None:
        await watched.enter(file)
        await to("Approve")
        assert await watched.script("return document.activeElement.matches('input[name=sandbox]')"), (
            "not filled in"
        )
        await watched.press(*"prod")
        await to("Approve")
        await watched.until("The change is being sent")

    plan = Plan("Rotate")
    plan.create(Kind.CONNECTION, {"name": "Orders"})
    plan.depending("Reads with it: ", [f"the report {at}" for at in range(30)])
    change = plan.change()
    assert await ask(decline, change=change, sandbox=("prod", "production")) is Answer.DECLINED
    assert await ask(approve, change=change, sandbox=("prod", "production")) is Answer.APPROVED


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


@needs_axe
async def test_axe_finds_nothing_light_and_dark(chromium: Chromium) -> None:
    async def visit(file: str) -> None:
        await chromium.enter(file)
        for scheme in ("light", "dark"):
            media = [{"name": "prefers-color-scheme", "value": scheme}]
            await chromium.cdp("Emulation.setEmulatedMedia", features=media)
            await is_accessible(chromium, f"the approval page, {scheme}")
        await chromium.click("button.no")
        await chromium.until("Nothing was sent")
        await is_accessible(chromium, "what it ends with")

    rows = [{"sourceType": "ATTRIBUTE", "source": f"c{n}", "destination": f"_x.{n}"} for n in range(3)]
    change = Change.create(Kind.MAPPING_SET, {"name": "Orders", "mappings": rows, "description": "new"})
    assert await ask(visit, change=change) is Answer.DECLINED
    assert await ask(visit) is Answer.DECLINED


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
