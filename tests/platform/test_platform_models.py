from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from aep_flow_mcp.platform.models.connections import Connection, SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.explore import Exploration
from aep_flow_mcp.platform.models.flows import (
    DATA_LAKE_SOURCE_SPEC,
    DATA_LAKE_TARGET_SPEC,
    PROFILE_STORE_SPEC,
    Flow,
    FlowKind,
)
from aep_flow_mcp.platform.models.neighbours import Batch, Dataset, MappingSet, Sandbox, SchemaSummary
from aep_flow_mcp.platform.models.runs import FlowRun, RunStatus
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec
from aep_flow_mcp.platform.redaction import MASK

MODELS: list[type[BaseModel]] = [
    Batch,
    Connection,
    ConnectionSpec,
    Dataset,
    Flow,
    FlowRun,
    FlowSpec,
    MappingSet,
    Sandbox,
    SchemaSummary,
    SourceConnection,
    TargetConnection,
]


def test_common_fields_and_unknown_ones() -> None:
    flow = Flow.model_validate(
        {
            "id": "f",
            "name": "Orders\u202e\u200b daily\n",
            "createdAt": "1700000000000",
            "eTag": '"e"',
            "flowSpec": "spec",
            "newField": {"kept": 1},
        }
    )
    assert (flow.name, flow.etag, flow.spec_id) == ("Orders daily", '"e"', "spec")
    assert flow.created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert flow.model_dump(by_alias=True)["newField"] == {"kept": 1}
    with pytest.raises(ValueError, match="frozen"):
        flow.name = "x"


def test_masked_authentication() -> None:
    params = {
        "s3SecretKey": "zzz1",
        "connectionString": "zzz2",
        "host": "sftp.example.com",
        "userName": "loader",
        "port": 22,
        "encrypted": True,
        "url": "https://me:zzz3@x.example.com/?sig=zzz4",
        "nested": {"token": "zzz5", "region": "eu"},
        "keys": ["zzz6"],
        "pin": 12345678,
        "inletUrl": "https://dcs.example.com/1",
    }
    connection = Connection.model_validate({"id": "c", "auth": {"specName": "Key", "params": params}})
    assert connection.auth is not None
    assert connection.auth.params["s3SecretKey"] == "zzz1"
    assert connection.auth.param_names == list(params)
    shown = connection.auth.shown_params
    assert shown["s3SecretKey"] == shown["connectionString"] == shown["pin"] == MASK
    assert shown["nested"] == {"token": MASK, "region": "eu"}
    assert shown["keys"] == [MASK]
    assert (shown["host"], shown["userName"], shown["port"], shown["encrypted"]) == (
        "sftp.example.com",
        "loader",
        22,
        True,
    )
    assert shown["inletUrl"] == "https://dcs.example.com/1"
    dumps = [
        repr(connection),
        str(connection),
        str(connection.model_dump()),
        connection.model_dump_json(by_alias=True),
    ]
    for text in dumps:
        assert "zzz" not in text
        assert "12345678" not in text
        assert "s3SecretKey" in text


def test_connection_without_authentication() -> None:
    connection = Connection.model_validate(
        {"id": "c", "connectionSpec": {"id": "s", "version": "1.0"}, "auth": None}
    )
    assert connection.auth is None
    assert connection.spec_id == "s"


def test_ends() -> None:
    source = SourceConnection.model_validate(
        {
            "id": "s",
            "inheritedAttributes": {"baseConnection": {"id": "base"}},
            "data": {"format": "tabular", "schema": None},
            "params": {
                "tableName": "dbo.Orders",
                "datasets": [{"dataSetId": "d1"}, None, {"dataSetId": "d2"}],
            },
        }
    )
    assert (source.base_id, source.path, source.dataset_ids) == ("base", "dbo.Orders", ["d1", "d2"])
    target = TargetConnection.model_validate(
        {
            "id": "t",
            "data": {"schema": {"schemaId": "https://s", "version": "application/x;version=1.0"}},
            "params": {"dataSetId": "d"},
        }
    )
    assert (target.dataset_id, target.schema_id, target.schema_version) == (
        "d",
        "https://s",
        "application/x;version=1.0",
    )


