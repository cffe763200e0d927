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

from aep_flow_mcp.guard.approval import asking as approval
from guard.bed import YES, Bed, Person, Result, call

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
