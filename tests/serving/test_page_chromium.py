"""The approval page over HTTP in a real Chromium, which signs in at an issuer on its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from mcp import Client

from apps.axe import is_accessible, needs_axe
from guard.bed import Result, call
from serving.bed import Served
from serving.browser import others, page_in
from serving.issuer import Issuer, issuing
from support.chromium import ENTER, TAB, Chromium, needs_chromium, window
from support.chromium import chromium as chromium
from support.chromium import driver as driver

pytestmark = needs_chromium
HOSTILE = (
    "<img src=x onerror=\"document.title='ran'\"></title><script>document.title='ran'</script>\u202egpj.exe"
)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Bob sits before every browser that comes there."""
    with issuing() as found:
        found.signs_in = "bob"
        yield found


@dataclass
class Asked:
    """A deletion that waits on the page."""

    door: Served
    ada: Client
    flow: str
    preview: Result

    @property
    def page(self) -> str:
        return page_in(self.preview)

    def there(self) -> bool:
        rows = self.door.emulator.store.all(self.door.server.app.settings.sandbox or "", "flows")
        return any(row["id"] == self.flow for row in rows)

    async def carry_out(self) -> str:
        """What becomes of it when Ada wants it done; the status."""
        confirming = {"confirmation_id": self.preview.data["confirmation_id"]}
        return str((await call(self.ada, "confirm_change", confirming)).status)


@asynccontextmanager
async def asked(issuer: Issuer, name: str | None = None, **settings: Any) -> AsyncIterator[Asked]:
    """Ada asks for a flow to be deleted. name: what somebody called it."""
    async with others(issuer, **settings) as door:
        sandbox = str(settings.get("sandbox", "dev"))
        row = next(row for row in door.emulator.store.all(sandbox, "flows") if row["state"] == "enabled")
        if name is not None:
            door.emulator.store.put(sandbox, "flows", {**row, "name": name})
        async with door.client(issuer.token("ada", name=name or "Ada")) as ada:
            preview = await call(ada, "delete_flow", {"flow_id": row["id"]})
            assert preview.status == "needs_confirmation", preview.text
            yield Asked(door, ada, str(row["id"]), preview)


async def seen(chromium: Chromium) -> str:
    return str(await chromium.script("return document.body.innerText"))


async def test_somebody_signs_in_sees_the_preview_and_approves(chromium: Chromium, issuer: Issuer) -> None:
    async with asked(issuer) as one:
        await chromium.open(one.page)
        await chromium.until("<button")
        assert await chromium.script("return location.href") == one.page, "back from the issuer"
        shown = await seen(chromium)
        assert "Ada (ada) asks for this. You are signed in as Bob (bob)." in shown
        assert f"/flows/{one.flow}" in shown
        assert "DELETE" in shown
        assert await one.carry_out() == "refused"
        await chromium.click("button.yes")
        await chromium.until("Approved")
        assert one.there(), "the page sends nothing"
        assert await one.carry_out() == "done"
        assert not one.there()
        await chromium.open(one.page)
        await chromium.until("No longer open")
        assert [line for line in await chromium.said() if " 410 " not in line] == []
        assert await chromium.hosts() == {issuer.url, "http://" + urlsplit(one.page).netloc}
        # Cookies that scripts do not see.
        assert await chromium.script("return document.cookie") == ""


async def test_the_first_key_declines_and_tab_reaches_approve(chromium: Chromium, issuer: Issuer) -> None:
    async with asked(issuer) as one:
        await chromium.open(one.page)
        await chromium.until("<button")
        assert await chromium.script("return document.activeElement.textContent") == "Decline"
        await chromium.press(TAB)
        assert await chromium.script("return document.activeElement.textContent") == "Approve"
        await chromium.do("POST", "refresh")
        await chromium.until("<button")
        await chromium.press(ENTER)
        await chromium.until("Declined")
        assert await one.carry_out() == "declined"
        assert one.there()


async def test_production_takes_the_name_of_the_sandbox(chromium: Chromium, issuer: Issuer) -> None:
    async with asked(issuer, sandbox="prod", mcp_allow_production_writes=True) as one:
        await chromium.open(one.page)
        await chromium.until("PRODUCTION: sandbox prod")
        await chromium.click("button.yes")
        assert await chromium.script("return document.querySelector('input[name=sandbox]:invalid') !== null")
        await chromium.click("input[name=sandbox]")
        await chromium.press(*"dev")
        await chromium.click("button.yes")
        await chromium.until("was not typed")
        await chromium.do("POST", "back")
        await chromium.until("PRODUCTION: sandbox prod")
        await chromium.script("document.querySelector('input[name=sandbox]').value = ''")
        assert await one.carry_out() == "refused", "nothing was decided"
        await chromium.click("input[name=sandbox]")
        await chromium.press(*"prod")
        await chromium.click("button.yes")
        await chromium.until("Approved")
        assert one.there()
        assert await one.carry_out() == "done"


