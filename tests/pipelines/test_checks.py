"""Bodies are checked against the specs' own JSON Schemas, and each problem names its field."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.emulator.catalogue.known_ids import STREAM_MAPPED
from aep_flow_mcp.emulator.catalogue.reading import load_catalogue
from aep_flow_mcp.pipelines.checks.connections import check_auth, check_source, check_target
from aep_flow_mcp.pipelines.checks.flows import (
    check_flow,
    check_options,
    check_pairing,
    check_schedule,
    check_transformations,
)
from aep_flow_mcp.pipelines.checks.outcome import Checked
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


def fields(checked: Checked) -> set[str]:
    return {problem.field for problem in checked.problems}


def test_right_credentials_pass() -> None:
    auth = {
        "specName": "Access Key",
        "params": {"s3AccessKey": "${AEP_SECRET_ID}", "s3SecretKey": "${AEP_SECRET_KEY}"},
    }
    assert check_auth(connector(S3), auth) == Checked(auth)


def test_missing_and_unnamed_credentials_are_named_without_their_values() -> None:
    auth = {"specName": "Access Key", "params": {"s3SecretKey": 12345678, "pasword": "hunter2"}}
    checked = check_auth(connector(S3), auth)
    assert fields(checked) == {"auth.params.s3AccessKey"}
    [note] = checked.notes
    assert "auth.params.pasword" in note
    assert "s3SessionToken" in note
    said = " ".join([*map(str, checked.problems), note])
    assert "hunter2" not in said
    assert "12345678" not in said
    assert checked.value["params"]["s3SecretKey"] == "12345678"


def test_an_unknown_way_lists_the_ways() -> None:
    auth = {"specName": "Password", "params": {"a": 1}}
    checked = check_auth(connector(S3), auth)
    assert checked.problems == ()
    assert checked.value == auth
    [note] = checked.notes
    assert "Access Key" in note
    assert "1415" in note


def test_the_only_way_need_not_be_named() -> None:
    checked = check_auth(connector(S3), {"params": {"s3AccessKey": "A", "s3SecretKey": "B"}})
    assert checked.problems == ()
    assert checked.value["specName"] == "Access Key"


def test_no_credentials_says_what_is_needed() -> None:
    [needed] = check_auth(connector(S3), None).problems
    assert "s3AccessKey, s3SecretKey" in needed.message
    assert check_auth(connector(S3), {}) == Checked({}), "older pages send an empty auth"
    assert check_auth(connector(LANDING_ZONE), None) == Checked()


def test_a_spec_that_is_silent_about_credentials_forbids_none() -> None:
    checked = check_auth(connector(LANDING_ZONE), {"specName": "x", "params": {"a": 1}})
    assert checked.problems == ()
    assert checked.value == {"specName": "x", "params": {"a": 1}}
    assert "declares no way to authenticate" in checked.notes[0]


def test_source_params() -> None:
    right = check_source(connector(S3), params={"path": "/in/", "recursive": True}, has_base=True)
    assert right == Checked({"path": "/in/", "recursive": True})
    wrong = check_source(connector(S3), params={"recursive": 7}, has_base=False)
    assert fields(wrong) == {"params.path", "params.recursive"}
    assert any("baseConnectionId" in note for note in wrong.notes)
    silent = check_source(connector(LANDING_ZONE), params={"path": "dlz-user-container/x"}, has_base=True)
    assert silent.problems == ()
    assert silent.notes
    assert check_source(connector(S3_EXPORT), params={}, has_base=True).problems == ()


def test_target_params() -> None:
    assert fields(check_target(connector(DATA_LAKE), params={})) == {"params.dataSetId"}
    no_target = check_target(connector(SALESFORCE), params={})
    assert no_target.problems == ()
    assert "Nothing says that salesforce is a target." in no_target.notes


def test_pairing_is_noted() -> None:
    spec = flow_spec(CLOUD_STORAGE)
    assert check_pairing(spec, source_spec_id=S3, target_spec_id=DATA_LAKE) == Checked()
    odd = check_pairing(spec, source_spec_id=SALESFORCE, target_spec_id=S3)
    assert odd.problems == ()
    assert [SALESFORCE in odd.notes[0], S3 in odd.notes[1]] == [True, True]


@pytest.mark.parametrize(
    ("schedule", "wrong"),
    [
        ({"startTime": NOW + 60, "frequency": "day", "interval": 1}, set()),
        ({"startTime": NOW + 60, "frequency": "once"}, set()),
        ({"startTime": str(NOW + 60), "frequency": "minute", "interval": "30"}, set()),
        ({"startTime": NOW + 60, "frequency": "once", "interval": "15"}, set()),
        ({"startTime": NOW + 60, "frequency": "minute", "interval": 5}, {"scheduleParams.interval"}),
        ({"startTime": NOW + 60, "frequency": "minute", "interval": "5"}, {"scheduleParams.interval"}),
        ({"startTime": NOW + 60, "frequency": "hour"}, {"scheduleParams.interval"}),
        ({"startTime": NOW + 60, "frequency": "once", "backfill": True}, {"scheduleParams.backfill"}),
        ({"startTime": NOW + 60, "frequency": "month", "interval": 1}, {"scheduleParams.frequency"}),
        ({"startTime": NOW - 9999, "frequency": "day", "interval": 1}, {"scheduleParams.startTime"}),
        ({"startTime": str(NOW - 9999), "frequency": "day", "interval": 1}, {"scheduleParams.startTime"}),
        ({"startTime": "soon", "frequency": "day", "interval": 1}, {"scheduleParams.startTime"}),
        ({}, {"scheduleParams"}),
        ([1], {"scheduleParams"}),
    ],
)
def test_schedule(schedule: Any, wrong: set[str]) -> None:
    assert fields(check_schedule(flow_spec(CLOUD_STORAGE), schedule, now=NOW)) == wrong


def test_what_pages_send_differently_is_noted() -> None:
    spec = flow_spec(CLOUD_STORAGE)
    once = check_schedule(spec, {"startTime": NOW + 60, "frequency": "once", "interval": "15"}, now=NOW)
    assert once.value["interval"] == "15"
    assert "says nothing" in once.notes[0]
    late = {"startTime": (NOW + 60) * 1000, "frequency": "day", "interval": 1}
    assert "milliseconds" in check_schedule(spec, late, now=NOW).notes[0]


def test_an_export_schedule_says_which_combinations_there_are() -> None:
    right = {
        "startTime": NOW + 60,
        "timeUnit": "hour",
        "interval": 3,
        "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
    }
    assert check_schedule(flow_spec(DLZ_EXPORT), right, now=NOW) == Checked(right)
    [problem] = check_schedule(flow_spec(DLZ_EXPORT), {**right, "timeUnit": "day"}, now=NOW).problems
    assert "hour" in problem.message
    assert "DAILY_FULL_EXPORT" in problem.message
    [note] = check_schedule(flow_spec(DLZ_EXPORT), {**right, "endTime": NOW}, now=NOW).notes
    assert "endTime" in note
    [past] = check_schedule(flow_spec(DLZ_EXPORT), {**right, "startTime": NOW - 9999}, now=NOW).notes
    assert "in the past" in past


def test_a_flow_spec_without_a_schedule_forbids_none() -> None:
    spec = FlowSpec.model_validate({"id": "f", "name": "quiet"})
    schedule = {"startTime": str(NOW + 60), "frequency": "hour", "interval": "6"}
    checked = check_schedule(spec, schedule, now=NOW)
    assert checked.problems == ()
    assert checked.value == schedule
    assert "quiet declares no schedule" in checked.notes[0]
    assert check_schedule(spec, None, now=NOW) == Checked()


def test_transformations_and_options() -> None:
    spec = flow_spec(CLOUD_STORAGE)
    mapping = {"name": "Mapping", "params": {"mappingId": "ab", "mappingVersion": 0}}
    assert check_transformations(spec, [mapping]).problems == ()
    stream = flow_spec(STREAM_MAPPED)
    listed = check_transformations(
        stream, [{"name": "mapping", "params": {}}, {"name": "Mapping"}, "Mapping"]
    )
    assert fields(listed) == {
        "transformations[0].params.mappingId",
        "transformations[1].params.mappingId",
        "transformations[2]",
    }
    assert listed.value[0]["name"] == "Mapping"
    assert fields(check_transformations(spec, {"name": "Mapping"})) == {"transformations"}
    right = {"partialIngestionPercent": "5", "errorDiagnosticsEnabled": "true"}
    assert check_options(spec, right) == Checked(
        {"partialIngestionPercent": 5, "errorDiagnosticsEnabled": True}
    )
    assert fields(check_options(spec, {"partialIngestionPercent": 0})) == {"options.partialIngestionPercent"}


def test_a_transformation_beside_the_listed_ones_is_sent() -> None:
    spec = FlowSpec.model_validate(
        {"id": "f", "name": "files", "transformationSpecs": [{"name": "Mapping", "spec": {"type": "object"}}]}
    )
    steps = [{"name": "Mapping", "params": {}}, {"name": "Encryption", "params": {"publicKeyId": "k1"}}]
    checked = check_transformations(spec, steps)
    assert checked.value == steps
    assert checked.problems == ()
    assert "Encryption is sent as it is: files names Mapping" in checked.notes[0]


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


def test_what_every_page_sends_is_no_news() -> None:
    """Printed specs declare neither; a warning about each ordinary export would hide the ones that matter."""
    params = {"bucketName": "lake", "path": "a", "compression": "GZIP", "datasetFileType": "JSON"}
    assert check_target(connector(S3_EXPORT), params=params | {"mode": "Server-to-server"}).notes == ()
    [note] = check_target(connector(S3_EXPORT), params=params | {"mode": "Server-to-peer"}).notes
    assert note.startswith("params.mode: sent as given")
