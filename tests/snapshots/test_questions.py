"""A snapshot answers the questions of the seeded organisation as the live emulator does."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp import snapshot_command
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import build_server
from tools.asked import World
from tools.bed import in_its_own_task
from tools.questions.find_questions import Question
from tools.questions.test_questions import QUESTIONS

DIFFERENT = {
    "Is Store POS receipts the same in prod?": "a snapshot holds one sandbox",
    "How do the two product catalogues differ?": "what accounts sign in with is compared, and is in no snapshot",
}
"""Questions whose answers must differ, with the reason."""
AGE = re.compile(r" \((?:just read|index \d+ s old)\)")
"""How long ago a server read the list of flows: of the process, not of the organisation."""


@pytest.fixture(scope="module")
def world(live: Emulator) -> World:
    return World(live)


@pytest.fixture
async def both(live: Emulator, taken: Path) -> AsyncIterator[tuple[Client, Client]]:
    """A client on the live emulator and one on the snapshot of it.

    What must differ is what accounts and sources say when they are tried: a snapshot tries nothing, and says so. The
    live side is told to say the same; everything else has to be equal.
    """
    copy = snapshot_command.stand_in(taken)
    _ = live.store.sandboxes
    live.backend.unreachable = copy.words
    settings = emulator_settings()
    first = build_server(settings, transport=lambda: EmulatorTransport(live), emulated=True)
    second = build_server(
        copy.settings(settings), transport=copy.transport, emulated=True, snapshot=copy.words
    )
    with copy.time():
        async with in_its_own_task(Client(first)) as one, in_its_own_task(Client(second)) as other:
            yield one, other
    live.backend.unreachable = None


async def ask(client: Client, world: World, question: Question) -> str:
    given = {name: value(world) if callable(value) else value for name, value in question.arguments.items()}
    if question.story:
        given["flow"] = world.story(question.story)["name"]
    result = await client.call_tool(question.tool, given)
    assert not result.is_error, result.content
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))


@pytest.mark.parametrize(
    "question",
    [question for question in QUESTIONS if question.text not in DIFFERENT],
    ids=lambda question: question.text,
)
async def test_answers_alike(both: tuple[Client, Client], world: World, question: Question) -> None:
    live, copy = both
    said = AGE.sub("", await ask(copy, world, question))
    assert said == AGE.sub("", await ask(live, world, question))


def test_at_least_forty_are_asked() -> None:
    assert DIFFERENT.keys() < {question.text for question in QUESTIONS}
    assert len(QUESTIONS) - len(DIFFERENT) >= 40
