"""Previews that once hid something: what a person is shown is what is sent, whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.guard.approval.page import approval_page
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.preview import preview
from aep_flow_mcp.tools.connections.connection_changes import update_connection
from aep_flow_mcp.tools.specs.spec_changes import update_flow_spec
from guard.bed import NO, ORG, YES, Bed, Person
from guard.conftest import audit_file as audit_file
from guard.conftest import era as era
from guard.conftest import make_bed as make_bed
from guard.conftest import no_settings_from_outside as no_settings_from_outside
from support.approver import Page

CLOUD_STORAGE = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
S3 = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
MakeBed = Callable[..., Bed]


async def test_a_replaced_spec_shows_every_member_that_vanishes(make_bed: MakeBed) -> None:
    bed = make_bed(emulator=Emulator(EmulatorOptions(provider_access=True)), tools=[update_flow_spec])
    before: dict[str, Any] = dict(bed.emulator.backend.specs("flowSpecs").get(CLOUD_STORAGE) or {})
    person = Person(YES)
    arguments = {"flow_spec_id": CLOUD_STORAGE, "name": "own", "provider_id": "p", "body": {"version": "1.0"}}
    result = await bed.call("update_flow_spec", arguments, person=person)
    assert result.status == "done"
    after = bed.emulator.backend.specs("flowSpecs").get(CLOUD_STORAGE) or {}
    vanished = [name for name in before if name not in after or (before[name] and not after[name])]
    assert len(vanished) >= 6
    lines = person.questions[0].splitlines()
    said = {line.split(":")[0].strip() for line in lines if line.endswith("-> (left out)")}
    assert set(vanished) <= said
    assert '   body: {"name": "own", "providerId": "p", "version": "1.0"}' in lines


LONG = "x" * 20_000


@pytest.mark.parametrize("mode", ["ask", "human", "two-step"])
async def test_a_change_too_large_for_a_question_is_refused_and_says_what_to_do(
    make_bed: MakeBed, era: str, mode: str
) -> None:
    bed = make_bed(mcp_approval=mode)
    person = Person(YES)
    flow = bed.flow()
    operations = [
        {"op": "add", "path": "/description", "value": LONG},
        {"op": "replace", "path": "/name", "value": "hidden behind it"},
    ]
    arguments = {"flow_id": flow["id"], "operations": operations}
    result = await bed.call("change_flow", arguments, era=era, person=person)
    assert result.status == "refused"
    assert "description: 20002 characters" in result.text
    assert "AEP_MCP_APPROVAL to browser" in result.text
    assert person.questions == []
    assert bed.writes == []


async def test_the_page_shows_it_whole_and_it_is_sent(make_bed: MakeBed) -> None:
    pages: list[str] = []

    async def opened(address: str) -> bool:
        page = Page(address)
        first = await page.load()
        pages.append(first.text)
        await page.press("approve", first)
        await page.http.aclose()
        return True

    bed = make_bed(mcp_approval="browser", open_browser=opened)
    operations = [{"op": "add", "path": "/description", "value": LONG}]
    flow = bed.flow()
    result = await bed.call("change_flow", {"flow_id": flow["id"], "operations": operations})
    assert result.status == "done"
    assert LONG in pages[0]
    assert bed.stored("flows")[flow["id"]]["description"] == LONG


def test_a_long_first_member_hides_no_other() -> None:
    body = {"aaa": LONG, "name": "n", "zzz": {"url": "https://evil.example"}}
    shown = preview(Change.create(Kind.FLOW, body).in_sandbox("dev", "development"))
    assert '"zzz": {"url": "https://evil.example"}' in shown.text()
    assert "not shown whole here: aaa: 20002 characters" in shown.text()
    assert shown.cuts == ("aaa: 20002 characters",)
    many = Change.create(Kind.FLOW, {f"member{number}": "y" * 500 for number in range(1000)})
    text = preview(many.in_sandbox("dev", "development"))
    assert text.cuts
    assert len(text.text()) < 100_000
    assert "more members" in text.text()


def opener(pages: list[str], statuses: list[int], typed: list[str | None]) -> Any:
    """A browser whose owner presses Approve with each of these names typed, one after the other."""

    async def opened(address: str) -> bool:
        page = Page(address)
        first = await page.load()
        pages.append(first.text)
        token = re.findall(r'name="token" value="([^"]+)"', first.text)[0]
        for name in typed:
            form = {"token": token, "decision": "approve", **({} if name is None else {"sandbox": name})}
            headers = {"Origin": page.origin, "Sec-Fetch-Site": "same-origin"}
            statuses.append((await page.http.post(page.address, data=form, headers=headers)).status_code)
        await page.http.aclose()
        return True

    return opened


async def test_production_looks_like_it_and_asks_for_its_name(make_bed: MakeBed) -> None:
    pages: list[str] = []
    statuses: list[int] = []
    bed = make_bed(
        mcp_approval="browser",
        open_browser=opener(pages, statuses, [None, "dev", "prod"]),
        sandbox="prod",
        mcp_allow_production_writes=True,
    )
    bed.guard.emulated = True
    result = await bed.call("make_connection", {"name": "Orders"})
    assert result.status == "done"
    assert statuses == [403, 403, 200]
    assert len(bed.writes) == 1
    assert "PRODUCTION: sandbox prod" in pages[0]
    assert "<br>emulator</p>" in pages[0]


async def test_a_page_for_development_asks_for_nothing_and_says_where(make_bed: MakeBed) -> None:
    pages: list[str] = []
    statuses: list[int] = []
    bed = make_bed(mcp_approval="browser", open_browser=opener(pages, statuses, [None]))
    assert (await bed.call("make_connection", {"name": "Orders"})).status == "done"
    assert statuses == [200]
    assert "PRODUCTION" not in pages[0]
    assert f"<br>127.0.0.1, organisation {ORG}</p>" in pages[0]


async def test_production_is_said_in_a_question(make_bed: MakeBed, era: str) -> None:
    bed = make_bed(sandbox="prod", mcp_allow_production_writes=True)
    person = Person(YES)
    await bed.call("make_connection", {"name": "Orders"}, era=era, person=person)
    assert "! THIS IS PRODUCTION: sandbox prod (production)." in person.questions[0]


async def test_new_credentials_say_that_they_replace_all(make_bed: MakeBed) -> None:
    bed = make_bed(tools=[update_connection], environ={"AEP_SECRET_KEY": "k"})
    account = next(row for row in bed.stored("connections").values() if row["connectionSpec"]["id"] == S3)
    person = Person(NO)
    operations = [
        {
            "op": "replace",
            "path": "/auth/params",
            "value": {"s3AccessKey": "a", "s3SecretKey": "${AEP_SECRET_KEY}"},
        }
    ]
    arguments = {"account": account["id"], "operations": operations}
    await bed.call("update_connection", arguments, person=person)
    assert 'it keeps only "s3AccessKey", "s3SecretKey"' in person.questions[0]
    assert bed.writes == []


def test_times_are_told_as_times() -> None:
    body = {"name": "n", "scheduleParams": {"startTime": 1772503200, "interval": 1}}
    shown = preview(Change.create(Kind.FLOW, body).in_sandbox("dev", "development"))
    told = "scheduleParams.startTime is 2026-03-03T02:00:00Z"
    assert f"   times: {told}" in shown.text().splitlines()
    page = approval_page(shown, action="/a", token="t", nonce="n")
    assert "<td>scheduleParams.startTime</td><td>1772503200</td><td>2026-03-03T02:00:00Z</td>" in page
    ops = [{"op": "replace", "path": "/scheduleParams/startTime", "value": "1772503200000"}]
    change = Change.update(Kind.FLOW, "f1", body, ops, etag='"e"').in_sandbox("dev", "development")
    assert '-> "1772503200000" (2026-03-03T02:00:00Z)' in preview(change).text()
