"""Objects with anything at any place: whatever an answer holds, it is described and never breaks."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aep_flow_mcp.insight.description import FlowParts, describe
from aep_flow_mcp.insight.diagnosis.diagnose import diagnose
from aep_flow_mcp.insight.diagnosis.evidence import Evidence
from aep_flow_mcp.insight.facts import FlowFacts, RunFacts
from aep_flow_mcp.insight.lean import flow_facts, run_facts
from aep_flow_mcp.insight.shapes import run_row
from aep_flow_mcp.platform.models.connections import Connection, SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.explore import ExplorePreview
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import MappingSet
from aep_flow_mcp.platform.models.runs import FlowRun
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec

NOW = datetime(2026, 3, 2, tzinfo=UTC)
FLOW: dict[str, Any] = {
    "id": "f1",
    "name": "Orders",
    "state": "enabled",
    "createdAt": 1_700_000_000_000,
    "flowSpec": {"id": "spec", "version": "1.0"},
    "sourceConnectionIds": ["s1"],
    "targetConnectionIds": ["t1"],
    "labels": ["core/C1"],
    "options": {"errorDiagnosticsEnabled": True, "partialIngestionPercent": 10, "inletUrl": "https://x"},
    "scheduleParams": {"startTime": 1_700_000_000, "frequency": "minute", "interval": 15, "backfill": False},
    "inheritedAttributes": {
        "properties": {"isSourceFlow": True},
        "sourceConnections": [{"id": "s1", "connectionSpec": {"id": "c1"}, "baseConnection": {"id": "b1"}}],
        "targetConnections": [{"id": "t1", "connectionSpec": {"id": "c2"}}],
    },
    "lastRunDetails": {"id": "r1", "state": "failed", "startedAtUTC": 1_700_000_000_000},
    "lastOperation": {
        "operation": "create",
        "status": {"value": "failed", "errors": [{"code": "1", "message": "m"}]},
    },
    "transformations": [
        {"name": "Mapping", "params": {"mappingId": "m1", "mappingVersion": 0}},
        {
            "name": "GeneralTransform",
            "params": {
                "segmentSelectors": {
                    "selectors": [{"value": {"id": "a", "schedule": {"frequency": "DAILY"}}}]
                },
                "profileSelectors": {"selectors": [{"value": {"path": "p", "mapping": {"source": "x"}}}]},
                "mandatoryFields": ["x"],
                "primaryFields": [{"fieldType": "ATTRIBUTE"}],
            },
        },
    ],
}
RUN: dict[str, Any] = {
    "id": "r1",
    "flowId": "f1",
    "createdAt": 1_700_000_000_000,
    "metrics": {
        "durationSummary": {"startedAtUTC": 1_700_000_000_000, "completedAtUTC": 1_700_000_060_000},
        "recordSummary": {
            "inputRecordCount": 10,
            "outputRecordCount": 7,
            "failedInfo": [{"code": "c", "message": "m", "count": 1}],
            "targetSummaries": [{"id": "t1", "entitySummaries": [{"id": "e", "failedRecordCount": 2}]}],
        },
        "fileSummary": {"failedFileCount": 0, "extensions": {"manifest": {"fileInfo": "https://x"}}},
        "sizeSummary": {"inputBytes": 1},
        "latencySummary": {"avgMs": 5},
        "statusSummary": {"status": "success", "errors": [{"code": "c", "message": "m"}]},
    },
    "activities": [
        {
            "id": "a",
            "durationSummary": {"extensions": {"windowStart": 1, "windowEnd": 2}},
            "recordSummary": {"failedRecordCount": 1},
            "statusSummary": {
                "status": "failed",
                "extensions": {"errors": [{"code": "c"}], "manifest": {"failedRecords": "https://x"}},
            },
            "targetInfo": [{"reference": {"type": "Batch", "ids": ["b"]}}],
        }
    ],
}
SPEC: dict[str, Any] = {
    "id": "c1",
    "name": "generic-streaming",
    "authSpec": [
        {"name": "Basic", "spec": {"properties": {"user": {"type": "string"}}, "required": ["user"]}}
    ],
    "sourceSpec": {
        "spec": {"properties": {}},
        "attributes": {"uiAttributes": {"label": {"key": "L"}, "category": {}}},
    },
    "attributes": {
        "isSource": True,
        "uiAttributes": {"label": "L", "apiFeatures": {"flowRunsSupported": False}},
    },
    "transformationSpec": [{"name": "Mapping", "spec": {"properties": {}}}],
}
END: dict[str, Any] = {
    "id": "s1",
    "connectionSpec": {"id": "c1", "version": "1.0"},
    "data": {"format": "json", "schema": {"id": "x", "version": "v"}, "properties": {"a": 1}},
    "params": {
        "path": "p",
        "datasets": [{"dataSetId": "d"}],
        "dataSetId": "d",
        "bucketName": "b",
        "fileType": "CSV",
    },
    "inheritedAttributes": {"baseConnection": {"id": "b", "connectionSpec": {"id": "c"}}},
    "auth": {"specName": "Basic", "params": {"inletUrl": "https://x"}},
}
PREVIEW: dict[str, Any] = {
    "format": "hierarchical",
    "schema": {
        "properties": {
            "a": {
                "type": "object",
                "properties": {"b": {"type": "array", "items": {"properties": {"c": {}}}}},
            }
        },
        "columns": [{"name": "x", "xdm": {"type": "object", "properties": {"y": {"type": "string"}}}}],
    },
    "data": [{"a": 1}],
}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something can be put, everywhere inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*at, key)
        yield from places(part, (*at, key))


STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2**63),
    st.floats(),
    st.sampled_from(["", "text", "TRUE", "15", "-1", "2026-01-01", "Failed", "1700000000000"]),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just(["text", 5, None, {}]),
    st.just({"id": None}),
    st.just({"name": {"deep": [None]}}),
)


def changed(document: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The document with strange values at one to three of its places."""
    at = st.lists(st.tuples(st.sampled_from(list(places(document))), STRANGE), min_size=1, max_size=3)
    return at.map(lambda changes: _put(document, changes))


