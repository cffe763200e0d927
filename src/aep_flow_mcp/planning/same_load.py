"""A second flow that loads the same path into the same dataset doubles the data: looked for before a flow is made."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from aep_flow_mcp.guard.changes.naming import first_few
from aep_flow_mcp.pipelines.blueprint import Blueprint, Created, What
from aep_flow_mcp.planning.dependents import flow_lines
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.common import lives
from aep_flow_mcp.platform.models.connections import SourceConnection, TargetConnection, path_in
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.reader import FlowReader

MANY = 100
LOOKED_AT = 20
"""Flows over the same path whose targets are read."""
WHAT = "whether another flow loads the same path into the same dataset"


async def of_ends(aep: FlowReader, source: SourceConnection, target: TargetConnection) -> list[str]:
    """What to warn of before a flow joins these two; nothing where no path is loaded into a dataset."""
    return await _warnings(
        aep,
        account_id=source.base_id,
        spec_id=source.spec_id,
        path=source.path,
        dataset_id=target.dataset_id,
    )


async def of_blueprint(aep: FlowReader, blueprint: Blueprint) -> list[str]:
    """Likewise, before a whole pipeline is made."""
    bodies: dict[What, Mapping[str, Any]] = {part.what: part.body for part in blueprint.parts}
    source, target = bodies.get(What.SOURCE, {}), bodies.get(What.TARGET, {})
    account = source.get("baseConnectionId")
    path, dataset_id = path_in(source.get("params") or {}), (target.get("params") or {}).get("dataSetId")
    if isinstance(account, Created):
        new = f"Not looked for, since the account is new: {WHAT}."
        return [new] if path and dataset_id else []
    spec_id = source.get("connectionSpec", {}).get("id")
    return await _warnings(aep, account_id=account, spec_id=spec_id, path=path, dataset_id=dataset_id)


async def _warnings(
    aep: FlowReader, *, account_id: str | None, spec_id: str | None, path: str | None, dataset_id: str | None
) -> list[str]:
    if not path or not dataset_id or not (account_id or spec_id):
        return []
    over = (
        Filter("baseConnectionId").eq(account_id)
        if account_id
        else Filter("connectionSpec.id").eq(spec_id or "")
    )
    try:
        sources = await aep.list_source_connections(over, limit=MANY)
        flows = await _flows_over(aep, [item.id for item in sources.items if _near(item.path, path)])
        found = await _into(aep, flows[:LOOKED_AT], dataset_id)
    except PlatformError as error:
        return [f"Could not be read, so it was not checked: {WHAT} ({error.kind.value})."]
    same = {item.id for item in sources.items if _same(item.path, path)}
    doubled = [flow for flow in found if same & set(flow.source_connection_ids)]
    around = [flow for flow in found if flow not in doubled]
    told = first_few("Loads the same path into the same dataset already", flow_lines(doubled))
    told += first_few(
        "Loads a path above or below this one into the same dataset; what both read is loaded twice",
        flow_lines(around),
    )
    if sources.next_cursor or len(flows) > LOOKED_AT:
        told.append(f"Looked at only in part, there are so many connections: {WHAT}.")
    return told


async def _flows_over(aep: FlowReader, source_ids: list[str]) -> list[Flow]:
    if not source_ids:
        return []
    page = await aep.list_flows(Filter("sourceConnectionIds[]").in_(source_ids), limit=MANY)
    return [flow for flow in page.items if lives(flow.state)]


async def _into(aep: FlowReader, flows: list[Flow], dataset_id: str) -> list[Flow]:
    """Those that write into the dataset."""
    ids = list(dict.fromkeys(one for flow in flows for one in flow.target_connection_ids))
    targets = await together([partial(aep.get_target_connection, one) for one in ids])
    into = {target.id for target in targets if target.dataset_id == dataset_id}
    return [flow for flow in flows if into & set(flow.target_connection_ids)]


def _near(one: str | None, other: str) -> bool:
    """Whether one is the other or a folder on the way to it."""
    if one is None:
        return False
    short, long = sorted((one.strip("/"), other.strip("/")), key=len)
    return not short or long == short or long.startswith(f"{short}/")


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.strip("/") == other.strip("/")
