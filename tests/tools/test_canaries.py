"""Canaries in every place where a secret can stand, searched for in everything that comes out.

Every tool is called (a tool without arguments in a table fails the test), and resources, prompts, completions, the
approval page, the audit log and the log at DEBUG are searched too.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import PromptReference, ResourceTemplateReference, TextContent

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.logs import JsonFormatter
from aep_flow_mcp.platform.models.specs import ConnectionSpec
from aep_flow_mcp.platform.redaction.declared import parts_of
from aep_flow_mcp.platform.redaction.names import is_secret_name
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.prompts import load_prompts
from aep_flow_mcp.resources import RESOURCES
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import ApprovalMode
from aep_flow_mcp.surface.snapshot import load_cards
from support.approver import Page
from support.echoing import EchoingTransport, forms, telling
from support.organisation import emulator_on_shared_seed
from tools.conftest import NOW, no_wait
from tools.reading import READS
from tools.writing import CASES, CLOUD_STORAGE, World

FLOW_SERVICE = "/data/foundation/flowservice"
CARDS = {card["name"]: card for card in load_cards()}
ENVIRONMENT = {
    "AEP_SECRET_ID": "AKIASECRETSECRET2345",
    "AEP_SECRET_KEY": "zq/Canary+of the=environment&number\\one",
    "AEP_SECRET_OTHER": "never-mentioned-anywhere-but-set",
}


EVERYTHING = (
    {("tool", name) for name in CARDS}
    | {("resource", item.uri) for item in RESOURCES}
    | {("prompt", name) for name in load_prompts()}
)


@dataclass
class Search:
    """Everything that came out, and what may not be in it."""

    server: Any
    client: Client
    transport: EchoingTransport
    log: io.StringIO
    audit: Path
    out: list[str] = field(default_factory=list)
    exercised: set[tuple[str, str]] = field(default_factory=set)
    """What has answered with more than an error: (tool, resource or prompt; its name or address)."""

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        result = await self.client.call_tool(tool, dict(arguments))
        self.out += [part.text for part in result.content if isinstance(part, TextContent)]
        self.out.append(json.dumps(result.structured_content, ensure_ascii=False))
        # What a write was refused for by the service went through everything that a write goes through.
        if not result.is_error or "status" in (result.structured_content or {}):
            self.exercised.add(("tool", tool))
        return result.structured_content or {}

    def nothing_of(self, secrets: list[str]) -> None:
        lines = self.audit.read_text("utf-8") if self.audit.exists() else ""
        everything = "\n".join([*self.out, self.log.getvalue(), lines])
        assert len(everything) > 500
        for secret in secrets:
            for kind, form in forms(secret).items():
                at = everything.find(telling(form))
                assert at < 0, f"{kind}: {everything[max(0, at - 200) : at + 80]}"


@pytest.fixture
def emulator() -> Emulator:
    return emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW, provider_access=True))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    yield from _logged()


def _logged() -> Iterator[io.StringIO]:
    root, stream = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(stream)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@asynccontextmanager
async def searching(
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
    audit: Path,
    *,
    status: int | None = None,
    echo: bool = True,
    opener: Any = None,
    **settings: Any,
) -> AsyncIterator[Search]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    chosen = emulator_settings(mcp_audit_log=audit, **settings)
    secrets = [*ENVIRONMENT.values(), "emulator-secret"] if echo else []
    transport = EchoingTransport(emulator, secrets, status=status)
    platform = PlatformClient(platform_config(chosen), transport=transport, sleep=no_wait)
    guard = Guard(chosen, platform, sleep=no_wait, open_browser=opener)
    server = build_server(chosen, client=platform, guard=guard, emulated=True)
    for handler in logging.getLogger().handlers:
        if getattr(handler, "stream", None) is log:
            handler.setFormatter(JsonFormatter(server.app.redactor))
    async with Client(server) as client:
        yield Search(server, client, transport, log, audit)


def test_every_tool_has_arguments_to_be_searched_with() -> None:
    assert set(READS) | set(CASES) | {"confirm_change"} == set(CARDS)


@pytest.mark.parametrize("status", [None, 400, 500])
async def test_what_is_echoed_comes_out_nowhere(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, tmp_path: Path, status: int | None
) -> None:
    world = World(emulator, NOW)
    arguments = {name: make(world) for name, make in {**READS, **CASES}.items()}
    # A dataset is echoed with every other name.
    arguments["create_pipeline"]["datasets"] = [world.dataset]
    # Names are not these any more where they are echoed.
    for name, kind in {"Brightfjord ingest bucket": "connections", "Loyalty Members": "dataSets"}.items():
        id = next(one["id"] for one in world.all(kind) if one["name"] == name)
        documents = arguments["apply_changes"]["documents"]
        arguments["apply_changes"]["documents"] = documents.replace(name, f"{{id: {id}}}")
    # What delete_flow has deleted is not there any more.
    arguments["delete_pipeline"]["flow"] = SCENARIOS["stale"]
    async with searching(emulator, monkeypatch, log, tmp_path / "audit.jsonl", status=status) as search:
        await search.call("list_flows", {})
        # The specs are replaced last: others go by what they say.
        for name in sorted(arguments, key=lambda name: name.endswith("_spec") and name.startswith("update")):
            given = arguments[name]
            answer = await search.call(name, given)
            if answer.get("confirmation_id"):
                await search.call("confirm_change", {"confirmation_id": answer["confirmation_id"]})
        await _resources_and_prompts(search, world.failed_run())
        if status is None:
            assert sorted(EVERYTHING - search.exercised) == []
            assert search.audit.read_text("utf-8").count("approved") > 20
        search.nothing_of([*ENVIRONMENT.values(), "emulator-secret", *search.transport.tokens])


async def _resources_and_prompts(search: Search, run_id: str) -> None:
    from mcp.shared.exceptions import MCPError

    found = {
        "flow": READS["get_flow"](None)["flow_id"],  # type: ignore[arg-type]
        "connector": READS["explore_connection_spec"](None)["connection_spec_id"],  # type: ignore[arg-type]
        "flow_spec": CLOUD_STORAGE,
        "run": run_id,
    }
    for item in RESOURCES:
        uri = item.uri.replace("{id}", found.get(item.completes or "", "none"))
        try:
            result = await search.client.read_resource(uri)
        except MCPError as error:
            search.out.append(str(error))
            continue
        search.out += [str(getattr(content, "text", "")) for content in result.contents]
        search.exercised.add(("resource", item.uri))
        if item.completes:
            template = ResourceTemplateReference(type="ref/resource", uri=item.uri)
            offered = await search.client.complete(template, {"name": "id", "value": ""})
            search.out += offered.completion.values
    for prompt in load_prompts().values():
        for argument in prompt.arguments:
            reference = PromptReference(type="ref/prompt", name=prompt.name)
            completion = await search.client.complete(reference, {"name": argument.name, "value": ""})
            search.out += completion.completion.values
        given = {argument.name: ENVIRONMENT["AEP_SECRET_KEY"] for argument in prompt.arguments}
        text = await search.client.get_prompt(prompt.name, given)
        search.out.append(text.model_dump_json())
        search.exercised.add(("prompt", prompt.name))


async def test_the_approval_page_shows_no_canary(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, tmp_path: Path
) -> None:
    pages: list[str] = []

    async def look(address: str) -> bool:
        page = Page(address)
        pages.append((await page.load()).text)
        await page.http.aclose()
        return False

    world = World(emulator, NOW)
    asked = (
        "create_connection",
        "update_connection",
        "delete_connection",
        "create_pipeline",
        "run_flow_action",
    )
    async with searching(
        emulator, monkeypatch, log, tmp_path / "a.jsonl", opener=look, mcp_approval=ApprovalMode.BROWSER
    ) as search:
        await search.call("list_flows", {})
        for name in asked:
            await search.call(name, CASES[name](world))
        search.out += pages
        assert len(pages) >= 3
        search.nothing_of([*ENVIRONMENT.values(), "emulator-secret", *search.transport.tokens])


# --- every credential field of every connector -----------------------------------------------------------


def _credentials(spec: ConnectionSpec, number: int) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """For each way to sign in, and for `params`, a canary in every field that holds a secret."""
    canaries: list[str] = []
    bodies: dict[str, dict[str, Any]] = {}
    marked = {parts_of(pointer)[:3] for pointer in spec.secret_pointers}
    parts = [(way.name or "W", "auth", way.properties) for way in spec.auth_specs]
    ends = [part.properties for part in (spec.source_spec, spec.target_spec) if part]
    parts.append(("params", "", {name: kind for fields in ends for name, kind in fields.items()}))
    for way, place, fields in parts:
        for name in fields:
            declared = (("auth", "params", name) if place else ("params", name)) in marked
            if declared or is_secret_name(name):
                canaries.append(f"canary-{number}-{len(canaries)}-of-{name}-zzMARKzz")
                bodies.setdefault(way, {})[name] = canaries[-1]
    bodies.setdefault("params", {})["headerParams"] = {"X-Whatever": f"canary-{number}-header-zzMARKzz"}
    return bodies, canaries


async def test_no_credential_field_of_any_connector_is_shown(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, tmp_path: Path
) -> None:
    specs = [ConnectionSpec.model_validate(row) for row in emulator.store.all("dev", "connectionSpecs")]
    planted = 0
    async with searching(emulator, monkeypatch, log, tmp_path / "audit.jsonl", echo=False) as search:
        for number, spec in enumerate(specs):
            bodies, canaries = _credentials(spec, number)
            planted += len(canaries)
            params = bodies.pop("params")
            for way, fields in (bodies or {"none": {}}).items():
                await _one_account(search, emulator, spec, number, way, fields, params)
        everything = "\n".join([*search.out, log.getvalue()])
    assert planted > 50
    at = everything.find("zzMARKzz")
    assert at < 0, everything[max(0, at - 300) : at + 50]


async def _one_account(
    search: Search,
    emulator: Emulator,
    spec: ConnectionSpec,
    number: int,
    way: str,
    fields: dict[str, Any],
    params: dict[str, Any],
) -> None:
    ref = {"id": spec.id, "version": "1.0"}
    common = {"name": "n", "state": "enabled", "etag": '"e"', "version": '"e"', "connectionSpec": ref}
    ids = [f"{part}-0000-4000-8000-{number:012d}" for part in ("aaaaaaaa", "bbbbbbbb", "cccccccc")]
    operations = [{"op": "replace", "path": "/auth/params", "value": fields}]
    stored: list[tuple[str, dict[str, Any]]] = [
        ("connections", {"auth": {"specName": way, "params": fields}, "lastOperation": {"ops": operations}}),
        ("sourceConnections", {"params": params}),
        ("targetConnections", {"params": params}),
    ]
    for object_id, (kind, own) in zip(ids, stored, strict=True):
        emulator.store.put("dev", kind, {**common, "id": object_id, **own})
        await search.call("get_resource", {"path": f"{FLOW_SERVICE}/{kind}/{object_id}"})
        name = {"connections": "connection", "sourceConnections": "source_connection"}.get(
            kind, "target_connection"
        )
        await search.call(f"get_{name}", {f"{name}_id": object_id})
    make = {"name": "a", "connection_spec_id": spec.id}
    await search.call("create_connection", {**make, "auth_spec": way, "auth_params": fields})
    await search.call(
        "update_connection", {"connection_id": ids[0], "operations": [{**operations[0], "op": "add"}]}
    )
    for side in ("source", "target"):
        await search.call(f"create_{side}_connection", {**make, "params": params})