def _put(document: dict[str, Any], changes: list[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    made = copy.deepcopy(document)
    for path, value in changes:
        holder: Any = made
        try:
            for key in path[:-1]:
                holder = holder[key]
            if isinstance(path[-1], str) or isinstance(holder, list):
                holder[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return made


@settings(max_examples=400, deadline=None)
@given(changed(FLOW), changed(RUN), changed(SPEC), changed(END))
def test_a_flow_of_any_shape_is_described_and_diagnosed(
    flow: dict[str, Any], run: dict[str, Any], spec: dict[str, Any], end: dict[str, Any]
) -> None:
    read, ran = Flow.model_validate(flow), FlowRun.model_validate(run)
    connector, flow_spec = ConnectionSpec.model_validate(spec), FlowSpec.model_validate(spec)
    source, target = SourceConnection.model_validate(end), TargetConnection.model_validate(end)
    account = Connection.model_validate(end)
    mapping = MappingSet.model_validate({"id": "m1", "mappings": [None, end]})
    parts = FlowParts(
        flow=read,
        flow_spec=flow_spec,
        connectors={"c1": connector, "c2": connector, "c": connector},
        sources=dict.fromkeys(read.source_connection_ids, source),
        targets=dict.fromkeys(read.target_connection_ids, target),
        accounts={"b": account, "b1": account},
        mapping=mapping,
        runs=[ran],
    )
    description = describe(parts, now=NOW)
    assert description.id == (read.id or "")
    hidden = ran.status == "success" and ran.unfailing is False
    assert description.runs[0].status == ("partial_success" if hidden else ran.status)
    diagnosis = diagnose(
        Evidence(flow=read, now=NOW, runs=[ran], sources=parts.sources, targets=parts.targets)
    )
    assert diagnosis.first.certainty
    assert connector.shown_name is None or connector.shown_name
    assert run_row(ran).errors is None or ran.errors


@settings(max_examples=400, deadline=None)
@given(changed(FLOW), changed(RUN))
def test_facts_are_the_same_with_and_without_models(flow: dict[str, Any], run: dict[str, Any]) -> None:
    assert flow_facts(flow) == FlowFacts.of(Flow.model_validate(flow))
    assert run_facts(run) == RunFacts.of(FlowRun.model_validate(run))


@settings(max_examples=300, deadline=None)
@given(changed(PREVIEW))
def test_a_preview_of_any_shape_has_columns(preview: dict[str, Any]) -> None:
    read = ExplorePreview.model_validate(preview)
    assert len(read.all_columns) >= len(read.columns)