async def test_declining_in_production_takes_no_name(chromium: Chromium, issuer: Issuer) -> None:
    async with asked(issuer, sandbox="prod", mcp_allow_production_writes=True) as one:
        await chromium.open(one.page)
        await chromium.until("<button")
        await chromium.click("button.no")
        await chromium.until("Declined")
        assert await one.carry_out() == "declined"


async def test_names_are_text_whoever_chose_them(chromium: Chromium, issuer: Issuer) -> None:
    """Of the flow, and of the person who asks."""
    async with asked(issuer, HOSTILE) as one:
        await chromium.open(one.page)
        await chromium.until("<button")
        assert await chromium.script("return document.title") == "Approve a change?"
        assert await chromium.script("return document.querySelectorAll('img, script, b').length") == 0
        shown = await seen(chromium)
        assert shown.count("<img src=x onerror=") >= 2
        assert "\u202e" not in shown
        assert await chromium.said() == []
        await chromium.click("button.no")
        await chromium.until("Declined")
        assert await chromium.script("return document.querySelectorAll('img, script, b').length") == 0


async def test_the_own_request_is_refused_there_and_another_can_sign_in(
    chromium: Chromium, issuer: Issuer
) -> None:
    issuer.signs_in = "ada"
    async with asked(issuer) as one:
        await chromium.open(one.page)
        await chromium.until("You asked for this change yourself")
        assert await chromium.script("return document.querySelector('button.yes')") is None
        assert one.flow not in await chromium.source()
        # Whoever else sits there gets a button for it.
        await chromium.click("button.leave")
        await chromium.until("Signed out")
        issuer.signs_in = "bob"
        await chromium.open(one.page)
        await chromium.until("You are signed in as Bob (bob)")
        assert "prompt=login" in [path for path in issuer.asked if "/authorize" in path][-1]
        await chromium.click("button.leave")
        await chromium.until("Signed out")
        assert await one.carry_out() == "refused", "leaving decides nothing"


FORGED = """
    const form = document.createElement('form');
    form.method = 'post';
    form.action = '{}';
    for (const [name, value] of [['decision', 'approve'], ['token', '{}']]) {{
        const field = document.createElement('input');
        field.name = name;
        field.value = value;
        form.append(field);
    }}
    document.body.append(form);
    form.submit();
"""


async def test_another_page_decides_nothing_and_shows_nothing(chromium: Chromium, issuer: Issuer) -> None:
    """Even one that knows the address and the token of the form, in the browser that is signed in."""
    async with asked(issuer) as one:
        await chromium.open(one.page)
        await chromium.until("<button")
        token = await chromium.script("return document.querySelector('input[name=token]').value")
        await chromium.open("data:text/html,<body></body>")
        await chromium.script(FORGED.format(one.page, token))
        await chromium.until("Refused")
        await chromium.open(f"data:text/html,<iframe src='{one.page}'></iframe>")
        await chromium.frame()
        assert one.flow not in await chromium.source()
        await chromium.frame(None)
        assert await one.carry_out() == "refused"
        assert one.there()


async def test_two_people_in_two_browsers(
    chromium: Chromium, driver: str, issuer: Issuer, tmp_path: Path
) -> None:
    """The second one's yes comes after the first one's no, on a page that was open before."""
    async with asked(issuer) as one, window(driver, tmp_path / "another") as another:
        await chromium.open(one.page)
        await chromium.until("<button")
        issuer.signs_in = "carol"
        await another.open(one.page)
        await another.until("signed in as Carol (carol)")
        await chromium.click("button.no")
        await chromium.until("Declined")
        await another.click("button.yes")
        await another.until("declined by Bob (bob)")
        assert await one.carry_out() == "declined"
        assert one.there()


@needs_axe
async def test_it_is_accessible_and_fits_light_and_dark_wide_and_narrow(
    chromium: Chromium, issuer: Issuer
) -> None:
    async with asked(issuer, "n" * 120, sandbox="prod", mcp_allow_production_writes=True) as one:
        await chromium.open(one.page)
        await chromium.until("<button")
        colours = set()
        for scheme in ("light", "dark"):
            media = [{"name": "prefers-color-scheme", "value": scheme}]
            await chromium.cdp("Emulation.setEmulatedMedia", features=media)
            for width in (320, 1_000):
                await chromium.size(width, 700)
                assert await chromium.script("return document.documentElement.scrollWidth") <= width
                await is_accessible(chromium, f"the page, {scheme}, {width} px")
            colours.add(await chromium.script("return getComputedStyle(document.body).color"))
        assert len(colours) == 2
        await chromium.click("button.no")
        await chromium.until("Declined")
        await is_accessible(chromium, "what it ends with")
