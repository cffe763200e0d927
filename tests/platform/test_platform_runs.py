from __future__ import annotations

import pytest

from aep_flow_mcp.platform.models.runs import FlowRun, RunStatus, read_status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("success", "success"),
        ("SUCCESS", "success"),
        ("COMPLETED", "success"),
        ("Failed", "failed"),
        ("inProgress", "in_progress"),
        ("IN_PROGRESS", "in_progress"),
        ("PARTIAL_FAILURE", "partial_failure"),
        ("partialSuccess", "partial_success"),
        ("QUEUED", "queued"),
        ("Scheduled", "scheduled"),
        ("new one", "unknown"),
        (None, "unknown"),
    ],
)
def test_run_statuses(text: str | None, status: str) -> None:
    assert read_status(text).value == status


RUN = {
    "id": "r",
    "flowId": "f",
    "eTag": '"e"',
    "metrics": {
        "durationSummary": {"startedAtUTC": 1_700_000_000_000, "stoppedAtUTC": "1700000090500"},
        "sizeSummary": {"inputBytes": -1, "outputBytes": 10},
        "recordSummary": {
            "inputRecordCount": 100,
            "outputRecordCount": "90",
            "failedRecordCount": 10,
            "failedInfo": [{"code": "MAPPER-3700-400", "message": "bad", "count": 10}],
            "skippedInfo": [{"code": "ACTIVATION_BATCH-0000-SKIP", "message": "left out"}],
            "targetSummaries": [
                {"id": "t", "entitySummaries": [{"id": "segment:1", "failedInfo": [{"code": "X-1-1"}]}]}
            ],
        },
        "fileSummary": {
            "inputFileCount": 2,
            "extensions": {"manifest": {"fileInfo": "https://platform.test/files"}},
        },
        "statusSummary": {
            "status": "success",
            "errors": [{"code": "CONNECTOR-2001-500", "message": "promotion"}, None],
        },
    },
    "activites": [
        {
            "id": "promotionActivity",
            "durationSummary": {
                "extensions": {"windowStart": 1_700_000_000_000, "windowEnd": 1_700_003_600_000}
            },
            "statusSummary": {
                "status": "failed",
                "errors": [{"code": "CONNECTOR-2001-500", "message": "promotion"}],
                "extensions": {
                    "manifest": {"failedRecords": "https://platform.test/rows", "sampleErrors": None},
                    "errors": [{"code": "INGEST-1212-400", "message": "rows", "recordCount": "10"}],
                },
            },
            "targetInfo": [
                {"id": "t", "type": "TargetConnection", "reference": {"type": "Batch", "ids": ["b1", "b1"]}}
            ],
        },
        None,
    ],
}


def test_run() -> None:
    run = FlowRun.model_validate(RUN)
    assert (run.status, run.etag, run.duration_s) == (RunStatus.SUCCESS, '"e"', 90.5)
    assert (run.records_in, run.records_out, run.records_failed, run.records_skipped) == (100, 90, 10, None)
    assert (run.bytes_in, run.bytes_out, run.files_in, run.files_out) == (None, 10, 2, None)
    assert run.file_info_urls == ["https://platform.test/files"]
    assert not run.clean
    assert run.batch_ids == ["b1"]
    assert run.diagnostics_urls == {"failedRecords": "https://platform.test/rows"}
    assert [moment and moment.hour for moment in run.window] == [22, 23]
    assert [(error.place, error.code, error.count, error.where) for error in run.errors] == [
        ("run", "CONNECTOR-2001-500", None, None),
        ("activity", "CONNECTOR-2001-500", None, "promotionActivity"),
        ("activity details", "INGEST-1212-400", 10, "promotionActivity"),
        ("failed records", "MAPPER-3700-400", 10, None),
        ("skipped records", "ACTIVATION_BATCH-0000-SKIP", None, None),
        ("failed records", "X-1-1", None, "segment:1"),
    ]


def test_a_run_that_goes_on_and_one_that_is_empty() -> None:
    going = FlowRun.model_validate(
        {
            "id": "r",
            "metrics": {
                "durationSummary": {"startedAtUTC": 1_700_000_000_000},
                "statusSummary": {"status": "inProgress"},
            },
        }
    )
    assert (going.status.finished, going.duration_s, going.completed_at, going.clean) == (
        False,
        None,
        None,
        False,
    )
    empty = FlowRun.model_validate({"id": "r", "metrics": None, "activities": None, "state": "success"})
    assert (empty.status, empty.errors, empty.records_in, empty.window) == (
        RunStatus.SUCCESS,
        [],
        None,
        (None, None),
    )
    assert empty.clean is None
