"""A foreign organisation whose pipelines can be created: what was generated, with the connectors as they are published,
and a sandbox of the emulator with its accounts, datasets and schemas, and no pipeline."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import anyio

from aep_flow_mcp import code_work
from aep_flow_mcp.app import App
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.state.content import Sandboxes, SandboxSeed, Seed
from aep_flow_mcp.emulator.state.rows import ListRows
from aep_flow_mcp.settings import Settings, read_settings
from as_code.bed import LONG_AGO, Bed
from foreign.organisation import make_organisation
from foreign.service import ForeignService
from foreign.specs import EXPORTS, REST, RESTS, S3_OUT, WEBHOOK, ZONE_EXPORTS, ZONE_OUT
from foreign.truth import SANDBOX, Body, Organisation, Thing

FLOWS_AT_MOST = 12
_TOKEN = "token"
_KEY = "e31ae895-7896-469a-8e06-eb9207ddf1c2"
"""The key of every encrypted file of the generator."""


def settings() -> Settings:
    """Settings for both services."""
    return read_settings(sandbox=SANDBOX, access_token=_TOKEN, org_id="O@AdobeOrg", client_id="c")


def organisation(seed: int) -> Organisation:
    """The organisation of a seed, all of it readable, whose specs are the published ones, and whose ends have what
    these require: the generator leaves that out, as no reader asks for it."""
    made = make_organisation(seed, flows_at_most=FLOWS_AT_MOST)
    made.closed.clear()
    for things in made.things.values():
        things.update({id: replace(thing, refused=None) for id, thing in things.items()})
    for kind, row in _published():
        if row["id"] == RESTS.id:
            # Each such connector is listed in the flow spec by whoever made it.
            row = {**row, "sourceConnectionSpecIds": [*row["sourceConnectionSpecIds"], REST.id]}
        made.add(kind, Thing(row["id"], row, row, name=row["name"]))
    for flow in made.flows:
        targets, sources = made.things["targetConnections"], made.things["sourceConnections"]
        _require(targets, flow.target_id, _of_target(targets[flow.target_id].body, flow.spec_id))
        if _spec_of(sources[flow.source_id].body) == REST.id:
            _require(sources, flow.source_id, {"listId": "members"})
    return made


def _of_target(body: Body, flow_spec: str) -> Body:
    if _spec_of(body) not in (S3_OUT.id, ZONE_OUT.id):
        return {}
    file_type = "datasetFileType" if flow_spec in (EXPORTS.id, ZONE_EXPORTS.id) else "fileType"
    return {"path": "exports/a", file_type: "JSON"}


def _require(things: dict[str, Thing], id: str, params: Body) -> None:
    thing = things[id]
    if params:
        held = thing.body.get("params") or {}
        things[id] = replace(thing, body={**thing.body, "params": {**held, **params}})


def _spec_of(body: Body) -> Any:
    ref = body.get("connectionSpec")
    return ref.get("id") if isinstance(ref, dict) else ref


@cache
def _published() -> tuple[tuple[str, Body], ...]:
    """Every spec of the emulator; it has none of these two connectors, which are as the generator makes them."""
    kinds = ("connectionSpecs", "flowSpecs")
    listed = [(kind, row) for kind in kinds for row in Emulator().store.specs(kind)]
    for seed in range(100):
        generated = make_organisation(seed, frozenset({"authSpec", "specVersion", "attributes"}))
        own = [generated.things["connectionSpecs"].get(one.id) for one in (REST, WEBHOOK)]
        if None not in own:
            return (*listed, *(("connectionSpecs", thing.body) for thing in own if thing))
    raise AssertionError("no organisation has both")


def exported(made: Organisation, folder: Path) -> str:
    """Export everything into a folder, from the service that answers as it was generated. Returns what was said."""

    async def run() -> Any:
        app = App(settings(), transport=lambda: ForeignService(made), emulated=True)
        try:
            return await code_work.export_to(app, folder, sandbox=None, names=())
        finally:
            await app.aclose()

    code, said = anyio.run(run)
    assert code == 0, said
    return str(said)


def empty_sandbox(made: Organisation, folder: Path) -> Bed:
    """A folder and a sandbox of the same organisation without pipelines, before all of its schedules."""

    def bodies(kind: str) -> list[Body]:
        return [thing.body for thing in made.of(kind)]

    def load() -> SandboxSeed:
        return SandboxSeed(
            connections=bodies("connections"),
            source_connections=[],
            target_connections=[],
            flows=[],
            runs=ListRows([]),
            datasets={thing.id: thing.body for thing in made.of("dataSets")},
            batches={},
            schemas=bodies("schemas"),
            mapping_sets=[],
            read_files=dict,
        )

    seed = Seed(
        sandboxes=[
            {"name": SANDBOX, "title": "Stage", "type": "development", "state": "active", "isDefault": True}
        ],
        connection_specs=bodies("connectionSpecs"),
        flow_specs=bodies("flowSpecs"),
        by_sandbox=Sandboxes({SANDBOX: load}),
        broken={},
    )
    options = EmulatorOptions(
        clock=lambda: LONG_AGO,
        client_id=None,
        client_secret=None,
        org_id=None,
        static_tokens=frozenset({_TOKEN}),
    )
    emulator = Emulator(options, seed_data=seed)
    emulator.store.sandboxes[SANDBOX].encryption_keys[_KEY] = {"publicKeyId": _KEY}
    bed = Bed(folder, emulator)
    bed.settings = settings()
    return bed
