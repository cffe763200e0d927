"""Every operation of Audit Query, Observability Insights and Data Access, as the emulator answers it."""

from __future__ import annotations

import pytest

from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Variants
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from contract.caller import Caller, signed_in
from contract.conftest import noon
from contract.known import NOTHING, NUMBER, KnownError
from contract.known_neighbours import KNOWN_NEIGHBOUR_ERRORS
from contract.openapi import Contract, locate
from contract.wire import Checker, Exchange

METRICS = "/data/infrastructure/observability/insights/metrics"
EXPORT = "/data/foundation/export"
AUDIT = "/data/foundation/audit"
RECORDS = "timeseries.ingestion.dataset.recordsuccess.count"
_FIRST = ("GET /metrics",)
_NULL = "its description says that it is null without one"
ONLY_HERE = {
    "observability-insights": [
        KnownError(_FIRST, "response", "/*/id", "type", NOTHING, _NULL),
        KnownError(_FIRST, "response", "/*/timeseries/_page|_links", "type", NOTHING, _NULL),
        KnownError(
            _FIRST,
            "response",
            "/*/timeseries/items/*/metrics",
            "unshaped",
            {"type": "object", "additionalProperties": NUMBER},
            "values by metric; the file leaves the object empty",
        ),
    ]
}
"""Of what the client of this package does not ask."""
SPELLINGS = (Variants(), Variants(metric_name_key="name", metric_group_key="datasetID"))


async def ask(
    call: Caller, method: str, path: str, query: object = None, body: object = None, **headers: str
) -> int:
    """The status of one exchange, whatever its body is."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await call.client.request(method, path, params=query, json=body, headers=named)  # type: ignore[arg-type]
    return answer.status_code


async def newest_batch(call: Caller, story: str) -> str:
    runs = await call(
        "GET", "/runs", query={"property": f"flowId=={SCENARIOS[story]}", "orderby": "-createdAt"}
    )
    infos = [
        info for run in runs["items"] for step in run["activities"] for info in step.get("targetInfo", [])
    ]
    return str(infos[0]["reference"]["ids"][0])


async def everything(call: Caller, emulator: Emulator) -> list[int]:
    """The statuses of one call each, at least one an operation, and of what the services refuse."""
    failed, partial = (
        await newest_batch(call, "deleted_dataset"),
        await newest_batch(call, "partial_ingestion"),
    )
    part = f"part-00000-{failed.lower()}-c000.json"
    dataset = next(iter(emulator.store.sandboxes["dev"]["dataSets"].base.ids()))
    one = {"name": RECORDS, "aggregator": "sum"}
    only = {"filters": [{"name": "dataSetId", "value": dataset, "groupBy": True}]}
    times = {"start": "2026-05-01T00:00:00Z", "end": "2026-06-01T00:00:00Z", "granularity": "DAY"}
    id = {"x_sandbox_id": emulator.store.sandboxes["dev"].about["id"]}
    return [
        await ask(call, "GET", f"{AUDIT}/events", [("property", "action==Create,Update"), ("limit", "2")]),
        await ask(call, "GET", f"{AUDIT}/export", [("property", "action==Disable")]),
        await ask(call, "GET", f"{AUDIT}/export", [("property", "assetId==none")]),
        await ask(call, "POST", METRICS, body={**times, "metrics": [one, {**one, **only}]}, **id),
        await ask(call, "GET", METRICS, [("metric", RECORDS)]),
        await ask(call, "GET", f"{EXPORT}/batches/{partial}/files"),
        await ask(call, "GET", f"{EXPORT}/batches/{partial}/meta"),
        await ask(call, "GET", f"{EXPORT}/batches/{partial}/meta", {"path": "row_errors"}),
        await ask(
            call, "GET", f"{EXPORT}/batches/{partial}/meta", {"path": "row_errors/conversion_errors_0.json"}
        ),
        await ask(call, "GET", f"{EXPORT}/batches/{failed}/failed"),
        await ask(call, "GET", f"{EXPORT}/batches/{failed}/failed", {"path": part}),
        await ask(call, "GET", f"{EXPORT}/files/{partial}-1", {"path": f"{partial}-1.parquet"}),
        await ask(
            call, "GET", f"{EXPORT}/files/{partial}-1", {"path": f"{partial}-1.parquet"}, Range="bytes=0-3"
        ),
        await ask(call, "GET", f"{EXPORT}/datasets/{dataset}/preview"),
    ]


async def exchanged(variants: Variants) -> list[Exchange]:
    emulator = Emulator(EmulatorOptions(clock=noon, variants=variants))
    async with signed_in(emulator) as call:
        statuses = await everything(call, emulator)
        assert statuses == [200, 307, 204, *[200] * 9, 206, 200]
        return call.recorder.exchanges


@pytest.mark.parametrize("variants", SPELLINGS, ids=["examples", "schema"])
@pytest.mark.parametrize("service", ["audit-query", "data-access", "observability-insights"])
async def test_what_adobe_keeps_is_answered_as_its_files_say(service: str, variants: Variants) -> None:
    if locate(service) is None:
        pytest.skip(f"Adobe's {service}.yaml is not beside the Flow Service's file")
    contract = Contract.load(service)
    exchanges = [one for one in await exchanged(variants) if contract.operation(one.method, one.path)]
    answered = [contract.operation(one.method, one.path) for one in exchanges]
    assert {one.name for one in answered if one} == {one.name for one in contract.operations}
    known = [*KNOWN_NEIGHBOUR_ERRORS[service], *ONLY_HERE.get(service, [])]
    # The content of a file is no answer of the service's own.
    told = [one for one in exchanges if one.answer is not None or one.status not in (200, 206)]
    assert Checker(contract, known).surprises(told) == []
