"""An assistant without a model: it makes each question's best calls, and tells after how many the facts stood."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mcp import Client
from mcp_types import TextContent
from pydantic import SecretStr

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.gathering.times import standing
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import Settings
from evals.about_runs import about_runs
from evals.about_things import about_things
from evals.loop import Person
from evals.organisation import Organisation, make_organisation
from evals.plan import OTHER, SANDBOX
from evals.question import Question
from evals.tasks import tasks, traps
from evals.truth import Truth

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Outcome:
    """held: after how many calls all facts stood; None if they never did. `missing` are those that did not."""

    question: Question
    held: int | None
    missing: tuple[str, ...]
    answers: tuple[str, ...]


def questions_of(organisation: Organisation) -> list[Question]:
    truth = Truth(organisation)
    return [*about_runs(truth), *about_things(truth), *traps(truth), *tasks(truth)]


@asynccontextmanager
async def in_process(organisation: Organisation, person: Person) -> AsyncIterator[Client]:
    """A client of this server on the organisation, at its time."""
    settings = settings_for()
    platform = PlatformClient(platform_config(settings), transport=EmulatorTransport(organisation.emulator))
    with standing(organisation.now):
        server = build_server(settings, client=platform, emulated=True)
        async with Client(server, elicitation_callback=person) as client:
            yield client


def settings_for() -> Settings:
    """Those of no environment, for an emulator."""
    plain = {
        name: item.get_default(call_default_factory=True) for name, item in Settings.model_fields.items()
    }
    own = {
        "client_id": "emulator-client",
        "client_secret": SecretStr("emulator-secret"),
        "org_id": "0123456789ABCDEF01234567@AdobeOrg",
        "sandbox": SANDBOX,
        "sandboxes": (SANDBOX, OTHER),
        "platform_url": "https://emulator.invalid",
        "ims_url": "https://emulator.invalid",
    }
    return Settings.model_construct(**{**plain, **own})


async def run_scripted(seed: int) -> list[Outcome]:
    """Every question of one organisation. Tasks come last: they change what the others ask about."""
    organisation = make_organisation(seed)
    asked = questions_of(organisation)
    async with in_process(organisation, Person(agrees=True)) as client:
        return [await _ask(client, organisation, question) for question in asked]


async def _ask(client: Client, organisation: Organisation, question: Question) -> Outcome:
    seen, missing = question.text, tuple(str(fact) for fact in question.facts)
    answers: list[str] = []
    for number, call in enumerate(question.calls, 1):
        unheard = [id for id in _ID.findall(json.dumps(call.arguments)) if id not in seen]
        if unheard:
            missing = (*missing, f"the id {unheard[0]} was never told")
            break
        result = await client.call_tool(call.tool, call.arguments)
        answers.append("\n".join(part.text for part in result.content if isinstance(part, TextContent)))
        seen += f"\n{answers[-1]}"
        if question.done is not None:
            if question.done(organisation):
                return Outcome(question, number, (), tuple(answers))
            missing = ("the change",)
            continue
        text = "\n".join(answers)
        missing = tuple(str(fact) for fact in question.facts if not fact.held(text, strict=True))
        if not missing:
            return Outcome(question, number, (), tuple(answers))
    return Outcome(question, None, missing, tuple(answers))
