"""What a server adds around a call: cancellation, several sandboxes, secrets that are shown, the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from starlette.datastructures import Headers

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.guard import unattended_warning
from aep_flow_mcp.guard.approval import asking as approval
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.settings import ApprovalMode
from aep_flow_mcp.surface.dependencies import Reader, in_sandbox
from aep_flow_mcp.surface.registry import ToolDef, reveal_tool
from guard.bed import NO, YES, Bed, Person, call, settings
from guard.toys import EVERYTHING

MakeBed = Callable[..., Bed]
Audit = Callable[[], list[dict[str, Any]]]


@pytest.mark.parametrize("slow", [r"^POST .*/connections$", r"^POST .*/targetConnections$"])
async def test_what_has_begun_is_finished_and_logged_although_the_call_is_cancelled(
    make_bed: MakeBed, era: str, audit: Audit, slow: str
) -> None:
    bed = make_bed(mcp_approval="none")
    bed.emulator.faults.add(FaultRule(slow, "latency", seconds=0.4))
    async with bed.client(era) as client:
        with anyio.move_on_after(0.2) as scope:
            await call(client, "make_export", {"name": "Orders"})
        assert scope.cancel_called
        for _ in range(100):
            if audit() and audit()[-1]["event"] == "done":
                break
            await anyio.sleep(0.05)
    assert [line["event"] for line in audit()] == ["approved", "step", "done"]
    assert bed.sent == [("POST", "connections"), ("POST", "targetConnections")]


async def test_a_call_that_is_cancelled_while_the_question_is_open_sends_nothing(make_bed: MakeBed) -> None:
    bed = make_bed()

    async def slow_person(*_: Any) -> Any:
        await anyio.sleep(0.5)
        return YES

    async with bed.client("2025-11-25", slow_person) as client:
        with anyio.move_on_after(0.2):
            await call(client, "make_connection", {"name": "n"})
        await anyio.sleep(0.6)
    assert bed.writes == []


async def test_a_defect_before_anything_is_sent_says_that_nothing_was(
    make_bed: MakeBed, era: str, audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed = make_bed()

    def broken(_: str) -> Any:
        raise KeyError("hunter2hunter2")

    monkeypatch.setattr(bed.guard, "executor", broken)
    result = await bed.call("make_connection", {"name": "n"}, era=era, person=Person(YES))
    assert result.status == "failed"
    assert "KeyError" in result.text
    assert "Nothing was sent" in result.text
    assert "hunter2" not in f"{result.text}{audit()}"
    assert [line["event"] for line in audit()] == ["approved", "failed"]


async def test_the_sandbox_that_is_read_is_the_one_that_is_written(make_bed: MakeBed) -> None:
    bed = make_bed(sandboxes=("prod",), mcp_allow_production_writes=True)

    class Elsewhere(type(bed.server)):  # type: ignore[misc]
        async def call_tool(self, *given: Any, **named: Any) -> Any:
            with in_sandbox("prod" if given[0] == "make_connection" else None):
                return await super().call_tool(*given, **named)

    bed.server.__class__ = Elsewhere
    first = await bed.call("make_connection", {"name": "Orders"})
    assert "sandbox prod (production)" in first.data["preview"]
    assert first.data["sandbox"] == "prod"
    second = await bed.call("confirm_change", {"confirmation_id": first.data["confirmation_id"]})
    assert second.status == "done"
    (write,) = bed.writes
    assert write.headers["x-sandbox-name"] == "prod"


# --- secrets that are shown -------------------------------------------------------------------------------

ZONE = "/data/foundation/connectors/landingzone/credentials"


async def plan_showing(aep: Reader) -> Change:
    """Show the credentials."""
    return Change.reveal(ZONE, label="show the credentials", params={"type": "user_drop_zone"})


@reveal_tool("landing_zone", plan=plan_showing)
async def show_credentials(aep: Reader) -> None:
    """Show the credentials."""


class Revealing(ToolDef):
    """The tool as a server builds it that may reveal."""

    def build(self, *, reveals: bool = True, output_schema: bool = True) -> Any:
        return super().build(reveals=reveals, output_schema=output_schema)


def revealing(**values: Any) -> Bed:
    tool = Revealing(**{name: getattr(show_credentials, name) for name in ToolDef.__dataclass_fields__})
    return Bed(settings(**values), tools=(*EVERYTHING, tool))


async def test_credentials_are_shown_after_a_yes(era: str) -> None:
    bed = revealing(mcp_reveal_secrets=True)
    for answer, shown in ((NO, False), (YES, True)):
        result = await bed.call("show_credentials", {}, era=era, person=Person(answer))
        assert ("sig=" in result.text) is shown, result.text
        assert (result.status == "done") is shown
    assert bed.writes == []


async def test_credentials_are_not_shown_without_the_setting(era: str) -> None:
    bed = revealing()
    person = Person(YES)
    result = await bed.call("show_credentials", {}, era=era, person=person)
    assert result.status == "refused"
    assert "AEP_MCP_REVEAL_SECRETS" in result.text
    assert person.questions == []


# --- the start --------------------------------------------------------------------------------------------


def test_the_other_modes_are_quiet() -> None:
    for mode in ApprovalMode:
        said = unattended_warning(settings(mcp_approval=mode))
        assert (said is not None) == (mode is ApprovalMode.NONE)
        assert said is None or ("NOBODY IS ASKED" in said and "dev" in said)
    assert unattended_warning(settings(mcp_approval="none", mcp_read_only=True)) is None


def test_a_session_id_is_not_written_down() -> None:
    class Called:
        headers = Headers({"mcp-session-id": "the-session"})
        protocol_version = "2025-11-25"
        request_context = None

    caller = approval.caller_of(Called())  # type: ignore[arg-type]
    assert caller.startswith("http session ")
    assert "the-session" not in caller
