"""The real server over an emulated organisation of exactly so many flows, all of one account; what its tools answer."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import Any

import yaml
from mcp.client import Client, advertise
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID

from aep_flow_mcp.command_settings import emulator_settings
from aep_flow_mcp.documents.text import written
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Scale
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.seed import Seed, build_seed
from aep_flow_mcp.emulator.state.content import Sandboxes
from aep_flow_mcp.emulator.state.rows import ListRows
from aep_flow_mcp.server import FlowServer, build_server
from apps.stage import Given

ACCOUNT = "Generated bucket 000"
_S3 = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
_OPTIONS = EmulatorOptions()


def server_of(flows: int) -> FlowServer:
    """The server as users start it, with an emulator of so many flows behind it."""
    emulator = Emulator(_OPTIONS, seed_data=_organisation(flows))
    return build_server(emulator_settings(), transport=lambda: EmulatorTransport(emulator), emulated=True)


async def answer_of(server: FlowServer, tool: str, arguments: Given) -> Given:
    """What a host that shows apps gets of a tool, also of one that writes: it asks nobody, so nothing is written."""
    apps = advertise(EXTENSION_ID, {"mimeTypes": [APP_MIME_TYPE]})
    async with Client(server, extensions=[apps]) as client:
        result = await client.call_tool(tool, arguments)
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


@cache
def _whole(made: int, runs: int) -> Seed:
    return build_seed(seed=_OPTIONS.seed, now=_OPTIONS.clock(), scale=Scale(made, made * runs))


def names_of(flows: int) -> list[str]:
    """The names of its flows; the first fails now."""
    return [flow["name"] for flow in _organisation(flows).by_sandbox["dev"].flows]


async def documents_of(server: FlowServer, pipelines: int) -> str:
    """So many pipelines as documents, under further names: applied, they are new."""
    exported = await answer_of(server, "export_pipelines", {})
    documents = list(yaml.safe_load_all(exported["structuredContent"]["documents"]))[:pipelines]
    assert len(documents) == pipelines
    return "---\n".join(
        written(
            {
                **{name: value for name, value in one.items() if name not in ("names", "extra")},
                "pipeline": f"{one['pipeline']} again",
            },
            head=False,
        )
        for one in documents
    )


@cache
def _organisation(flows: int) -> Seed:
    # Every fourth hundred reads a database, which this account is not.
    whole = _whole(100, 30) if flows <= 50 else _whole(flows * 3 // 2, 4)
    dev = whole.by_sandbox["dev"]
    account = next(one for one in dev.connections if one["name"] == ACCOUNT)
    sources = {
        one["id"]: {**one, "baseConnectionId": account["id"]}
        for one in dev.source_connections
        if one["connectionSpec"]["id"] == _S3
    }
    generated = [
        flow
        for flow in dev.flows
        if flow["name"].startswith("Generated") and flow["sourceConnectionIds"][0] in sources
    ]
    # Those that fail now first: a single flow is then one with something to ask about.
    generated.sort(key=lambda flow: flow["lastRunDetails"]["state"] != "failed")
    kept = [_read_by(account, flow) for flow in generated[:flows]]
    ids = {flow["id"] for flow in kept}
    ends = {end for flow in kept for end in (*flow["sourceConnectionIds"], *flow["targetConnectionIds"])}
    small = replace(
        dev,
        source_connections=[one for id, one in sources.items() if id in ends],
        target_connections=[one for one in dev.target_connections if one["id"] in ends],
        flows=kept,
        runs=ListRows([run for run in _runs(dev.runs) if run["flowId"] in ids]),
    )
    built = {name: partial(whole.by_sandbox.__getitem__, name) for name in whole.by_sandbox}
    by_sandbox = Sandboxes({**built, "dev": lambda: small})
    return replace(whole, by_sandbox=by_sandbox)


def _runs(rows: Any) -> list[Given]:
    return [run for run in map(rows.get, rows.ids()) if run is not None]


def _read_by(account: Given, flow: Given) -> Given:
    inherited = flow["inheritedAttributes"]
    [source] = inherited["sourceConnections"]
    of_account = {**source, "baseConnection": {**source["baseConnection"], "id": account["id"]}}
    return {**flow, "inheritedAttributes": {**inherited, "sourceConnections": [of_account]}}
