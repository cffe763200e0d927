"""The internal flows that carry datasets into the profile store and the identity service.

The ids of these stores' specs are not published and differ from what circulates, so the flows are found by
name: by their flow spec's, or by that of the connection spec that they write to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from mcp.server.mcpserver.exceptions import ToolError

from aep_flow_mcp.answers.flows import FlowRow, FlowRunRow, flow_row, flow_run_row, usual_durations
from aep_flow_mcp.answers.listing import Detail, listed
from aep_flow_mcp.answers.text import Listing, Record, Whole
from aep_flow_mcp.answers.whole import ONE, whole
from aep_flow_mcp.gathering.conditions import where
from aep_flow_mcp.gathering.finding import dataset_ids_of
from aep_flow_mcp.gathering.flow_parts import found
from aep_flow_mcp.gathering.histories.sifted import runs_in
from aep_flow_mcp.gathering.names import plain_name
from aep_flow_mcp.gathering.spec_names import with_specs
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.terms import RunState
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.filters import Condition, Filter
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import Dataset
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.urls import FLOW_SERVICE
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import NEWEST_FIRST, Cursor, DatasetRef, Limit
from aep_flow_mcp.surface.registry import read_tool

UNKNOWN = "unknown"
_DATASET_PATHS = ("params.dataSetId", "params.datasets[].dataSetId")
_SHOWN_OTHERS = 50
MANY = 100
"""How many ids one filter takes."""


@dataclass(frozen=True)
class Store:
    """Where the flows lead. Names of connection specs are compared without case, spaces and punctuation."""

    title: str
    flow_spec: str
    targets: frozenset[str]


PROFILE = Store(
    "profile",
    "dataset_to_ups",
    frozenset({"ups", "profile", "profilestore", "unifiedprofile", "unifiedprofileservice"}),
)
IDENTITY = Store(
    "identity",
    "dataset_to_uis",
    frozenset({"uis", "identity", "identityservice", "identitystore", "unifiedidentity"}),
)


class StoreFlowRow(FlowRow):
    """A flow and the dataset that it carries, where that was asked for."""

    dataset_id: str | None = None
    dataset_name: str | None = None


@read_tool("profile")
async def list_profile_flows(
    aep: Reader, resolve_source_dataset: bool = False, limit: Limit = 20, cursor: Cursor = None
) -> Listing[StoreFlowRow | Whole]:
    """Flows that load datasets into the profile store (UPS)."""
    return await _flows(aep, PROFILE, resolve_source_dataset, limit, cursor)


@read_tool("profile")
async def list_identity_flows(
    aep: Reader, resolve_source_dataset: bool = False, limit: Limit = 20, cursor: Cursor = None
) -> Listing[StoreFlowRow | Whole]:
    """Flows that load datasets into the identity service (UIS)."""
    return await _flows(aep, IDENTITY, resolve_source_dataset, limit, cursor)


@read_tool("profile")
async def get_profile_flow(aep: Reader, dataset: DatasetRef) -> Record:
    """The flow that loads a dataset into the profile store."""
    return await _flow(aep, PROFILE, dataset)


@read_tool("profile")
async def get_identity_flow(aep: Reader, dataset: DatasetRef) -> Record:
    """The flow that loads a dataset into the identity service."""
    return await _flow(aep, IDENTITY, dataset)


@read_tool("profile")
async def list_profile_flow_runs(
    aep: Reader,
    dataset: DatasetRef,
    status: RunState | None = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Listing[FlowRunRow | Whole]:
    """Runs that loaded a dataset into the profile store, newest first."""
    return await _runs(aep, PROFILE, dataset, status, limit, cursor)


@read_tool("profile")
async def list_identity_flow_runs(
    aep: Reader,
    dataset: DatasetRef,
    status: RunState | None = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Listing[FlowRunRow | Whole]:
    """Runs that loaded a dataset into the identity service, newest first."""
    return await _runs(aep, IDENTITY, dataset, status, limit, cursor)


async def _flows(
    aep: FlowReader, store: Store, resolve: bool, limit: int, cursor: str | None
) -> Listing[StoreFlowRow | Whole]:
    unread = Unread()
    condition = await into(aep, store, unread)
    page, specs, note = await with_specs(
        lambda: aep.list_flows(condition, limit=limit, cursor=cursor),
        aep.list_flow_specs,
        lacking="Some modes",
    )
    read = await _datasets_read(aep, page, unread) if resolve else {}
    return listed(
        page,
        lambda flow: StoreFlowRow.model_validate(dict(flow_row(flow, specs, {})) | read.get(flow.id, {})),
        Detail.SUMMARY,
        note=" ".join(filter(None, [note, unread.note])) or None,
    )


async def _flow(aep: FlowReader, store: Store, dataset: str) -> Record:
    unread = Unread()
    flow, *others = await _flows_of_dataset(aep, store, dataset, unread)
    stored = await aep.get_object("flows", flow.id)
    shown = whole(stored, path=f"{FLOW_SERVICE}/flows/{flow.id}", select=ONE)
    if not others:
        return _noted(shown, unread.note)
    ids = ", ".join(other.id for other in others[:_SHOWN_OTHERS])
    more = f" (list_{store.title}_flows has all)" if len(others) > _SHOWN_OTHERS else ""
    return _noted(shown, f"{len(others)} more flows load such a dataset: {ids}{more}.", unread.note)


def _noted(shown: Record, *more: str | None) -> Record:
    note = " ".join(filter(None, [shown.note, *more]))
    return shown.model_copy(update={"note": note}) if note else shown


async def _runs(
    aep: FlowReader,
    store: Store,
    dataset: str,
    state: RunState | None,
    limit: int,
    cursor: str | None,
) -> Listing[FlowRunRow | Whole]:
    unread = Unread()
    flows = await _flows_of_dataset(aep, store, dataset, unread)
    asked = where({"flowId": [flow.id for flow in flows]}, None)
    page = await runs_in(aep, asked, state, limit=limit, orderby=NEWEST_FIRST, cursor=cursor)
    names = {flow.id: flow.name or flow.id for flow in flows}
    usual = usual_durations(page.items)
    return listed(
        page, lambda run: flow_run_row(run, names=names, usual=usual), Detail.SUMMARY, note=unread.note
    )


async def into(aep: FlowReader, store: Store, unread: Unread) -> Condition:
    """The filter for flows that lead into a store; `unread` gets what it may miss.

    Raises:
        ToolError: neither a flow spec nor a connection spec of that name is to be seen. One of the two is enough.
    """
    wanted = plain_name(store.flow_spec)
    so = f"{store.title} flows are told by the connectors that they repeat: one that repeats none is missing"
    flow_specs = await unread.read("The flow specs", aep.list_flow_specs, (), so=so)
    ids = [spec.id for spec in flow_specs if plain_name(spec.name or "") == wanted]
    if ids:
        return Filter("flowSpec.id").in_(ids)
    connectors = await unread.read(
        "The connectors",
        aep.list_connection_specs,
        (),
        so=f"flows of the {store.title} store cannot be told from others by them",
    )
    ids = [spec.id for spec in connectors if plain_name(spec.name or "") in store.targets]
    if ids:
        if not unread.note:
            unread.notes.append(f"No flow spec is called {store.flow_spec}: {so}.")
        return Filter("inheritedAttributes.targetConnections[].connectionSpec.id").in_(ids)
    if unread.note:
        raise ToolError(unread.note)
    raise ToolError(
        f"No flow spec here is called {store.flow_spec}, and no connector by a name of the {store.title} store: "
        "this sandbox has none of these flows, or the credential may not see them."
    )


async def _flows_of_dataset(aep: FlowReader, store: Store, dataset: str, unread: Unread) -> list[Flow]:
    """At least one flow, newest first.

    Raises:
        AskedError: no such dataset.
        ToolError: no flow reads it.
    """
    ids = await dataset_ids_of(aep, dataset)
    condition = await into(aep, store, unread)
    read = await together([partial(_sources_of, aep, path, ids) for path in _DATASET_PATHS])
    sources = sorted({id for found_ids in read for id in found_ids})
    flows: list[Flow] = []
    for part in _parts(sources):
        reading = Filter("sourceConnectionIds[]").in_(part)
        flows += [flow async for flow in aep.iter_flows([condition, reading], orderby=NEWEST_FIRST)]
    if not flows:
        told = (
            f"No flow loads dataset {dataset} into the {store.title} store: "
            f"it may not be enabled for it. list_{store.title}_flows shows those there are."
        )
        raise ToolError(" ".join(filter(None, [told, unread.note])))
    return flows


async def _sources_of(aep: FlowReader, path: str, dataset_ids: Sequence[str]) -> list[str]:
    """The source connections that read a dataset, by one of the two places where they name it."""
    reading = Filter(path).in_(dataset_ids)
    return [source.id async for source in aep.iter_source_connections(reading)]


async def _datasets_read(aep: FlowReader, page: Page[Flow], unread: Unread) -> dict[str, dict[str, str]]:
    """Flow id -> dataset_id and dataset_name of what it reads; `unknown` where it cannot be told."""
    source_of = {flow.id: flow.source_connection_ids[0] for flow in page.items if flow.source_connection_ids}
    dataset_of: dict[str, str] = {}

    async def sources() -> None:
        for part in _parts(sorted(set(source_of.values()))):
            found_sources = aep.iter_source_connections(Filter("id").in_(part))
            dataset_of.update(
                {source.id: source.dataset_ids[0] async for source in found_sources if source.dataset_ids}
            )

    await unread.read(
        "The source connections", sources, None, so="which datasets the flows read is not known"
    )
    ids = sorted(set(dataset_of.values()))
    named = await together([partial(found, partial(aep.neighbours.get_dataset, id)) for id in ids])
    names = dict(zip(ids, map(_dataset_name, named), strict=True))
    read = {flow: dataset_of.get(source, UNKNOWN) for flow, source in source_of.items()}
    return {flow: {"dataset_id": id, "dataset_name": names.get(id, UNKNOWN)} for flow, id in read.items()}


def _dataset_name(dataset: Dataset | Problem) -> str:
    return (dataset.name if isinstance(dataset, Dataset) else None) or UNKNOWN


def _parts(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(ids), MANY):
        yield ids[start : start + MANY]
