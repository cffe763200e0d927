"""The reader against the emulator: what is stored there is what arrives here, whatever goes wrong in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from pydantic import SecretStr

from aep_flow_mcp.emulator import Emulator, EmulatorOptions, FaultKind, FaultRule, Variants
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.platform.config import Credentials, PlatformConfig, Timeouts
from aep_flow_mcp.platform.errors import AnswerLost, ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.explore import ExploreQuery
from aep_flow_mcp.platform.models.flows import DATA_LAKE_SOURCE_SPEC, FlowKind
from aep_flow_mcp.platform.models.runs import RunStatus
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.reader_specs import ConfigsQuery
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.platform.writer import FlowWriter

LANDING_ZONE_SPEC = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
LISTS = ["connections", "source_connections", "target_connections", "flows"]


def options(**changes: Any) -> EmulatorOptions:
    return EmulatorOptions(client_id="me", client_secret="mine", org_id="ORG@AdobeOrg", **changes)


def still() -> datetime:
    return datetime(2026, 1, 15, 9, 30, tzinfo=UTC)


async def nap(_: float) -> None:
    await anyio.lowlevel.checkpoint()


def connect(emulator: Emulator, **changes: Any) -> PlatformClient:
    values: dict[str, Any] = {
        "platform_url": "http://127.0.0.1",
        "ims_url": "http://127.0.0.1",
        "credentials": Credentials(client_id="me", org_id="ORG@AdobeOrg", client_secret=SecretStr("mine")),
        "sandbox": "dev",
        "sandboxes": ("prod",),
        **changes,
    }
    return PlatformClient(PlatformConfig(**values), transport=EmulatorTransport(emulator), sleep=nap)


@pytest.fixture
def emulator() -> Emulator:
    return Emulator(options())


@pytest.fixture
async def reader(emulator: Emulator) -> AsyncIterator[FlowReader]:
    async with connect(emulator) as client:
        yield FlowReader(client)


@pytest.mark.parametrize("noun", LISTS)
async def test_every_item_once_over_several_pages(reader: FlowReader, noun: str) -> None:
    total = await getattr(reader, f"count_{noun}")()
    assert total > 14
    seen: list[str] = []
    cursor, requests = None, 0
    while requests == 0 or cursor is not None:
        page = await getattr(reader, f"list_{noun}")(limit=7, orderby="name", cursor=cursor)
        seen += [item.id for item in page.items]
        cursor, requests = page.next_cursor, requests + 1
    assert requests == -(-total // 7)
    assert len(seen) == len(set(seen)) == total
    assert {item.id async for item in getattr(reader, f"iter_{noun}")()} == set(seen)
    one = await getattr(reader, f"get_{noun.removesuffix('s')}")(seen[0])
    assert one.id == seen[0]
    assert one.name
    assert one.etag.startswith('"')
    assert one.created_at.tzinfo is not None


async def test_runs_by_time_and_status(reader: FlowReader) -> None:
    newest = await reader.list_runs(limit=1, orderby="-metrics.durationSummary.startedAtUTC")
    until = newest.items[0].started_at
    assert until is not None
    since = int(until.timestamp() * 1000) - 2 * 86_400_000
    started = Filter("metrics.durationSummary.startedAtUTC")
    failed = Filter("metrics.statusSummary.status").eq("failed")
    found = [run async for run in reader.iter_runs([started.ge(since), failed])]
    assert len(found) == await reader.count_runs([started.ge(since), failed]) > 0
    assert {run.status for run in found} == {RunStatus.FAILED}
    assert all(run.started_at is not None and run.started_at.timestamp() * 1000 >= since for run in found)
    assert all(run.errors for run in found)


async def test_flows_of_each_kind_and_their_parts(reader: FlowReader) -> None:
    flows = [flow async for flow in reader.iter_flows()]
    kinds = Counter(flow.kind for flow in flows)
    assert set(kinds) == set(FlowKind)
    assert (
        await reader.count_flows("inheritedAttributes.properties.isDestinationFlow==true")
        == kinds[FlowKind.DESTINATION]
    )
    flow = next(each for each in flows if each.kind is FlowKind.SOURCE and each.mapping and each.last_run)
    assert flow.mapping is not None
    source = await reader.get_source_connection(flow.source_connection_ids[0])
    target = await reader.get_target_connection(flow.target_connection_ids[0])
    assert flow.source_refs[0].id == source.id
    spec = await reader.get_connection_spec(source.spec_id or "")
    assert spec.is_source
    assert (await reader.get_flow_spec(flow.spec_id or "")).takes_source(spec.id)
    dataset = await reader.neighbours.get_dataset(target.dataset_id or "")
    assert dataset.name
    assert (await reader.neighbours.get_schema(target.schema_id or "")).title
    assert (await reader.neighbours.get_mapping_set(flow.mapping.mapping_id)).mappings
    [run] = (await reader.list_runs(Filter("flowId").eq(flow.id), limit=1)).items
    assert (await reader.get_run(run.id)).flow_id == flow.id


async def test_specs_and_search(reader: FlowReader) -> None:
    connectors, kinds = await reader.list_connection_specs(), await reader.list_flow_specs()
    assert len({spec.id for spec in connectors}) == len(connectors) > 40
    assert {"CloudStorageToAEP", "CRMToAEP"} <= {spec.name for spec in kinds}
    found = await reader.search_flows("state==disabled")
    assert {flow.state for flow in found.items} == {"disabled"}
    assert (await reader.search_connections("state==enabled", limit=3)).next_cursor
    assert [spec.name for spec in (await reader.search_flow_specs("name==CRMToAEP")).items] == ["CRMToAEP"]


async def test_explore_test_and_configs(reader: FlowReader) -> None:
    root = await reader.explore_connection_spec(LANDING_ZONE_SPEC, ExploreQuery())
    folder = next(item for item in root.items if item.type == "folder")
    inside = await reader.explore_connection_spec(
        LANDING_ZONE_SPEC, ExploreQuery(object_type="folder", object=folder.path)
    )
    file = next(item for item in inside.items if item.type == "file")
    looked = await reader.explore_connection_spec(
        LANDING_ZONE_SPEC,
        ExploreQuery(object_type="file", object=file.path, determine_properties=True, preview=True),
    )
    assert looked.preview is not None
    assert looked.preview.columns
    assert looked.preview.data
    first = await reader.connection_spec_configs(DATA_LAKE_SOURCE_SPEC, ConfigsQuery(limit=3))
    second = await reader.connection_spec_configs(
        DATA_LAKE_SOURCE_SPEC, ConfigsQuery(limit=3), cursor=first.next_cursor
    )
    assert len({dataset.id for dataset in [*first.items, *second.items]}) == 6
    account = (await reader.list_connections(Filter("state").eq("enabled"), limit=1)).items[0]
    assert await reader.test_connection(account.id) is True


async def test_neighbours(reader: FlowReader) -> None:
    near = reader.neighbours
    found = {sandbox.name: sandbox.is_production for sandbox in await near.list_sandboxes()}
    assert (found["prod"], found["dev"]) == (True, False)
    assert (await near.get_sandbox("prod")).type == "production"
    ids: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        page = await near.list_datasets(limit=5, cursor=cursor)
        ids += [dataset.id for dataset in page.items]
        cursor, pages = page.next_cursor, pages + 1
    assert len(ids) == len(set(ids)) > 10
    known = await near.get_datasets([*ids[:3], "000000000000000000000000"])
    assert [dataset is not None for dataset in known.values()] == [True, True, True, False]
    named = known[ids[0]]
    assert named is not None
    assert ids[0] in [dataset.id for dataset in await near.find_dataset_by_name(named.name or "")]
    assert (await near.landing_zone()).container
    secret = await near.landing_zone_credential()
    assert secret.sas_token is not None
    titles: list[str | None] = []
    schemas = await near.list_schemas(limit=4)
    titles += [schema.title for schema in schemas.items]
    while schemas.next_cursor:
        schemas = await near.list_schemas(limit=4, cursor=schemas.next_cursor)
        titles += [schema.title for schema in schemas.items]
    assert len(titles) == len(set(titles)) > 4


@pytest.mark.parametrize(
    "variants",
    [
        Variants(schedule_numbers="string", mapping_version="string", flow_spec_ref="string"),
        Variants(run_etag_key="eTag", activities_key="activites", completed_key="stoppedAtUTC"),
        Variants(status_case="capitalised", last_page="missing", next_href="with_params"),
        Variants(status_case="upper", last_page="null", count_answer="with_items"),
        Variants(transformation_key="plural", permissions_info="object", explore_root="items"),
        Variants(transformation_key="dtos", configs_page_info="missing", dlz_provider="aws"),
    ],
)
async def test_each_documented_spelling_reads_the_same(variants: Variants) -> None:
    async def digest(of: Emulator) -> list[Any]:
        async with connect(of) as client:
            reader = FlowReader(client)
            flows = [flow async for flow in reader.iter_flows(orderby="name")]
            runs = (await reader.list_runs(orderby="id", limit=100)).items
            return [
                [
                    (flow.id, flow.spec_id, flow.kind, flow.schedule and flow.schedule.every, flow.mapping)
                    for flow in flows
                ],
                [(run.id, run.status, run.duration_s, run.etag, run.errors, run.records_in) for run in runs],
                [
                    [step.name for step in spec.transformation_specs]
                    for spec in await reader.list_flow_specs()
                ],
                [spec.permissions_info for spec in await reader.list_connection_specs()],
                [await reader.count_flows(), await reader.count_runs()],
                (await reader.neighbours.landing_zone()).ttl_days,
                [d.id for d in (await reader.connection_spec_configs(DATA_LAKE_SOURCE_SPEC)).items],
            ]

    assert await digest(Emulator(options(variants=variants, clock=still))) == await digest(
        Emulator(options(clock=still))
    )


FLOWS = "GET .*/flows"


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule(FLOWS, "status", status=500, times=2),
        FaultRule(FLOWS, "status", status=429, retry_after=1, times=2),
        FaultRule(FLOWS, "status", status=503, times=4),
        FaultRule(FLOWS, "drop", times=2),
        FaultRule(FLOWS, "lost_answer", times=2),
        FaultRule(FLOWS, "expire_token", times=1),
        FaultRule(FLOWS, "truncated", times=2),
        FaultRule(FLOWS, "not_json", times=2),
        FaultRule(FLOWS, "timeout", seconds=0.01, times=2),
        FaultRule(FLOWS, "slow_body", seconds=0.001, times=2),
        FaultRule(FLOWS, "latency", seconds=0.01, times=2),
        FaultRule("POST /ims", "status", status=503, times=2),
        FaultRule("POST /ims", "drop", times=2),
    ],
    ids=lambda rule: f"{rule.kind}-{rule.status}-{rule.route}",
)
async def test_a_passing_fault_is_not_noticed(
    emulator: Emulator, reader: FlowReader, rule: FaultRule
) -> None:
    emulator.faults.add(rule)
    flows = [flow async for flow in reader.iter_flows()]
    assert len(flows) == 45 == len({flow.id for flow in flows})
    assert emulator.faults.hits


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (FaultRule(FLOWS, "status", status=500), ErrorKind.UNAVAILABLE),
        (FaultRule(FLOWS, "status", status=429), ErrorKind.RATE_LIMITED),
        (FaultRule(FLOWS, "status", status=403, body={"error_code": "403025"}), ErrorKind.PERMISSION),
        (FaultRule(FLOWS, "drop"), ErrorKind.UNAVAILABLE),
        (FaultRule(FLOWS, "truncated"), ErrorKind.UNAVAILABLE),
        (FaultRule(FLOWS, "not_json"), ErrorKind.UNEXPECTED),
        (FaultRule(FLOWS, "timeout", seconds=0.01), ErrorKind.UNAVAILABLE),
        (FaultRule(FLOWS, "timeout"), ErrorKind.UNAVAILABLE),
        (FaultRule(FLOWS, "expire_token"), ErrorKind.AUTH),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
async def test_a_lasting_fault_is_the_right_error_and_passes(
    emulator: Emulator, rule: FaultRule, kind: ErrorKind
) -> None:
    async with connect(emulator, timeouts=Timeouts(read=0.02, total=1), max_tries=2) as client:
        reader = FlowReader(client)
        emulator.faults.add(rule)
        with pytest.raises(PlatformError) as caught:
            await reader.list_flows()
        assert caught.value.kind is kind
        assert caught.value.hint
        emulator.faults.clear()
        assert (await reader.list_flows()).items


async def test_a_null_in_a_list(emulator: Emulator, reader: FlowReader) -> None:
    emulator.faults.add(FaultRule(FLOWS, "null_item"))
    page = await reader.list_flows(limit=5)
    assert page.skipped_nulls == 1
    assert all(flow.id for flow in page.items)


async def test_bad_input(emulator: Emulator, reader: FlowReader) -> None:
    calls: list[tuple[Callable[[], Any], ErrorKind]] = [
        (lambda: reader.get_flow("00000000-0000-4000-8000-000000000000"), ErrorKind.NOT_FOUND),
        (lambda: reader.get_flow("../flows"), ErrorKind.INVALID),
        (lambda: reader.list_flows("noSuchField==1"), ErrorKind.INVALID),
        (lambda: reader.list_flows("name~x"), ErrorKind.INVALID),
        (lambda: reader.list_flows(orderby="noSuchField"), ErrorKind.INVALID),
        (lambda: reader.neighbours.get_sandbox("nowhere"), ErrorKind.NOT_FOUND),
        (lambda: reader.neighbours.get_batch("nothing"), ErrorKind.NOT_FOUND),
        (lambda: reader.get_connection_spec("nothing"), ErrorKind.NOT_FOUND),
        (lambda: FlowReader(reader.client, "nowhere").list_flows(), ErrorKind.NOT_FOUND),
    ]
    for call, kind in calls:
        with pytest.raises(PlatformError) as caught:
            await call()
        assert caught.value.kind is kind, str(caught.value)
    assert (await reader.list_flows()).items


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"client_id": "other"}, ErrorKind.AUTH),
        ({"client_secret": SecretStr("wrong")}, ErrorKind.AUTH),
        ({"org_id": "OTHER@AdobeOrg"}, ErrorKind.PERMISSION),
        ({"client_secret": None, "access_token": SecretStr("old")}, ErrorKind.AUTH),
    ],
)
async def test_wrong_credentials(emulator: Emulator, changes: dict[str, Any], kind: ErrorKind) -> None:
    given: dict[str, Any] = {
        "client_id": "me",
        "org_id": "ORG@AdobeOrg",
        "client_secret": SecretStr("mine"),
        **changes,
    }
    async with connect(emulator, credentials=Credentials(**given)) as client:
        with pytest.raises(PlatformError) as caught:
            await FlowReader(client).list_flows()
    assert caught.value.kind in (kind, ErrorKind.AUTH), str(caught.value)
    assert "AEP_" in str(caught.value)


async def test_a_lost_answer_of_a_write_is_told_and_not_repeated(
    emulator: Emulator, reader: FlowReader
) -> None:
    flow = next(iter((await reader.list_flows("state==disabled")).items))
    writer = FlowWriter(reader.client)
    emulator.faults.add(FaultRule("PATCH .*/flows", "lost_answer"))
    patch = [{"op": "replace", "path": "/name", "value": "renamed all the same"}]
    with pytest.raises(AnswerLost):
        await writer.send("PATCH", f"/flows/{flow.id}", json=patch, etag=flow.etag)
    assert len(emulator.faults.hits) == 1
    emulator.faults.clear()
    assert (await reader.get_flow(flow.id)).name == "renamed all the same"
    with pytest.raises(PlatformError) as caught:
        await writer.send("PATCH", f"/flows/{flow.id}", json=patch, etag=flow.etag)
    assert caught.value.kind is ErrorKind.STALE_ETAG


async def test_under_faults_of_every_kind_only_right_answers_or_right_errors(emulator: Emulator) -> None:
    kinds: tuple[FaultKind, ...] = (
        "status",
        "drop",
        "lost_answer",
        "expire_token",
        "truncated",
        "not_json",
        "null_item",
    )
    async with connect(emulator, max_tries=3) as client:
        reader = FlowReader(client)
        ids = [flow.id async for flow in reader.iter_flows()]
        for kind in kinds:
            emulator.faults.add(FaultRule("(GET|POST) .*", kind, probability=0.04))
        right: list[bool] = []
        errors: list[ErrorKind] = []

        async def ask(number: int) -> None:
            try:
                flow = await reader.get_flow(ids[number % len(ids)])
                right.append(flow.id == ids[number % len(ids)])
            except PlatformError as error:
                errors.append(error.kind)

        async with anyio.create_task_group() as group:
            for number in range(400):
                group.start_soon(ask, number)
        assert all(right)
        assert set(errors) <= {ErrorKind.UNAVAILABLE, ErrorKind.UNEXPECTED, ErrorKind.AUTH}
        assert len(right) + len(errors) == 400
        assert len(right) > 300
        emulator.faults.clear()
        with anyio.fail_after(5):
            assert len([flow async for flow in reader.iter_flows()]) == len(ids)