def test_flow() -> None:
    flow = Flow.model_validate(
        {
            "id": "f",
            "scheduleParams": {
                "startTime": "1700000000",
                "frequency": "minute",
                "interval": "15",
                "backfill": "true",
            },
            "transformations": [
                None,
                {"name": "Mapping", "params": {"mappingId": "m", "mappingVersion": "0"}},
            ],
            "options": {"errorDiagnosticsEnabled": True, "partialIngestionPercent": 5},
            "lastRunDetails": {
                "id": "r",
                "state": "Failed",
                "startedAtUTC": 1,
                "stoppedAtUTC": 1_700_000_000_000,
            },
            "lastOperation": {"status": {"value": "failed", "errors": [{"code": "1", "message": "no"}]}},
        }
    )
    assert flow.schedule is not None
    assert flow.schedule.every == (15, "minute")
    assert flow.schedule.backfill is True
    assert flow.schedule.start_time == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert flow.mapping is not None
    assert (flow.mapping.mapping_id, flow.mapping.mapping_version) == ("m", 0)
    assert (flow.error_diagnostics, flow.partial_ingestion_percent) == (True, 5.0)
    assert flow.last_run is not None
    assert flow.last_run.status is RunStatus.FAILED
    assert flow.last_run.completed_at is not None
    assert flow.last_operation is not None
    assert [error.message for error in flow.last_operation.errors] == ["no"]


@pytest.mark.parametrize(
    ("schedule", "every"),
    [
        ({"frequency": "once"}, (0, "once")),
        ({"timeUnit": "day", "interval": 0}, (0, "once")),
        ({"timeUnit": "hour", "interval": 3}, (3, "hour")),
        ({"frequency": "Day"}, (1, "day")),
        ({"startTime": 1}, None),
    ],
)
def test_schedules(schedule: dict[str, Any], every: tuple[int, str] | None) -> None:
    flow = Flow.model_validate({"scheduleParams": schedule})
    assert flow.schedule is not None
    assert flow.schedule.every == every


def ends(source: str, target: str) -> dict[str, Any]:
    return {
        "sourceConnections": [{"id": "s", "connectionSpec": {"id": source}}],
        "targetConnections": [{"id": "t", "connectionSpec": {"id": target}}],
    }


@pytest.mark.parametrize(
    ("inherited", "kind"),
    [
        ({"properties": {"isSourceFlow": True}}, FlowKind.SOURCE),
        ({"properties": {"isDestinationFlow": "true"}}, FlowKind.DESTINATION),
        ({"properties": {}, **ends("s3", DATA_LAKE_TARGET_SPEC)}, FlowKind.SOURCE),
        (ends(DATA_LAKE_SOURCE_SPEC, "s3"), FlowKind.DESTINATION),
        (ends(PROFILE_STORE_SPEC, "s3"), FlowKind.DESTINATION),
        (ends(DATA_LAKE_SOURCE_SPEC, PROFILE_STORE_SPEC), FlowKind.INTERNAL),
        (None, FlowKind.INTERNAL),
    ],
)
def test_flow_kind(inherited: dict[str, Any] | None, kind: FlowKind) -> None:
    assert Flow.model_validate({"inheritedAttributes": inherited}).kind is kind


def test_audiences_and_attributes_stand_beside_each_other() -> None:
    flow = Flow.model_validate(
        {
            "transformations": [
                {
                    "name": "GeneralTransform",
                    "params": {
                        "segmentSelectors": {
                            "selectors": [{"type": "PLATFORM_SEGMENT", "value": {"id": "a"}}, None]
                        },
                        "profileSelectors": {"selectors": [{"value": {"path": "person.name"}}]},
                        "profileMapping": {"mappingId": "m", "mappingVersion": 2},
                    },
                }
            ]
        }
    )
    assert [audience["id"] for audience in flow.audiences] == ["a"]
    assert [attribute["path"] for attribute in flow.attributes] == ["person.name"]
    assert flow.mapping is not None
    assert flow.mapping.mapping_version == 2


