"""The whole export of datasets in one approval."""

from typing import Annotated, Any

from pydantic import Field

from aep_flow_mcp.gathering.finding import connection_id_of, dataset_id_of
from aep_flow_mcp.guard.changes.change import Change, Plan
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.checks.connections import check_target
from aep_flow_mcp.pipelines.checks.flows import check_schedule
from aep_flow_mcp.pipelines.checks.outcome import Problem
from aep_flow_mcp.planning import objects as planning
from aep_flow_mcp.planning.exports import Compression, ExportFormat, dataset_export_params, notes_on
from aep_flow_mcp.planning.flow_bodies import ExportEvery, StartTime, export_schedule
from aep_flow_mcp.planning.objects import compact
from aep_flow_mcp.platform.models.neighbours import Dataset
from aep_flow_mcp.platform.paging import Page, all_items
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.reader_specs import ConfigsQuery
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.registry import write_tool
from aep_flow_mcp.surface.write_params import DatasetRefs, Description, Folder, Name


@write_tool("exports")
async def export_dataset_to_landing_zone(
    aep: Reader,
    name: Name,
    datasets: DatasetRefs,
    path: Folder,
    start_time: StartTime,
    every: ExportEvery = ExportEvery.ONCE,
    end_time: str | None = None,
    dataset_file_type: ExportFormat = ExportFormat.JSON,
    compression: Compression = Compression.GZIP,
    account: Annotated[str | None, Field(description="id or name, to reuse one")] = None,
    description: Description = None,
) -> Change:
    """Export datasets into the landing zone: account, connections and flow at once, all or nothing."""
    warnings = notes_on(dataset_file_type, compression)
    spec = await planning.flow_spec(aep, wellknown.FLOW_DATASET_TO_LANDING_ZONE, warnings)
    schedule: Any = export_schedule(every, start_time, end_time, None)
    if spec is not None:
        schedule = planning.sendable(check_schedule(spec, schedule, now=planning.now()), warnings)
    names = await _exportable(aep, [await dataset_id_of(aep, text) for text in datasets], warnings)
    lake = await planning.connector(aep, wellknown.DATA_LAKE_SOURCE, warnings)
    zone = await planning.connector(aep, wellknown.LANDING_ZONE_TARGET, warnings)
    params = dataset_export_params(path, dataset_file_type, compression)
    if zone is not None:
        params = planning.sendable(check_target(zone, params=params, flow_spec=spec), warnings)
    account_id = await connection_id_of(aep, account) if account else None
    reused = await planning.account_for(aep, account_id, zone, warnings)
    zone_ref = planning.spec_ref(wellknown.LANDING_ZONE_TARGET, zone)

    plan = Plan(f"Export {', '.join(names.values())} to the Data Landing Zone")
    base = account_id or plan.create(
        Kind.CONNECTION, {"name": f"{name} account", "connectionSpec": zone_ref}, key="account"
    )
    source = plan.create(
        Kind.SOURCE_CONNECTION,
        {
            "name": f"{name} source",
            "params": {
                "datasets": [{"dataSetId": dataset_id, "name": title} for dataset_id, title in names.items()]
            },
            "connectionSpec": planning.spec_ref(wellknown.DATA_LAKE_SOURCE, lake),
        },
        key="source",
    )
    target = plan.create(
        Kind.TARGET_CONNECTION,
        {
            "name": f"{name} target",
            "baseConnectionId": base,
            "params": params,
            "connectionSpec": zone_ref,
        },
        key="target",
    )
    flow = compact(
        name=name,
        description=description,
        flowSpec=planning.spec_ref(wellknown.FLOW_DATASET_TO_LANDING_ZONE, spec),
        sourceConnectionIds=[source],
        targetConnectionIds=[target],
        transformations=[],
        scheduleParams=schedule,
    )
    plan.create(Kind.FLOW, flow, key="flow")
    named = (("account", reused), ("connector", zone), ("connector", lake), ("flow spec", spec))
    return plan.change(warnings=warnings, names=planning.called(*named))


async def _exportable(aep: FlowReader, dataset_ids: list[str], warnings: list[str]) -> dict[str, str]:
    """Dataset id -> name, once each; every one must be exportable, as far as that can be read."""
    known: dict[str, str] = {}
    wanted = set(dataset_ids)

    async def fetch(cursor: str | None) -> Page[Dataset]:
        return await aep.connection_spec_configs(
            wellknown.DATA_LAKE_SOURCE, ConfigsQuery(limit=100), cursor=cursor
        )

    async def look() -> bool:
        async for item in all_items(fetch):
            if item.id:
                known[item.id] = item.name or item.id
            if known.keys() >= wanted:
                break
        return True

    so = "whether these are among them was not checked"
    read = await planning.readable("The datasets that can be exported", look, warnings, so=so)
    planning.refuse(
        Problem("datasets", f"{dataset_id} is not among the datasets that can be exported.")
        for dataset_id in (dataset_ids if read else ())
        if dataset_id not in known
    )
    return {dataset_id: known.get(dataset_id, dataset_id) for dataset_id in dict.fromkeys(dataset_ids)}
