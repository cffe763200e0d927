"""A server with the toy tools on an emulator, and clients that answer questions in a given way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult, TextContent

from aep_flow_mcp.app import App
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Exchange
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.server import FlowServer
from aep_flow_mcp.settings import Settings, read_settings
from aep_flow_mcp.surface.offer import Offer
from guard.toys import EVERYTHING

ORG = "0123456789ABCDEF01234567@AdobeOrg"
ERAS = {"2026-07-28": "auto", "2025-11-25": "legacy"}
YES = ElicitResult(action="accept", content={"approve": True})
UNTICKED = ElicitResult(action="accept", content={"approve": False})
NO = ElicitResult(action="decline")
CANCEL = ElicitResult(action="cancel")


Asked = Any
"""Who answers questions: a `Person`, or another `elicitation_callback`."""


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Result:
    """A tool's answer."""

    text: str
    data: dict[str, Any]
    is_error: bool

    @property
    def status(self) -> str:
        return str(self.data.get("status"))


class Person:
    """Answers questions, and remembers them. `meanwhile` runs while the question is open."""

    def __init__(self, *answers: ElicitResult, meanwhile: Callable[[], None] | None = None) -> None:
        self.questions: list[str] = []
        self.schemas: list[dict[str, Any]] = []
        self._answers = list(answers)
        self._meanwhile = meanwhile

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        self.questions.append(params.message)
        self.schemas.append(getattr(params, "requested_schema", {}))
        if self._meanwhile is not None:
            self._meanwhile()
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@dataclass
class Bed:
    """A server, the emulator behind it, and the guard in front of it."""

    settings: Settings
    emulator: Emulator = field(default_factory=lambda: Emulator(EmulatorOptions()))
    environ: dict[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    open_browser: Any = None
    tools: Iterable[Any] = tuple(EVERYTHING)

    def __post_init__(self) -> None:
        self.slept: list[float] = []
        bed = self

        async def sleep(seconds: float) -> None:
            bed.slept.append(seconds)

        self.app = App(self.settings, transport=lambda: EmulatorTransport(self.emulator), emulated=True)
        guard = Guard(
            self.settings,
            self.app.client,
            environ=self.environ,
            clock=self.clock,
            sleep=sleep,
            open_browser=self.open_browser,
        )

        class TestApp(App):
            client = property(lambda _: bed.app.client)
            guard = property(lambda _: bed.guard)

            async def aclose(self) -> None:
                """Several clients, one after the other, use the same server."""

        self.guard = guard
        self._shared = TestApp(self.settings)
        self.server = FlowServer(
            [tool.build() for tool in self.tools],
            Offer([], self.settings, refused={}, schemas={}),
            self._shared,
        )

    @asynccontextmanager
    async def client(self, era: str = "2026-07-28", person: Asked | None = None) -> AsyncIterator[Client]:
        """A client of that protocol era, with or without somebody who can be asked."""
        async with Client(self.server, mode=ERAS[era], elicitation_callback=person) as client:
            yield client

    async def call(
        self, tool: str, arguments: dict[str, Any], *, era: str = "2026-07-28", person: Asked | None = None
    ) -> Result:
        """Call a tool with a client of its own."""
        async with self.client(era, person) as client:
            return await call(client, tool, arguments)

    @property
    def writes(self) -> list[Exchange]:
        """The writes that reached the emulator, the landing zone's and Data Prep's included."""
        return self.emulator.journal.writes()

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Method and last part of the path of each write."""
        return [(one.method, one.path.split("flowservice/")[-1]) for one in self.writes]

    def stored(self, kind: str) -> dict[str, dict[str, Any]]:
        """Everything of a kind in the sandbox, by id."""
        return {row["id"]: row for row in self.emulator.store.all("dev", kind)}

    def flow(self, state: str = "enabled") -> dict[str, Any]:
        """Some flow in that state."""
        return next(row for row in self.stored("flows").values() if row["state"] == state)

    def touch(self, flow_id: str, **fields: Any) -> None:
        """Somebody else changes a flow."""
        row = dict(self.emulator.store.get("dev", "flows", flow_id) or {})
        etag = self.emulator.backend.mint.etag(self.emulator.backend.clock.now_ms())
        self.emulator.store.put("dev", "flows", {**row, **fields, "etag": etag, "version": etag})


async def call(client: Client, tool: str, arguments: dict[str, Any]) -> Result:
    """Call a tool and take its answer apart."""
    answer = await client.call_tool(tool, arguments)
    text = "\n".join(part.text for part in answer.content if isinstance(part, TextContent))
    data = answer.structured_content
    return Result(text, data if isinstance(data, dict) else {}, bool(answer.is_error))


def settings(audit: Path | None = None, **values: Any) -> Settings:
    """Settings for the emulator, without a look at the environment's files."""
    return read_settings(
        **{
            "_env_file": None,
            "client_id": "emulator-client",
            "client_secret": "emulator-secret",
            "org_id": ORG,
            "platform_url": "http://127.0.0.1:9",
            "ims_url": "http://127.0.0.1:9",
            "sandbox": "dev",
            "mcp_audit_log": audit,
            **values,
        }
    )


async def preview(client: Client, flow: str) -> str:
    """Have the deletion of a flow previewed; its confirmation id."""
    found = await call(client, "delete_flow", {"flow_id": flow})
    assert found.status == "needs_confirmation", found.text
    return str(found.data["confirmation_id"])


async def confirm(client: Client, one: str) -> Result:
    """Confirm a change by its id."""
    return await call(client, "confirm_change", {"confirmation_id": one})
