"""A server on a foreign organisation, and a client that keeps what every call answered."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceTemplateReference, TextContent, TextResourceContents, Tool
from pydantic import SecretStr

from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import ApprovalMode, Settings
from foreign.service import ForeignService
from foreign.truth import SANDBOX, Organisation


@dataclass(frozen=True)
class Answer:
    """What a call answered. `asked` is the call in short, for a report."""

    tool: str
    arguments: dict[str, Any]
    text: str
    structured: dict[str, Any]
    is_error: bool

    @property
    def asked(self) -> str:
        given = ", ".join(f"{name}={value!r:.80}" for name, value in self.arguments.items())
        return f"{self.tool}({given})"

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.structured.get("items", [])
        return rows


@dataclass
class Faults:
    """What was wrong, once a kind: `kind` says what, `where` the first call that showed it."""

    found: list[tuple[str, str]] = field(default_factory=list)

    def add(self, kind: str, where: str) -> None:
        self.found.append((kind, where))

    def check(self, holds: bool, kind: str, where: str) -> bool:
        if not holds:
            self.add(kind, where)
        return holds

    @property
    def kinds(self) -> list[str]:
        return list(dict.fromkeys(kind for kind, _ in self.found))


class _Crashes(logging.Handler):
    """Tracebacks in the log: something went wrong inside."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(logging.WARNING)
        self.faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            cause = error.__cause__ or error
            self.faults.add(f"traceback: {type(cause).__name__}", f"{record.getMessage()}: {cause!r:.300}")


@dataclass
class Asker:
    """Calls by name; each answer is kept, and looked at by `structure`."""

    client: Client
    service: ForeignService
    organisation: Organisation
    faults: Faults
    inputs: dict[str, dict[str, Any]]
    reading: frozenset[str]
    answers: list[Answer] = field(default_factory=list)

    async def call(self, tool: str, /, **arguments: Any) -> Answer:
        asked = f"{tool}({', '.join(f'{name}={value!r:.60}' for name, value in arguments.items())})"
        try:
            # The client raises where structured content violates the output schema of the tool.
            result = await self.client.call_tool(tool, arguments)
        except (MCPError, RuntimeError, ValueError) as error:
            self.faults.add(f"{tool}: no answer but {type(error).__name__}", f"{asked}: {error!s:.300}")
            return Answer(tool, arguments, "", {}, True)
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        answer = Answer(tool, arguments, text, result.structured_content or {}, bool(result.is_error))
        self.answers.append(answer)
        return answer

    async def pages(self, tool: str, /, **arguments: Any) -> list[dict[str, Any]]:
        """The rows of every page; [] where the tool refused."""
        rows: list[dict[str, Any]] = []
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            answer = await self.call(tool, **arguments, **({"cursor": cursor} if cursor else {}))
            rows += answer.rows
            cursor = answer.structured.get("next_cursor")
            if cursor is None or not self.faults.check(
                cursor not in seen, f"{tool}: a cursor twice", answer.asked
            ):
                return rows
            seen.add(cursor)

    async def resource(self, uri: str) -> str | None:
        """Its text; None where it could not be read, which is said in a sentence."""
        try:
            result = await self.client.read_resource(uri)
        except MCPError as error:
            self.faults.check(
                len(str(error)) > 20, f"{_kind(uri)}: an error without a sentence", f"{uri}: {error!s:.200}"
            )
            self.faults.check(
                "unexpected" not in str(error).lower(), f"{_kind(uri)}: crashed", f"{uri}: {error!s:.200}"
            )
            return None
        return "".join(part.text for part in result.contents if isinstance(part, TextResourceContents))

    async def complete(self, template: str, typed: str) -> list[str]:
        reference = ResourceTemplateReference(type="ref/resource", uri=template)
        try:
            result = await self.client.complete(reference, {"name": "id", "value": typed})
        except (MCPError, RuntimeError, ValueError) as error:
            self.faults.add(
                f"completion {template}: {type(error).__name__}", f"{typed!r:.60}: {error!s:.200}"
            )
            return []
        return list(result.completion.values)


def _kind(uri: str) -> str:
    parts = uri.removeprefix("aep://").split("/")
    return "resource " + "/".join(["{id}" if index == 1 else part for index, part in enumerate(parts)])


class Bench:
    """A server and a client for one organisation after the other: between them the server forgets everything."""

    def __init__(self) -> None:
        self._service: ForeignService | None = None
        self.server = build_server(_settings(), transport=self._transport)
        self.client = Client(self.server)
        self.tools: list[Tool] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Bench]:
        async with self.client:
            self.tools = (await self.client.list_tools()).tools
            yield self

    @asynccontextmanager
    async def asking(self, organisation: Organisation, faults: Faults) -> AsyncIterator[Asker]:
        """Talk to an organisation. What the server logs as a crash meanwhile is a fault."""
        self._service = ForeignService(organisation)
        root = logging.getLogger()
        kept, root.handlers[:] = root.handlers[:], [_Crashes(faults)]
        try:
            inputs = {tool.name: tool.input_schema for tool in self.tools}
            reading = frozenset(tool.name for tool in self.tools if _reads(tool))
            yield Asker(self.client, self._service, organisation, faults, inputs, reading)
        finally:
            root.handlers[:] = kept
            await self.server.app.aclose()

    def _transport(self) -> ForeignService:
        assert self._service is not None
        return self._service


def _reads(tool: Tool) -> bool:
    return tool.annotations is not None and tool.annotations.read_only_hint is True


def _settings() -> Settings:
    """Those of no environment: a token, a sandbox, and a second call for every write."""
    plain = {
        name: item.get_default(call_default_factory=True) for name, item in Settings.model_fields.items()
    }
    own = {
        "client_id": "foreign",
        "org_id": "5555467B5D8013E50A494220@AdobeOrg",
        "access_token": SecretStr("token-of-the-test"),
        "sandbox": SANDBOX,
        "mcp_approval": ApprovalMode.TWO_STEP,
    }
    return Settings.model_construct(**{**plain, **own})
