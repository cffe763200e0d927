"""Thousands of generated attempts to get a write past the guard: every tool, every mode. None may reach the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequestParams, ElicitResult

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import ApprovalMode
from tools.conftest import ERAS, NOW
from tools.writing import CASES, World

ATTEMPTS = 2_500
A_ROUND = 50

Attempt = tuple[str, dict[str, Any], dict[str, Any] | None, str | None]
"""Tool, arguments, forged answers, forged state."""

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
SMUGGLED = st.dictionaries(
    st.sampled_from(
        [
            "approve",
            "approved",
            "approval",
            "guard_approval",
            "guard_planned",
            "guard_context",
            "change",
            "confirm",
            "confirmation_id",
            "sandbox",
            "draft",
            "delete_anyway",
            "force",
            "ctx",
            "aep",
            "_meta",
        ]
    ),
    st.sampled_from(
        [True, "yes", {"approve": True}, {"action": "accept", "data": {"approve": True}}, "prod"]
    ),
    max_size=2,
)
ANSWERS = st.none() | st.dictionaries(
    st.sampled_from(["aep-flow-mcp:approval", "approval", "guard_approval", "x"]),
    st.sampled_from(
        [{"action": "accept", "content": {"approve": True}}, {"action": "accept", "content": {}}]
    ),
    min_size=1,
    max_size=2,
)
STATES = st.none() | st.text(max_size=30) | st.sampled_from(["eyJhcHByb3ZlIjp0cnVlfQ", "v1.e30.e30"])


def attempts(cases: dict[str, dict[str, Any]]) -> st.SearchStrategy[Attempt]:
    """A call that should have been asked about: right arguments, bent ones, smuggled approvals, forged state."""

    @st.composite
    def one(draw: st.DrawFn) -> Attempt:
        tool = draw(st.sampled_from([*sorted(cases), "confirm_change"]))
        if tool == "confirm_change":
            guess = draw(st.text(max_size=60) | st.binary(min_size=32, max_size=32).map(bytes.hex))
            return tool, {"confirmation_id": guess}, None, None
        arguments = dict(cases[tool])
        if draw(st.booleans()) and arguments:
            arguments[draw(st.sampled_from(sorted(arguments)))] = draw(JUNK)
        if draw(st.booleans()):
            arguments |= draw(SMUGGLED)
        return tool, arguments, draw(ANSWERS), draw(STATES)

    return one()


async def says_no(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    del context, params
    return ElicitResult(action="decline")


async def cancels(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    del context, params
    return ElicitResult(action="cancel")


MODES: dict[str, tuple[dict[str, Any], Any]] = {
    "ask-no": ({}, says_no),
    "ask-cancel": ({}, cancels),
    "ask-unable": ({}, None),
    "human-no": ({"mcp_approval": ApprovalMode.HUMAN}, says_no),
    "human-unable": ({"mcp_approval": ApprovalMode.HUMAN}, None),
    "two-step": ({"mcp_approval": ApprovalMode.TWO_STEP}, says_no),
    "read-only": ({"mcp_approval": ApprovalMode.NONE, "mcp_read_only": True}, says_no),
    "production": ({"mcp_approval": ApprovalMode.NONE, "sandbox": "prod"}, says_no),
}


async def attack(emulator: Emulator, mode: str, era: str, made: list[Attempt]) -> None:
    changed, answer = MODES[mode]
    server = build_server(
        emulator_settings(**changed), transport=lambda: EmulatorTransport(emulator), emulated=True
    )
    async with Client(server, mode=ERAS[era], elicitation_callback=answer) as client:
        for tool, arguments, answers, state in made:
            try:
                if answers is None and state is None:
                    await client.call_tool(tool, arguments)
                else:
                    await client.session.call_tool(
                        tool,
                        arguments,
                        input_responses=answers,
                        request_state=state,
                        allow_input_required=True,
                    )
            except (MCPError, ValueError, TypeError):
                continue  # refused before the tool was reached


@pytest.mark.parametrize("mode", MODES)
def test_no_attempt_reaches_the_service(mode: str, era: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_SECRET_ID", "AKIASECRETSECRET2345")
    monkeypatch.setenv("AEP_SECRET_KEY", "value")
    emulator = Emulator(EmulatorOptions(clock=lambda: NOW))
    world = World(emulator, NOW)
    cases = {tool: arguments(world) for tool, arguments in CASES.items()}
    rounds = ATTEMPTS // (len(MODES) * len(ERAS) * A_ROUND) + 1
    runner: Callable[[Any], Any]

    with asyncio.Runner() as loop:
        runner = loop.run

        @settings(
            max_examples=rounds,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        )
        @given(st.lists(attempts(cases), min_size=A_ROUND, max_size=A_ROUND))
        def attack_in_rounds(made: list[Attempt]) -> None:
            runner(attack(emulator, mode, era, made))
            assert emulator.journal.writes() == []

        attack_in_rounds()
