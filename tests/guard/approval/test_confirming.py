"""The second call: it carries out what was previewed, once, for the same caller, for ten minutes."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from mcp import Client
from mcp_types import ElicitResult

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.guard.approval import asking as approval
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.server import build_server
from guard.bed import ERAS, NO, YES, Bed, Person, Result, call

MakeBed = Callable[..., Bed]
Audit = Callable[[], list[dict[str, Any]]]


async def preview(bed: Bed, era: str, name: str = "Orders") -> str:
    """The confirmation id of a previewed connection."""
    result = await bed.call("make_connection", {"name": name}, era=era)
    assert result.status == "needs_confirmation", result.text
    return str(result.data["confirmation_id"])


async def confirm(bed: Bed, confirmation_id: str, era: str = "2026-07-28") -> Result:
    return await bed.call("confirm_change", {"confirmation_id": confirmation_id}, era=era)


async def test_the_second_call_sends_what_the_first_showed(make_bed: MakeBed, era: str, audit: Audit) -> None:
    bed = make_bed()
    first = await bed.call("make_connection", {"name": "Orders"}, era=era)
    assert first.status == "needs_confirmation"
    assert 'body: {"connectionSpec"' in first.data["preview"]
    assert first.data["confirmation_id"] in first.text
    assert bed.writes == []
    second = await confirm(bed, first.data["confirmation_id"], era)
    assert second.status == "done", second.text
    assert bed.sent == [("POST", "connections")]
    lines = audit()
    assert [line["event"] for line in lines] == ["approved", "done"]
    assert {line["tool"] for line in lines} == {"make_connection"}


async def test_an_id_works_once(make_bed: MakeBed, era: str, audit: Audit) -> None:
    bed = make_bed()
    confirmation_id = await preview(bed, era)
    assert (await confirm(bed, confirmation_id, era)).status == "done"
    again = await confirm(bed, confirmation_id, era)
    assert again.status == "refused"
    assert "was used" in again.text
    assert len(bed.writes) == 1
    assert audit()[-1]["event"] == "refused"


async def test_two_calls_at_once_with_one_id(make_bed: MakeBed, era: str) -> None:
    bed = make_bed()
    confirmation_id = await preview(bed, era)
    results: list[Result] = []

    async def one() -> None:
        results.append(await confirm(bed, confirmation_id, era))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(one)
    assert sorted(result.status for result in results) == ["done", "refused", "refused", "refused", "refused"]
    assert len(bed.writes) == 1


async def test_an_id_works_for_ten_minutes(make_bed: MakeBed, era: str) -> None:
    bed = make_bed()
    early, late = await preview(bed, era, "early"), await preview(bed, era, "late")
    bed.clock.now += 599
    assert (await confirm(bed, early, era)).status == "done"
    bed.clock.now += 1
    assert (await confirm(bed, late, era)).status == "refused"
    assert len(bed.writes) == 1


async def test_anothers_id_is_refused_and_stays_good_for_its_owner(
    make_bed: MakeBed, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed = make_bed()
    caller = ["alice"]
    monkeypatch.setattr(approval, "caller_of", lambda _: caller[0])
    confirmation_id = await preview(bed, era)
    caller[0] = "mallory"
    assert (await confirm(bed, confirmation_id, era)).status == "refused"
    assert bed.writes == []
    caller[0] = "alice"
    assert (await confirm(bed, confirmation_id, era)).status == "done"


async def test_what_changed_since_the_preview_is_previewed_anew(make_bed: MakeBed, era: str) -> None:
    bed = make_bed()
    flow = bed.flow()
    arguments = {
        "flow_id": flow["id"],
        "operations": [{"op": "add", "path": "/description", "value": "mine"}],
    }
    first = await bed.call("change_flow", arguments, era=era)
    bed.touch(flow["id"], description="somebody else's")
    second = await confirm(bed, first.data["confirmation_id"], era)
    assert second.status == "needs_confirmation"
    assert '"somebody else\'s" -> "mine"' in second.data["preview"]
    assert bed.writes == []
    assert (await confirm(bed, first.data["confirmation_id"], era)).status == "refused"
    third = await confirm(bed, second.data["confirmation_id"], era)
    assert third.status == "done", third.text
    assert bed.stored("flows")[flow["id"]]["description"] == "mine"


async def test_an_etag_alone_is_enough_to_preview_anew(make_bed: MakeBed, era: str) -> None:
    bed = make_bed()
    flow = bed.flow()
    first = await bed.call("remove_flow", {"flow_id": flow["id"]}, era=era)
    bed.touch(flow["id"])
    assert (await confirm(bed, first.data["confirmation_id"], era)).status == "needs_confirmation"
    assert bed.writes == []


async def test_a_plan_that_cannot_be_made_again_leaves_the_id_good(make_bed: MakeBed, era: str) -> None:
    bed = make_bed()
    flow = bed.flow()
    first = await bed.call("remove_flow", {"flow_id": flow["id"]}, era=era)
    row = bed.stored("flows")[flow["id"]]
    bed.emulator.store.remove("dev", "flows", flow["id"])
    gone = await confirm(bed, first.data["confirmation_id"], era)
    assert gone.is_error
    assert bed.writes == []
    bed.emulator.store.put("dev", "flows", row)
    assert (await confirm(bed, first.data["confirmation_id"], era)).status == "done"


@pytest.mark.parametrize("mode", ["human", "browser", "none"])
async def test_other_modes_confirm_nothing(make_bed: MakeBed, era: str, mode: str) -> None:
    bed = make_bed(mcp_approval=mode)
    result = await confirm(bed, secrets.token_urlsafe(32), era)
    assert result.status == "refused"
    assert "AEP_MCP_APPROVAL" in result.text
    assert bed.writes == []


def alterations(good: str) -> st.SearchStrategy[str]:
    """Ids that somebody might try: guessed, shortened, extended, with a letter or its case changed."""
    position = st.integers(0, len(good) - 1)
    letter = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")
    return st.one_of(
        st.text(min_size=1, max_size=200),
        st.text(
            alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
            min_size=43,
            max_size=43,
        ),
        st.builds(lambda at, new: good[:at] + new + good[at + 1 :], position, letter),
        st.builds(lambda at: good[:at] or "x", position),
        st.builds(lambda tail: good + tail, st.text(min_size=1, max_size=20)),
        st.sampled_from(
            [good.upper(), good.lower(), good[::-1], f" {good}", f"{good}\n", f"{good}\x00", f"{good}="]
        ),
    ).filter(lambda tried: tried != good)


@pytest.mark.parametrize("mode", ["ask", "two-step"])
async def test_no_generated_id_gets_a_write_past_the_guard(make_bed: MakeBed, mode: str) -> None:
    bed = make_bed(mcp_approval=mode)
    async with bed.client() as client:
        first = await call(client, "make_connection", {"name": "Orders"})
        good = first.data["confirmation_id"]
        tried: set[str] = set()

        @effort(max_examples=400, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(alterations(good))
        def collect(attempt: str) -> None:
            tried.add(attempt)

        collect()
        assert len(tried) > 200
        for attempt in tried:
            result = await client.call_tool("confirm_change", {"confirmation_id": attempt})
            assert result.is_error or (result.structured_content or {})["status"] == "refused"
        assert bed.writes == []
        assert (await call(client, "confirm_change", {"confirmation_id": good})).status == "done"
    assert len(bed.writes) == 1


async def test_an_answer_is_used_once(make_bed: MakeBed) -> None:
    """A client that sends its answer twice (a lost response is reason enough) does not write twice."""
    bed = make_bed()
    async with bed.client(person=Person(YES)) as client:
        arguments = {"name": "Orders"}
        asked: Any = await client.session.call_tool("make_connection", arguments, allow_input_required=True)
        answer: dict[str, Any] = dict.fromkeys(asked.input_requests, YES)
        replay: dict[str, Any] = {
            "input_responses": answer,
            "request_state": asked.request_state,
            "allow_input_required": True,
        }
        first: Any = await client.session.call_tool("make_connection", arguments, **replay)
        second: Any = await client.session.call_tool("make_connection", arguments, **replay)
        assert first.structured_content["status"] == "done"
        assert second.structured_content["status"] == "refused"
        assert len(bed.writes) == 1
        # Asked anew, the same change may be approved anew.
        assert (await call(client, "make_connection", arguments)).status == "done"
    assert len(bed.writes) == 2


async def test_an_answer_does_not_fit_another_call(make_bed: MakeBed) -> None:
    bed = make_bed()
    async with bed.client(person=Person(YES)) as client:
        asked: Any = await client.session.call_tool(
            "make_connection", {"name": "A"}, allow_input_required=True
        )
        answer: dict[str, Any] = dict.fromkeys(asked.input_requests, YES)
        for tool, arguments in (("make_connection", {"name": "B"}), ("make_export", {"name": "A"})):
            with pytest.raises(Exception, match="requestState"):
                await client.session.call_tool(
                    tool,
                    arguments,
                    input_responses=answer,
                    request_state=asked.request_state,
                    allow_input_required=True,
                )
        unasked: Any = await client.session.call_tool(
            "make_connection", {"name": "C"}, input_responses=answer, allow_input_required=True
        )
        assert unasked.result_type == "input_required"
    assert bed.writes == []


Ask = Callable[..., Any]


def _with_answer(client: Any, arguments: dict[str, Any]) -> tuple[Ask, Ask]:
    """Put a question, and answer one: the very messages that a client sends."""

    async def put() -> Any:
        return await client.session.call_tool("make_connection", arguments, allow_input_required=True)

    async def answer(question: Any, with_: ElicitResult = YES) -> str:
        result = await client.session.call_tool(
            "make_connection",
            arguments,
            input_responses=dict.fromkeys(question.input_requests, with_),
            request_state=question.request_state,
            allow_input_required=True,
        )
        return str(result.structured_content["status"])

    return put, answer


async def test_one_answer_does_not_count_for_two_questions_that_are_alike(make_bed: MakeBed) -> None:
    bed = make_bed()
    async with bed.client(person=Person(YES)) as client:
        put, answer = _with_answer(client, {"name": "Orders"})
        first, second = await put(), await put()
        assert [await answer(first) for _ in range(3)] == ["done", "refused", "refused"]
        assert len(bed.writes) == 1
        assert [await answer(second), await answer(second)] == ["done", "refused"]
    assert len(bed.writes) == 2


async def test_an_answer_that_comes_twice_at_once_is_used_once(make_bed: MakeBed) -> None:
    bed = make_bed()
    async with bed.client(person=Person(YES)) as client:
        put, answer = _with_answer(client, {"name": "Orders"})
        first, _ = await put(), await put()
        statuses: list[str] = []

        async def one() -> None:
            statuses.append(await answer(first))

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(one)
    assert sorted(statuses) == ["done", *["refused"] * 4]
    assert len(bed.writes) == 1


async def test_a_no_stays_a_no(make_bed: MakeBed) -> None:
    bed = make_bed()
    async with bed.client(person=Person(YES)) as client:
        put, answer = _with_answer(client, {"name": "Orders"})
        first, _ = await put(), await put()
        assert [await answer(first, NO), await answer(first, YES)] == ["declined", "refused"]
    assert bed.writes == []


async def test_an_answer_is_too_old_after_ten_minutes(make_bed: MakeBed) -> None:
    bed = make_bed()
    async with bed.client(person=Person(YES)) as client:
        put, answer = _with_answer(client, {"name": "Orders"})
        first = await put()
        bed.clock.now += 600
        await put()
        assert await answer(first) == "refused"
    assert bed.writes == []


async def test_an_answer_does_not_count_for_what_only_reads_alike(
    make_bed: MakeBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK compares what a person saw; the guard compares every byte of what is sent."""
    bed = make_bed()
    async with bed.client(person=Person(YES)) as client:
        put, answer = _with_answer(client, {"name": "Orders"})
        first = await put()
        monkeypatch.setattr(Change, "canonical", lambda self: b"another")
        assert await answer(first) == "refused"
        assert bed.writes == []
        monkeypatch.undo()
        assert await answer(first) == "refused"
    assert bed.writes == []


