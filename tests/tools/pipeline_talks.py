"""Conversations about pipelines: what a person wants, what the assistant asks, and what comes of it in the emulator."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mcp import Client

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.pipelines.wish import PipelineWish
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from support.organisation import emulator_on_shared_seed
from tools.bed import NOW, SANDBOX, Bed, in_its_own_task
from tools.conftest import ERAS, no_wait

SECRETS = {"AEP_SECRET_KEY": "s3cr3t-value-that-must-not-show"}
REFERENCE = "${AEP_SECRET_KEY}"
MADE = ("connections", "sourceConnections", "targetConnections", "mappingSets", "flows")


_AFTER = {
    "path": {"account"},
    "fields": {"account", "path", "datasets"},
    "delta_column": {"account", "path"},
    "format": {"account", "path"},
}


@dataclass
class Clock:
    """A clock that stands until a test moves it."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True, eq=False)
class Stage(Bed):
    """A bed with a clock that moves."""

    clock: Clock = field(default_factory=Clock)

    def kept(self) -> dict[str, Any]:
        """Everything in the sandbox, by kind and id; of runs and batches what was written over the seed."""
        collections = {kind: self.store.collection(SANDBOX, kind) for kind in (*MADE, "dataSets", "schemas")}
        whole: dict[str, Any] = {
            kind: {str(row.get("id", row.get("$id", index))): row for index, row in enumerate(rows)}
            for kind, rows in collections.items()
        }
        for kind in ("runs", "batches"):
            rows = self.store.collection(SANDBOX, kind)
            whole[kind] = (dict(rows.written), set(rows.hidden))
        return whole

    def created(self, before: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        """What there is now and was not before, by kind."""
        now = self.kept()
        return {kind: [row for id, row in now[kind].items() if id not in before[kind]] for kind in MADE}

    def pass_time(self, until: str) -> None:
        """Move the clock to ten minutes after a time."""
        self.clock.at = datetime.fromisoformat(until).replace(tzinfo=UTC) + timedelta(minutes=10)


@asynccontextmanager
async def stage(
    era: str, *, elicitation: Any = None, secrets: Mapping[str, str] = SECRETS, **settings: Any
) -> AsyncIterator[Stage]:
    """A client of an era before a server on an emulator; without `elicitation` nobody is asked for approval.
    `secrets` are the variables from which references are filled in."""
    clock = Clock()
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=clock))
    chosen = emulator_settings(**({} if elicitation else {"mcp_approval": "none"}) | settings)
    platform = PlatformClient(platform_config(chosen), transport=EmulatorTransport(emulator), sleep=no_wait)
    guard = Guard(chosen, platform, environ=secrets, sleep=no_wait)
    server = build_server(chosen, client=platform, guard=guard, emulated=True)
    async with in_its_own_task(Client(server, mode=ERAS[era], elicitation_callback=elicitation)) as client:
        yield Stage(client, emulator, clock)


@dataclass(frozen=True)
class Person:
    """Somebody with a wish.

    wish: what is said at the start. says: what is answered when a field is asked for; where there are choices, words
    by which to choose one. What is not in here is answered with the first choice.
    """

    words: str
    wish: Mapping[str, Any]
    says: Mapping[str, Any] = field(default_factory=dict)

    def answer(self, question: Mapping[str, Any], plan: Mapping[str, Any]) -> Any:
        """The answer to one question of a plan."""
        name, choices = question["field"], question.get("choices") or []
        said = self.says.get(name)
        if not choices:
            if said is None and name == "fields":
                return plan["suggested_fields"]
            assert said is not None, f"asked for {name}: {question['question']}"
            return said
        words = said if isinstance(said, str) else ""
        chosen = next((choice for choice in choices if words.casefold() in choice.casefold()), None)
        assert chosen is not None, f"{name}: {words} is none of {choices}"
        return [_id(chosen)] if name == "datasets" else _id(chosen) if name == "account" else chosen


def _id(choice: str) -> str:
    """A choice reads `name (id)`."""
    return choice.rpartition("(")[2].rstrip(")")


async def settle(on: Stage, person: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    """Talk until nothing is missing: the arguments that were found on the way, and the last plan."""
    direction = person.wish.get("direction", "import")
    found = await on.answer("find_connector", words=person.words, direction=direction)
    said = {**person.wish, "connector": found["connectors"][0]["id"]}
    for _ in range(6):
        plan = await on.answer("plan_pipeline", **said)
        assert plan["problems"] == [], plan["problems"]
        if plan["ready"]:
            return said, plan
        open_fields = {question["field"] for question in plan["missing"]}
        for question in plan["missing"]:
            if open_fields & _AFTER.get(question["field"], set()):
                continue  # the next plan has choices for it
            outer, dot, inner = question["field"].partition(".")
            value = person.answer(question, plan)
            said[outer] = {**said.get(outer, {}), inner: value} if dot else value
    raise AssertionError(f"still missing: {plan['missing']}")


@contextmanager
def told(what: str) -> Iterator[None]:
    """Says what was checked when a check fails: a fresh server for each would take longer than the checks."""
    try:
        yield
    except BaseException as error:
        error.add_note(what)
        raise


def arguments(wish: PipelineWish) -> dict[str, Any]:
    """A wish as somebody says it through the protocol."""
    said = {name: getattr(wish, name) for name in PipelineWish.__dataclass_fields__}
    said["fields"] = [{"source": pair.source, "target": pair.target} for pair in wish.fields]
    kept = {name: value for name, value in said.items() if value not in (None, (), [], {})}
    plain: dict[str, Any] = json.loads(json.dumps(kept))
    return plain
