"""Generated attempts to get a write past the guard: every toy tool, every mode, every kind of answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from mcp import MCPError
from mcp.client import ClientRequestContext
from mcp_types import MISSING_REQUIRED_CLIENT_CAPABILITY, ElicitRequestParams, ElicitResult

from aep_flow_mcp.settings import ApprovalMode
from guard.bed import Bed
from guard.toys import TOYS

MakeBed = Callable[..., Bed]
MODES = ("ask", "human", "two-step", "browser")
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats(-1, 2)
    | st.sampled_from(["true", "yes", "1", ""])
)
CONTENT = st.dictionaries(
    st.sampled_from(["approve", "Approve", "approved", "data", "action"]),
    SCALAR | st.lists(st.text(max_size=3)),
    max_size=3,
)
HIDDEN = st.dictionaries(
    st.sampled_from(
        ["guard_approval", "guard_planned", "guard_context", "approval", "change", "confirmation_id"]
    ),
    st.sampled_from([True, "yes", {"approve": True}, {"action": "accept", "data": {"approve": True}}]),
    max_size=3,
)


async def no_browser(_: str) -> bool:
    """A machine without one."""
    return False


def arguments(bed: Bed) -> dict[str, dict[str, Any]]:
    flow = bed.flow()
    operation = {"op": "add", "path": "/description", "value": "mine"}
    return {
        "make_connection": {"name": "n"},
        "make_account": {"name": "n", "access_key": "a", "secret_key": "s"},
        "change_flow": {"flow_id": flow["id"], "operations": [operation]},
        "remove_flow": {"flow_id": flow["id"]},
        "switch_flow": {"flow_id": flow["id"], "on": False},
        "make_export": {"name": "n"},
    }


def attempts(count: int) -> list[tuple[str, dict[str, Any], dict[str, Any] | None, str]]:
    """(tool, extra arguments, content of an accepted form, action), generated once and run in one event loop."""
    found: list[tuple[str, dict[str, Any], dict[str, Any] | None, str]] = []

    @effort(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from([tool.name for tool in TOYS]),
        HIDDEN,
        st.none() | CONTENT.filter(lambda content: content.get("approve") is not True),
        st.sampled_from(["accept", "accept", "decline", "cancel"]),
    )
    def collect(tool: str, hidden: dict[str, Any], content: dict[str, Any] | None, action: str) -> None:
        found.append((tool, hidden, content, action))

    collect()
    return found


@pytest.mark.parametrize("mode", MODES)
async def test_nothing_but_a_yes_is_a_yes(make_bed: MakeBed, era: str, mode: str) -> None:
    bed = make_bed(mcp_approval=mode, open_browser=no_browser)
    calls = arguments(bed)
    answer: list[ElicitResult] = []

    async def odd_person(_: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        return answer[0]

    tried = attempts(150)
    assert len(tried) >= 100
    async with bed.client(era, odd_person) as client:
        for tool, hidden, content, action in tried:
            answer[:] = [ElicitResult.model_construct(action=action, content=content)]
            try:
                result = await client.call_tool(tool, {**calls[tool], **hidden})
            except MCPError:
                continue
            status = (result.structured_content or {}).get("status", "error")
            assert status != "done", (tool, hidden, content, action)
        assert bed.writes == []


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_that_cannot_be_asked_gets_nothing_by_insisting(
    make_bed: MakeBed, era: str, mode: str
) -> None:
    bed = make_bed(mcp_approval=mode, open_browser=no_browser)
    async with bed.client(era) as client:
        for tool, given_ in arguments(bed).items():
            for _ in range(5):
                if (mode, era) == ("human", "2026-07-28"):
                    with pytest.raises(MCPError) as refused:
                        await client.call_tool(tool, given_)
                    assert refused.value.error.code == MISSING_REQUIRED_CLIENT_CAPABILITY
                    continue
                result = await client.call_tool(tool, given_)
                assert (result.structured_content or {})["status"] in ("needs_confirmation", "refused")
    assert bed.writes == []


async def test_a_client_that_declares_a_person_and_then_fails(make_bed: MakeBed, era: str) -> None:
    async def broken(_: Any, params: Any) -> Any:
        raise RuntimeError("no window to show")

    bed = make_bed()
    if era == "2026-07-28":
        with pytest.raises(Exception, match=r".+"):
            await bed.call("make_connection", {"name": "n"}, era=era, person=broken)
    else:
        result = await bed.call("make_connection", {"name": "n"}, era=era, person=broken)
        assert result.status == "refused"
        assert "could not be read" in result.text
    assert bed.writes == []


def test_every_mode_but_none_is_attacked() -> None:
    assert {*MODES, "none"} == {mode.value for mode in ApprovalMode}