@pytest.mark.parametrize(
    "barred",
    [
        {"mcp_read_only": True},
        {"mcp_exclude_tools": ("confirm_change",)},
        {"mcp_tools": ("get_landing_zone_credential",)},
    ],
    ids=["read-only", "excluded", "not named"],
)
async def test_no_id_is_handed_out_that_cannot_be_confirmed(era: str, barred: dict[str, Any]) -> None:
    emulator = Emulator(EmulatorOptions())
    chosen = emulator_settings(mcp_reveal_secrets=True, **barred)
    server = build_server(chosen, transport=lambda: EmulatorTransport(emulator), emulated=True)
    async with Client(server, mode=ERAS[era]) as client:
        result = await call(client, "get_landing_zone_credential", {})
    assert result.status == "refused", result.text
    assert "confirm_change" in result.text
    assert "confirmation_id" not in result.data
    assert not any("/landingzone/credentials" in one.path for one in emulator.journal)


async def test_where_a_person_can_be_asked_no_second_call_is_needed(era: str) -> None:
    emulator = Emulator(EmulatorOptions())
    chosen = emulator_settings(mcp_reveal_secrets=True, mcp_read_only=True)
    server = build_server(chosen, transport=lambda: EmulatorTransport(emulator), emulated=True)
    async with Client(server, mode=ERAS[era], elicitation_callback=Person(YES)) as client:
        assert (await call(client, "get_landing_zone_credential", {})).status == "done"
