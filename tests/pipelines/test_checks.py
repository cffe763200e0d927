"""Bodies are checked against the specs' own JSON Schemas, and each problem names its field."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.emulator.catalogue.reading import load_catalogue
from aep_flow_mcp.pipelines.checks import (
    check_auth,
    check_flow,
    check_options,
    check_pairing,
    check_schedule,
    check_source,
    check_target,
    check_transformations,
)
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec

S3 = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
LANDING_ZONE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
S3_EXPORT = "4fce964d-3f37-408f-9778-e597338a21ee"
SALESFORCE = "cfc0fee1-7dc0-40ef-b73e-d8b134c436f5"
CLOUD_STORAGE = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
DLZ_EXPORT = "cd2fc47e-e838-4f38-a581-8fff2f99b63a"
NOW = 1_760_000_000


def connector(spec_id: str) -> ConnectionSpec:
    return next(
        ConnectionSpec.model_validate(item)
        for item in load_catalogue().connection_specs()
        if item["id"] == spec_id
    )


def flow_spec(spec_id: str) -> FlowSpec:
    return next(
        FlowSpec.model_validate(item) for item in load_catalogue().flow_specs() if item["id"] == spec_id
    )


def fields(problems: list[Any]) -> set[str]:
    return {problem.field for problem in problems}


def test_right_credentials_pass() -> None:
    auth = {
        "specName": "Access Key",
        "params": {"s3AccessKey": "${AEP_SECRET_ID}", "s3SecretKey": "${AEP_SECRET_KEY}"},
    }
    assert check_auth(connector(S3), auth) == []


def test_missing_and_superfluous_credentials_are_named_without_their_values() -> None:
    auth = {"specName": "Access Key", "params": {"s3SecretKey": 12345678, "pasword": "hunter2"}}
    problems = check_auth(connector(S3), auth)
    assert fields(problems) == {"auth.params.s3AccessKey", "auth.params.s3SecretKey", "auth.params.pasword"}
    said = " ".join(map(str, problems))
    assert "hunter2" not in said
    assert "12345678" not in said
    assert "s3SessionToken" in said


def test_an_unknown_way_lists_the_ways() -> None:
    (problem,) = check_auth(connector(S3), {"specName": "Password", "params": {}})
    assert problem.field == "auth.specName"
    assert "Access Key" in problem.message


def test_no_credentials_says_what_is_needed_and_where_none_are_taken() -> None:
    (needed,) = check_auth(connector(S3), None)
    assert "s3AccessKey, s3SecretKey" in needed.message
    (refused,) = check_auth(connector(LANDING_ZONE), {"specName": "x", "params": {}})
    assert "takes no credentials" in refused.message
    assert check_auth(connector(LANDING_ZONE), None) == []


def test_source_params() -> None:
    assert check_source(connector(S3), params={"path": "/in/", "recursive": True}, has_base=True) == []
    assert fields(check_source(connector(S3), params={"recursive": 7}, has_base=False)) == {
        "baseConnectionId",
        "params.path",
        "params.recursive",
    }
    assert fields(
        check_source(connector(LANDING_ZONE), params={"path": "dlz-user-container/x"}, has_base=True)
    ) == {"baseConnectionId"}
    assert fields(check_source(connector(S3_EXPORT), params={}, has_base=False)) == {"connectionSpec"}


def test_target_params() -> None:
    problems = check_target(connector(DATA_LAKE), params={})
    assert fields(problems) == {"params.dataSetId"}
    assert fields(check_target(connector(SALESFORCE), params={})) == {"connectionSpec"}


def test_pairing() -> None:
    spec = flow_spec(CLOUD_STORAGE)
    assert check_pairing(spec, source_spec_id=S3, target_spec_id=DATA_LAKE) == []
    assert fields(check_pairing(spec, source_spec_id=SALESFORCE, target_spec_id=S3)) == {
        "sourceConnectionIds",
        "targetConnectionIds",
    }


@pytest.mark.parametrize(
    ("schedule", "wrong"),
    [
        ({"startTime": NOW + 60, "frequency": "day", "interval": 1}, set()),
        ({"startTime": NOW + 60, "frequency": "once"}, set()),
        ({"startTime": NOW + 60, "frequency": "minute", "interval": 5}, {"scheduleParams.interval"}),
        ({"startTime": NOW + 60, "frequency": "hour"}, {"scheduleParams.interval"}),
        ({"startTime": NOW + 60, "frequency": "once", "interval": 1, "backfill": True},
         {"scheduleParams.interval", "scheduleParams.backfill"}),
        ({"startTime": NOW + 60, "frequency": "month", "interval": 1}, {"scheduleParams.frequency"}),
        ({"startTime": NOW - 9999, "frequency": "day", "interval": 1}, {"scheduleParams.startTime"}),
        ({"startTime": (NOW + 60) * 1000, "frequency": "day", "interval": 1}, {"scheduleParams.startTime"}),
        ({"startTime": "soon", "frequency": "day", "interval": 1}, {"scheduleParams.startTime"}),
        ({}, {"scheduleParams"}),
    ],
)  # fmt: skip
def test_schedule(schedule: dict[str, Any], wrong: set[str]) -> None:
    assert fields(check_schedule(flow_spec(CLOUD_STORAGE), schedule, now=NOW)) == wrong


def test_an_export_schedule_says_which_combinations_there_are() -> None:
    right = {
        "startTime": NOW + 60,
        "timeUnit": "hour",
        "interval": 3,
        "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
    }
    assert check_schedule(flow_spec(DLZ_EXPORT), right, now=NOW) == []
    (problem,) = check_schedule(flow_spec(DLZ_EXPORT), {**right, "timeUnit": "day"}, now=NOW)
    assert "hour" in problem.message
    assert "DAILY_FULL_EXPORT" in problem.message
    (late,) = check_schedule(flow_spec(DLZ_EXPORT), {**right, "endTime": NOW}, now=NOW)
    assert late.field == "scheduleParams.endTime"


def test_transformations_and_options() -> None:
    spec = flow_spec(CLOUD_STORAGE)
    assert (
        check_transformations(spec, [{"name": "Mapping", "params": {"mappingId": "ab", "mappingVersion": 0}}])
        == []
    )
    assert fields(check_transformations(spec, [{"name": "mapping", "params": {}}, {"name": "Mapping"}])) == {
        "transformations[0].name",
        "transformations[1].params.mappingId",
    }
    assert check_options(spec, {"partialIngestionPercent": 5, "errorDiagnosticsEnabled": True}) == []
    assert fields(check_options(spec, {"partialIngestionPercent": 0})) == {"options.partialIngestionPercent"}


def test_a_draft_may_still_lack_its_schedule() -> None:
    spec = flow_spec(CLOUD_STORAGE)

    def problems(draft: bool) -> set[str]:
        return fields(
            check_flow(
                spec,
                source_spec_id=S3,
                target_spec_id=DATA_LAKE,
                schedule=None,
                transformations=None,
                options=None,
                now=NOW,
                draft=draft,
            )
        )

    assert problems(draft=True) == set()
    assert problems(draft=False) == {"scheduleParams"}
