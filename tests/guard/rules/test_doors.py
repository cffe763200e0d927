"""Through the protocol: every way to a write passes the policy, at the time of the yes as well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.app import App
from aep_flow_mcp.settings import SettingsError
from guard.bed import YES, Bed, Person, call, settings

MakeBed = Callable[..., Bed]
Lines = Callable[[], list[dict[str, Any]]]
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OFFICE = """\
version: 1
rules:
  - name: office
    who: {everyone: true}
    may: [create, update]
    when: [{days: [mon], hours: 09:00-10:00}]
"""
EVERYBODY = """\
version: 1
rules:
  - name: all
    who: {everyone: true}
    may: [everything]
"""


class Ruled:
    """A bed with a policy and a clock that a test moves."""

    def __init__(self, make_bed: MakeBed, tmp_path: Path, text: str, **values: Any) -> None:
        path = tmp_path / "policy.yaml"
        path.write_text(text)
        self.bed = make_bed(mcp_policy=path, **values)
        self.at = MONDAY
        self.bed.guard.now = lambda: self.at

    def close(self) -> None:
        self.at = MONDAY + timedelta(hours=1)


@pytest.mark.parametrize("mode", ["ask", "none", "two-step", "browser"])
async def test_what_no_rule_allows_is_refused_and_nobody_is_asked(
    make_bed: MakeBed, tmp_path: Path, era: str, mode: str, audit: Lines
) -> None:
    bed = Ruled(make_bed, tmp_path, OFFICE, mcp_approval=mode).bed
    person = Person(YES)
    flow = bed.flow()
    result = await bed.call("remove_flow", {"flow_id": flow["id"]}, era=era, person=person)
    assert result.status == "refused"
    assert "AEP_MCP_POLICY" in result.text
    assert "whoever calls may not delete flow" in result.text
    assert (bed.writes, person.questions) == ([], [])
    assert bed.stored("flows")[flow["id"]] == flow
    assert [line["event"] for line in audit()] == ["refused"]


async def test_what_a_rule_allows_is_done(make_bed: MakeBed, tmp_path: Path, era: str) -> None:
    bed = Ruled(make_bed, tmp_path, OFFICE).bed
    assert (await bed.call("make_connection", {"name": "n"}, era=era, person=Person(YES))).status == "done"
    assert (await bed.call("make_export", {"name": "n"}, era=era, person=Person(YES))).status == "done"


async def test_a_window_that_closed_while_the_person_read_refuses(
    make_bed: MakeBed, tmp_path: Path, era: str
) -> None:
    ruled = Ruled(make_bed, tmp_path, OFFICE)
    person = Person(YES, meanwhile=ruled.close)
    result = await ruled.bed.call("make_connection", {"name": "n"}, era=era, person=person)
    assert len(person.questions) == 1
    assert result.status == "refused"
    assert '"office"' in result.data["message"]
    assert "2026-03-09 09:00 (UTC)" in result.text
    assert ruled.bed.writes == []


async def test_a_window_that_closed_before_the_confirmation_refuses(
    make_bed: MakeBed, tmp_path: Path, era: str
) -> None:
    ruled = Ruled(make_bed, tmp_path, OFFICE, mcp_approval="two-step")
    async with ruled.bed.client(era) as client:
        previewed = await call(client, "make_connection", {"name": "n"})
        assert previewed.status == "needs_confirmation"
        ruled.close()
        confirmed = await call(
            client, "confirm_change", {"confirmation_id": previewed.data["confirmation_id"]}
        )
        assert confirmed.status == "refused"
        assert ruled.bed.writes == []
        ruled.at = MONDAY
        previewed = await call(client, "make_connection", {"name": "n"})
        confirmed = await call(
            client, "confirm_change", {"confirmation_id": previewed.data["confirmation_id"]}
        )
    assert confirmed.status == "done"


@pytest.mark.parametrize("values", [{"mcp_read_only": True}, {"sandbox": "prod"}])
async def test_it_allows_nothing_that_the_settings_refuse(
    make_bed: MakeBed, tmp_path: Path, values: dict[str, Any]
) -> None:
    bed = Ruled(make_bed, tmp_path, EVERYBODY, **values).bed
    result = await bed.call("make_connection", {"name": "n"}, person=Person(YES))
    assert result.status == "refused"
    assert "AEP_MCP_POLICY" not in result.text
    assert bed.writes == []


async def test_so_many_a_day(make_bed: MakeBed, tmp_path: Path, era: str, audit: Lines) -> None:
    text = EVERYBODY.replace("may:", "a_day: 2\n    may:")
    ruled = Ruled(make_bed, tmp_path, text)
    for number in range(2):
        name = f"n{number}"
        assert (
            await ruled.bed.call("make_connection", {"name": name}, era=era, person=Person(YES))
        ).status == "done"
    for bed in (
        ruled.bed,
        Ruled(make_bed, tmp_path, text).bed,
    ):  # the second one is a process that began later
        bed.guard.now = lambda: ruled.at
        sent, person = len(bed.writes), Person(YES)
        result = await bed.call("make_connection", {"name": "n3"}, era=era, person=person)
        assert result.status == "refused"
        assert 'rule "all" allows 2 a day' in result.data["message"]
        assert "2026-03-03 00:00 (UTC)" in result.text
        assert (len(bed.writes) - sent, person.questions) == (0, [])
    ruled.at += timedelta(days=1)
    assert (
        await ruled.bed.call("make_connection", {"name": "n4"}, era=era, person=Person(YES))
    ).status == "done"
    assert [line["event"] for line in audit()].count("counted") == 3


async def test_declined_changes_are_not_counted(make_bed: MakeBed, tmp_path: Path) -> None:
    from guard.bed import NO

    bed = Ruled(make_bed, tmp_path, EVERYBODY.replace("may:", "a_day: 1\n    may:")).bed
    for answer, status in ((NO, "declined"), (YES, "done"), (YES, "refused")):
        assert (await bed.call("make_connection", {"name": "n"}, person=Person(answer))).status == status


async def test_what_cannot_be_counted_is_refused(make_bed: MakeBed, tmp_path: Path) -> None:
    bed = Ruled(make_bed, tmp_path, EVERYBODY.replace("may:", "a_day: 1\n    may:"), audit=None).bed
    result = await bed.call("make_connection", {"name": "n"}, person=Person(YES))
    assert result.status == "refused"
    assert "AEP_MCP_AUDIT_LOG" in result.text
    assert bed.writes == []


@pytest.mark.parametrize("mode", ["ask", "none"])
async def test_four_eyes_are_not_the_callers_own(
    make_bed: MakeBed, tmp_path: Path, era: str, mode: str
) -> None:
    bed = Ruled(
        make_bed, tmp_path, EVERYBODY.replace("may:", "four_eyes: true\n    may:"), mcp_approval=mode
    ).bed
    result = await bed.call("make_connection", {"name": "n"}, era=era, person=Person(YES))
    assert result.status == "refused"
    assert bed.writes == []


def test_a_wrong_file_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(EVERYBODY.replace("everything", "anything"))
    with pytest.raises(SettingsError, match=r"line 5: rules\[1\].may\[1\]"):
        App(settings(mcp_policy=path))