def test_specs() -> None:
    spec = ConnectionSpec.model_validate(
        {
            "id": "s",
            "authSpec": [
                {
                    "name": "Access Key",
                    "spec": {"properties": {"secret": {"format": "password"}}, "required": ["secret"]},
                }
            ],
            "sourceSpec": {
                "spec": {"type": "object"},
                "attributes": {
                    "uiAttributes": {
                        "frequency": {"key": "batch"},
                        "category": {"key": "cloudStorage"},
                        "documentationLink": "https://docs",
                    }
                },
            },
            "attributes": {"isSource": True},
            "permissionsInfo": {
                "view": {"name": "EnterpriseSource", "permissions": ["read"]},
                "manage": [{"name": "M"}],
            },
        }
    )
    assert (spec.is_source, spec.is_destination, spec.frequency, spec.category) == (
        True,
        False,
        "batch",
        "cloudStorage",
    )
    assert (spec.source_params_schema, spec.target_params_schema) == ({"type": "object"}, None)
    assert spec.documentation == "https://docs"
    auth = spec.auth_spec("access key")
    assert auth is not None
    assert auth.required == ["secret"]
    assert spec.permissions_info is not None
    assert [each.name for each in spec.permissions_info.view] == ["EnterpriseSource"]
    for key in ("transformationSpec", "transformationSpecs", "transformationSpecDTOS"):
        for listed in ([{"name": "Copy"}], {"name": "Copy"}):
            flow_spec = FlowSpec.model_validate({"id": "f", key: listed, "sourceConnectionSpecIds": ["s"]})
            assert [each.name for each in flow_spec.transformation_specs] == ["Copy"]
    assert flow_spec.takes_source("s")
    assert not flow_spec.takes_target("s")
    streaming = FlowSpec.model_validate(
        {
            "attributes": {
                "frequency": "streaming",
                "uiAttributes": {"apiFeatures": {"flowRunsSupported": False}},
            }
        }
    )
    assert (streaming.frequency, streaming.has_runs, flow_spec.has_runs) == ("streaming", False, True)


WORDS = """
id name etag state createdAt flowSpec connectionSpec auth params specName data schema scheduleParams interval metrics
statusSummary errors code message activities extensions manifest recordSummary targetSummaries entitySummaries
durationSummary startedAtUTC inheritedAttributes properties sourceConnections baseConnection transformations options
lastOperation status lastRunDetails authSpec sourceSpec spec attributes uiAttributes frequency permissionsInfo view
mappings outputSchema schemaRef relatedObjects tags targetInfo reference ids fileSummary fileInfo
"""
KEYS = sorted(WORDS.split())
ANYTHING: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)


def read_everything(thing: object) -> None:
    for name in dir(type(thing)):
        if not name.startswith(("_", "model_")) and isinstance(getattr(type(thing), name), property):
            getattr(thing, name)


@given(st.sampled_from(MODELS), st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=8))
def test_any_object_is_read(model: type[BaseModel], content: dict[str, Any]) -> None:
    found = model.model_validate(content)
    assert isinstance(found, model)
    assert repr(found)
    assert isinstance(found.model_dump(), dict)
    read_everything(found)


@given(ANYTHING)
def test_any_exploration_is_read(content: object) -> None:
    found = Exploration.read(content)
    assert found.preview is None or found.preview.columns is not None


def _examples() -> Path:
    openapi = os.environ.get("FLOW_SERVICE_OPENAPI")
    default = Path(__file__).parents[3] / "shared" / "reference" / "openapi" / "flow-service.yaml"
    return (Path(openapi) if openapi else default).parent.parent / "examples"


COLLECTIONS: dict[str, type[BaseModel]] = {
    "connections": Connection,
    "sourceConnections": SourceConnection,
    "targetConnections": TargetConnection,
    "flows": Flow,
    "runs": FlowRun,
    "connectionSpecs": ConnectionSpec,
    "flowSpecs": FlowSpec,
}


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_published_examples_are_read(collection: str) -> None:
    files = sorted(_examples().glob(f"*/get_{collection}_*200*.json"))
    if not files:
        pytest.skip("the published examples are not beside this repository")
    model, read = COLLECTIONS[collection], 0
    for file in files:
        content = json.loads(file.read_text("utf-8"))
        if any(word in file.name for word in ("explore", "configs", "test")) or not isinstance(content, dict):
            continue
        for item in content.get("items", []):
            found = model.model_validate(item)
            assert found.model_dump()["id"] == item["id"]
            read_everything(found)
            read += 1
    assert read
