"""Which cause the evidence supports."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.insight.causes import FIXES, HEADLINES, Cause, cause_of_error, cause_of_words
from aep_flow_mcp.insight.diagnosis.diagnose import Diagnosis, diagnose
from aep_flow_mcp.insight.diagnosis.evidence import Evidence, Probe, Probed, read_history
from aep_flow_mcp.insight.diagnosis.findings import Step
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.windows import Window
from aep_flow_mcp.platform.models.connections import Connection, SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.neighbours import Dataset, MappingSet, SchemaSummary
from aep_flow_mcp.platform.models.runs import FlowRun
from insight.made import (
    ACCOUNT,
    DATASET,
    FLOW,
    MAPPING,
    NOW,
    SCHEMA,
    SOURCE,
    TARGET,
    failed_run,
    flow,
    ms,
    run,
)

XED = "application/vnd.adobe.xed-full+json;version="
GOOD = [run(number, ago=timedelta(hours=number) - timedelta(minutes=3)) for number in range(1, 12)]
SLOWER_BY_THE_DAY = [run(at, ago=timedelta(days=at), seconds=900 - 70 * at) for at in range(1, 11)]
DAILY = {"startTime": ms(NOW - timedelta(days=12)) // 1000, "frequency": "day", "interval": 1}


def bad(message: str, *, code: str = "CONNECTOR-1001-500", number: int = 3, **given: Any) -> list[FlowRun]:
    """The newest runs fail with a message, the others are good."""
    failed = [
        failed_run(100 + at, message, code=code, ago=timedelta(hours=at) - timedelta(minutes=3), **given)
        for at in range(1, number + 1)
    ]
    return [*failed, *GOOD[number:]]


def evidence(**changes: Any) -> Evidence:
    """A flow with everything in place."""
    schema = {"id": SCHEMA, "contentType": f"{XED}1"}
    target = {
        "id": TARGET,
        "params": {"dataSetId": DATASET},
        "data": {"schema": {"id": SCHEMA, "version": f"{XED}1"}},
    }
    made = Evidence(
        flow=flow(),
        now=NOW,
        runs=GOOD,
        sources={
            SOURCE: SourceConnection.model_validate(
                {"id": SOURCE, "baseConnectionId": ACCOUNT, "params": {"path": "/in/"}}
            )
        },
        targets={TARGET: TargetConnection.model_validate(target)},
        accounts={ACCOUNT: Connection.model_validate({"id": ACCOUNT, "name": "Bucket", "state": "enabled"})},
        tested={ACCOUNT: Probed(Probe.OK)},
        explored={SOURCE: Probed(Probe.OK)},
        datasets={DATASET: Dataset.model_validate({"id": DATASET, "name": "Orders", "schemaRef": schema})},
        schemas={SCHEMA: SchemaSummary.model_validate({"$id": SCHEMA, "title": "Order"})},
        mapping=MappingSet.model_validate({"id": MAPPING, "version": 1}),
        newest_mapping=1,
    )
    return replace(made, **changes)


def first(**changes: Any) -> Cause:
    return diagnose(evidence(**changes)).first.cause


def test_nothing_wrong() -> None:
    found = diagnose(evidence())
    assert found.first.cause is Cause.HEALTHY
    assert len(found.findings) == 1


NOT_FOUND = "The path '/in/' does not exist"
OTHER_SCHEMA = {"id": "https://ns.adobe.com/example/schemas/2", "contentType": f"{XED}1"}
NEWER_SCHEMA = {"id": SCHEMA, "contentType": f"{XED}2"}
FUTURE = {"startTime": ms(NOW) // 1000 + 60, "frequency": "hour", "interval": 3}
EXPORT = {"startTime": 1_700_000_000, "timeUnit": "hour", "interval": 3}


def dataset(reference: dict[str, str]) -> dict[str, Dataset]:
    return {DATASET: Dataset.model_validate({"id": DATASET, "schemaRef": reference})}


@pytest.mark.parametrize(
    ("cause", "changes"),
    [
        (Cause.ACCOUNT_NOT_FOUND, {"accounts": {ACCOUNT: Problem.NOT_FOUND}, "tested": {}, "runs": bad("x")}),
        (
            Cause.ACCOUNT_DISABLED,
            {"accounts": {ACCOUNT: Connection(id=ACCOUNT, state="disabled")}, "tested": {}},
        ),
        (Cause.SOURCE_CONNECTION_NOT_FOUND, {"sources": {SOURCE: Problem.NOT_FOUND}, "explored": {}}),
        (Cause.TARGET_CONNECTION_NOT_FOUND, {"targets": {TARGET: Problem.NOT_FOUND}}),
        (
            Cause.DATASET_NOT_FOUND,
            {"datasets": {DATASET: Problem.NOT_FOUND}, "runs": bad("Dataset was not found")},
        ),
        (Cause.SCHEMA_NOT_FOUND, {"schemas": {SCHEMA: Problem.NOT_FOUND}}),
        (Cause.MAPPING_NOT_FOUND, {"mapping": Problem.NOT_FOUND, "newest_mapping": None}),
        (
            Cause.CREDENTIALS,
            {"tested": {ACCOUNT: Probed(Probe.FAILED, "the access key has expired")}, "explored": {}},
        ),
        (
            Cause.CREDENTIALS,
            {"tested": {ACCOUNT: Probed(Probe.FAILED)}, "runs": bad("The copy activity failed.")},
        ),
        (
            Cause.NETWORK,
            {"tested": {ACCOUNT: Probed(Probe.FAILED, "connection refused (port 22)")}, "explored": {}},
        ),
        (Cause.RATE_LIMITED, {"runs": bad("429: too many requests, slow down")}),
        (Cause.SOURCE_PERMISSION, {"runs": bad("Access denied to the object (status 403)")}),
        (Cause.SOURCE_MISSING, {"explored": {SOURCE: Probed(Probe.MISSING)}, "runs": bad(NOT_FOUND)}),
        (Cause.SOURCE_EMPTY, {"runs": bad("", code="133")}),
        (Cause.SCHEMA_CHANGED, {"datasets": dataset(OTHER_SCHEMA), "runs": bad("Promotion failed")}),
        (Cause.SCHEMA_CHANGED, {"datasets": dataset(NEWER_SCHEMA), "runs": bad("Promotion failed")}),
        (Cause.MAPPING_OUTDATED, {"newest_mapping": 3, "runs": bad("x", code="INGEST-1555-400")}),
        (Cause.MAPPING_FAILS, {"runs": bad("a function failed", code="MAPPER-3700-400")}),
        (Cause.REQUIRED_FIELD, {"runs": bad("x", code="INGEST-1555-400")}),
        (Cause.BAD_FILE, {"runs": bad("", code="118")}),
        (Cause.BAD_ROWS, {"runs": bad("", code="INGEST-1212-400", read=100, failed=7)}),
        (Cause.ENCRYPTION, {"runs": bad("The public key has expired", code="CONNECTOR-1310-400")}),
        (Cause.EXPORT_ABORTED, {"runs": bad("aborted", code="ACTIVATION_BATCH-0000-FAILED")}),
        (Cause.OUTAGE, {"runs": bad("Internal server error")}),
        (Cause.FLOW_DISABLED, {"flow": flow(state="disabled")}),
        (Cause.FLOW_DRAFT, {"flow": flow(state="draft"), "runs": []}),
        (Cause.FLOW_BUSY, {"flow": flow(state="enabling")}),
        (
            Cause.UPDATE_FAILED,
            {"flow": flow(lastOperation={"operation": "update", "status": {"value": "failed"}})},
        ),
        (Cause.SCHEDULE_ENDED, {"flow": flow(scheduleParams={**EXPORT, "endTime": 1_710_000_000})}),
        (Cause.ENDS_SOON, {"flow": flow(scheduleParams={**EXPORT, "endTime": ms(NOW) // 1000 + 86_400})}),
        (
            Cause.NOT_STARTED_YET,
            {"flow": flow(scheduleParams={**EXPORT, "startTime": ms(NOW) // 1000 + 60}), "runs": []},
        ),
        (Cause.RAN_ONCE, {"flow": flow(scheduleParams={"startTime": 1_710_000_000, "frequency": "once"})}),
        (Cause.RUNS_MISSING, {"runs": GOOD[6:]}),
        (Cause.RECOVERED, {"runs": [GOOD[0], *bad("timed out")[1:]]}),
        (Cause.NO_NEW_DATA, {"runs": [run(at, ago=timedelta(hours=at), read=0) for at in range(1, 5)]}),
        (
            Cause.RUN_STUCK,
            {"runs": [run(50, ago=timedelta(hours=5), status="inProgress", seconds=None), *GOOD]},
        ),
        (
            Cause.SLOWER,
            {"flow": flow(scheduleParams=DAILY), "runs": SLOWER_BY_THE_DAY},
        ),
        (Cause.UNKNOWN, {"runs": bad("The copy activity failed.")}),
        (Cause.UNKNOWN, {"runs": bad("Unexpected condition 0x80004005")}),
    ],
)
def test_the_first_cause(cause: Cause, changes: dict[str, Any]) -> None:
    found = diagnose(evidence(**changes))
    assert found.first.cause is cause, [(each.cause, each.weight, each.evidence) for each in found.findings]
    assert found.first.evidence
    assert found.first.headline
    assert found.first.fix


@pytest.mark.parametrize(
    ("message", "cause", "tool"),
    [
        ("the access key has expired", Cause.CREDENTIALS, "update_connection"),
        ("connection refused (port 22)", Cause.NETWORK, "get_connection"),
        ("429: too many requests, slow down", Cause.RATE_LIMITED, "test_connection"),
        ("Access denied to the object (status 403)", Cause.SOURCE_PERMISSION, "test_connection"),
    ],
)
def test_only_rejected_credentials_are_renewed(message: str, cause: Cause, tool: str) -> None:
    secret = {"auth": {"params": {"s3AccessKey": "x", "s3SecretKey": "y", "region": "eu-1"}}}
    account = Connection.model_validate({"id": ACCOUNT, "name": "Bucket", **secret})
    found = diagnose(
        evidence(accounts={ACCOUNT: account}, tested={ACCOUNT: Probed(Probe.FAILED, message)}, runs=bad("x"))
    ).first
    assert found.cause is cause
    assert found.step
    assert found.step.tool == tool
    assert found.step.arguments["account"] == ACCOUNT
    if cause is Cause.CREDENTIALS:
        assert [(op["path"], op["value"]) for op in found.step.arguments["operations"]] == [
            ("/auth/params/s3AccessKey", "${AEP_SECRET_S3ACCESSKEY}"),
            ("/auth/params/s3SecretKey", "${AEP_SECRET_S3SECRETKEY}"),
        ]


def test_once_the_connection_test_passes_the_failed_runs_are_retried() -> None:
    runs = bad("Access was rejected: token expired")
    found = diagnose(evidence(runs=runs, tested={ACCOUNT: Probed(Probe.OK)})).first
    assert found.cause is Cause.CREDENTIALS
    assert "but the connection test passes now" in found.evidence
    assert "update_connection" not in found.fix
    assert "retry the failed runs" in found.fix
    assert found.step == Step("retry_run", {"run_id": runs[0].id})


def test_an_account_that_cannot_be_tested_is_not_to_be_tested() -> None:
    runs = bad("Access was rejected: token expired")
    for probe, tool in ((Probe.NOT_TRIED, "test_connection"), (Probe.UNAVAILABLE, "get_run")):
        found = diagnose(evidence(runs=runs, tested={ACCOUNT: Probed(probe)}, explored={})).first
        assert found.cause is Cause.CREDENTIALS
        assert found.step
        assert found.step.tool == tool


def test_runs_that_do_not_come_take_both_switches() -> None:
    found = diagnose(evidence(runs=GOOD[6:])).first
    assert found.cause is Cause.RUNS_MISSING
    assert found.step == Step("run_flow_action", {"flow": FLOW, "action": "disable"})
    assert f"run_flow_action(flow={FLOW}, action=enable)" in found.fix


def test_evening_is_not_compared_with_morning() -> None:
    """Twenty hourly runs, of which the newest five take longer: that says nothing of other days."""
    hours = [run(at, ago=timedelta(hours=at), seconds=700 if at < 6 else 300) for at in range(1, 21)]
    assert Cause.SLOWER not in [each.cause for each in diagnose(evidence(runs=hours)).findings]
    days = [
        run(at, ago=timedelta(hours=at), seconds=700 if at % 24 in range(1, 6) else 300)
        for at in range(1, 101)
    ]
    assert Cause.SLOWER not in [each.cause for each in diagnose(evidence(runs=days)).findings]
    slower = [run(at, ago=timedelta(hours=at), seconds=700 if at < 25 else 300) for at in range(1, 101)]
    assert Cause.SLOWER in [each.cause for each in diagnose(evidence(runs=slower)).findings]


def test_slower_runs_do_not_explain_a_failure() -> None:
    failed = failed_run(90, "Unexpected condition 0x80004005", ago=timedelta(hours=3))
    runs = [*SLOWER_BY_THE_DAY, failed]
    night = Window(NOW - timedelta(days=20), NOW)
    found = diagnose(evidence(flow=flow(scheduleParams=DAILY), runs=runs, window=night))
    assert found.first.cause is Cause.UNKNOWN


def test_what_people_switched_off_because_it_failed() -> None:
    off = flow(state="disabled")
    found = diagnose(
        evidence(flow=off, tested={ACCOUNT: Probed(Probe.FAILED, "token expired")}, runs=bad("x"))
    )
    assert [each.cause for each in found.findings[:2]] == [Cause.CREDENTIALS, Cause.FLOW_DISABLED]


def test_what_is_contradicted_is_only_possible() -> None:
    found = diagnose(evidence(runs=bad(NOT_FOUND)))
    assert found.first.cause is Cause.SOURCE_MISSING
    assert found.first.weight < 0.5
    assert "but the path is found now" in found.first.evidence
    assert first(runs=bad("Access was rejected: token expired"), tested={}) is Cause.CREDENTIALS


def test_one_run_is_asked_about() -> None:
    runs = [GOOD[0], *bad("timed out")[1:]]
    failed = runs[1]
    found = diagnose(evidence(runs=runs, focus=failed.id))
    assert found.first.cause is Cause.NETWORK
    assert any(failed.id in line for line in found.first.evidence)
    assert diagnose(evidence(runs=runs, focus=GOOD[0].id)).first.cause is Cause.HEALTHY


def test_errors_are_grouped() -> None:
    runs = [
        *bad("timed out", number=2),
        failed_run(200, "401 unauthorized", ago=timedelta(hours=20), failed=9, read=10),
    ]
    runs.append(failed_run(201, "x", code="INGEST-1212-400", ago=timedelta(hours=30), failed=5, read=10))
    history = read_history(runs)
    now, *others = history.groups
    assert (now.code, now.message, now.runs) == ("CONNECTOR-1001-500", "timed out", 2)
    assert now.share == pytest.approx(2 / len(runs))
    assert (now.first_at, now.last_at) == (
        NOW - timedelta(hours=2) + timedelta(minutes=3),
        NOW - timedelta(hours=1) + timedelta(minutes=3),
    )
    assert (now.in_a_row, now.from_the_start) == (now.first_at, False)
    rejected = next(group for group in others if group.code == now.code)
    assert (rejected.message, rejected.runs, rejected.lost) == ("401 unauthorized", 1, 9)
    assert rejected.first_at == rejected.last_at == NOW - timedelta(hours=20)
    assert rejected.in_a_row is None
    assert (history.streak, history.total("records_failed")) == (2, 14)
    assert history.total("records_skipped") is None, "no run says"


def test_a_window_is_asked_about() -> None:
    """What failed in it is named though the newest run is good; what is true of now only where it reaches so far."""
    runs = [GOOD[0], *bad("timed out")[1:]]
    day = Window(NOW - timedelta(days=1), NOW)
    assert first(runs=runs) is Cause.RECOVERED
    found = diagnose(evidence(runs=runs, window=day))
    assert found.first.cause is Cause.NETWORK
    assert any(f"2 of {len(runs)} runs of the window" in line for line in found.first.evidence)
    nothing = [run(at, ago=timedelta(hours=at), read=0) for at in range(1, 5)]
    assert first(runs=nothing, window=day) is Cause.NO_NEW_DATA
    yesterday = Window(NOW - timedelta(days=2), NOW - timedelta(days=1))
    assert first(runs=nothing, window=yesterday) is Cause.HEALTHY
    assert first(runs=[], window=yesterday) is Cause.HEALTHY


def test_one_failure_is_one_group_whatever_varies() -> None:
    """A token that expired is not the connection that was closed five days before, though the code is the same."""
    expired = [
        failed_run(
            number,
            f"The provided token has expired. Request ID: {number}ABCDEF, time 2026-03-0{number}T09:00:00Z",
            ago=timedelta(hours=number),
        )
        for number in (1, 2, 3)
    ]
    closed = failed_run(9, "The connection was closed by the remote host.", ago=timedelta(days=5))
    history = read_history([*expired, *GOOD[4:], closed])
    assert [(group.cause, group.runs) for group in history.groups][:1] == [(Cause.CREDENTIALS, 3)]
    assert history.groups[0].first_at == history.groups[0].in_a_row == NOW - timedelta(hours=3)
    assert history.groups[1].first_at == NOW - timedelta(days=5)


def test_quoted_names_are_not_read_as_words() -> None:
    assert cause_of_words("Reading 'token expired 429/header.csv' failed") is None
    assert cause_of_words('The file "access denied.csv" does not exist') is Cause.SOURCE_MISSING


def test_codes_before_words() -> None:
    assert cause_of_error("INGEST-1401-400", "token expired") is Cause.BAD_FILE
    assert cause_of_error("FLOW-1425-400", "") is Cause.SCHEMA_CHANGED
    assert cause_of_error("CONNECTOR-9999-500", "no idea") is None
    assert cause_of_error(None, None) is None


def test_every_cause_has_words() -> None:
    assert set(HEADLINES) == set(FIXES) == set(Cause)


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_message_is_diagnosed(message: str, code: str) -> None:
    found: Diagnosis = diagnose(evidence(runs=bad(message, code=code)))
    assert found.findings
    assert found.first.cause is not Cause.HEALTHY


def test_runs_that_could_not_be_read_are_not_runs_that_did_not_come() -> None:
    unread = evidence(runs=(), unread=Problem.NO_PERMISSION)
    assert diagnose(replace(unread, unread=None)).first.cause is Cause.RUNS_MISSING, "it is due, and known"
    first = diagnose(unread).first
    assert first.cause is Cause.UNKNOWN
    (words,) = first.evidence
    assert words.startswith(
        "its runs could not be read: no permission; the flow says of its last one: success"
    )
