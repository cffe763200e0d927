"""Runs and flows made by hand, in the API's JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.runs import FlowRun

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FLOW = "11111111-1111-4111-8111-111111111111"
SOURCE = "22222222-2222-4222-8222-222222222222"
TARGET = "33333333-3333-4333-8333-333333333333"
ACCOUNT = "44444444-4444-4444-8444-444444444444"
DATASET = "5f5f5f5f5f5f5f5f5f5f5f5f"
SCHEMA = "https://ns.adobe.com/example/schemas/1"
MAPPING = "6666666666666666666666666666aaaa"


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def raw_run(
    number: int = 0,
    *,
    flow: str = FLOW,
    ago: timedelta | None = timedelta(hours=1),
    status: str | None = "success",
    seconds: float | None = 60,
    read: int | None = 100,
    failed: int | None = 0,
    errors: list[dict[str, Any]] | None = None,
    now: datetime = NOW,
) -> dict[str, Any]:
    """A run that started `ago` before now; without `ago` it has not started and was created an hour before."""
    metrics: dict[str, Any] = {}
    created = now - (ago if ago is not None else timedelta(hours=1))
    if ago is not None:
        metrics["durationSummary"] = {"startedAtUTC": ms(created)}
        if seconds is not None:
            metrics["durationSummary"]["completedAtUTC"] = ms(created + timedelta(seconds=seconds))
    if status is not None:
        metrics["statusSummary"] = {"status": status}
    if read is not None:
        written = max(0, read - (failed or 0))
        metrics["recordSummary"] = {"inputRecordCount": read, "outputRecordCount": written}
        if failed is not None:
            metrics["recordSummary"]["failedRecordCount"] = failed
        metrics["sizeSummary"] = {"inputBytes": read * 10, "outputBytes": written * 5}
    run: dict[str, Any] = {
        "id": f"{number:08}-0000-4000-8000-000000000000",
        "flowId": flow,
        "createdAt": ms(created) - 400,
        "metrics": metrics,
        "activities": [],
    }
    if errors:
        run["activities"] = [{"id": "copy", "statusSummary": {"status": "failed", "errors": errors}}]
    return run


def run(number: int = 0, **given: Any) -> FlowRun:
    return FlowRun.model_validate(raw_run(number, **given))


def failed_run(number: int, message: str, *, code: str = "CONNECTOR-1001-500", **given: Any) -> FlowRun:
    error = {"code": code, "message": message}
    return run(number, **{"status": "failed", "read": 0, "errors": [error], **given})


def raw_flow(**changes: Any) -> dict[str, Any]:
    """An hourly ingestion flow since ten days."""
    start = NOW - timedelta(days=10)
    spec = {"id": "ecadc60c-7455-4d87-84dc-2a0e293d997b", "version": "1.0"}
    lake = {"id": "c604ff05-7f1a-43c0-8e18-33bf874cb11c", "version": "1.0"}
    flow: dict[str, Any] = {
        "id": FLOW,
        "name": "Orders hourly",
        "description": "",
        "state": "enabled",
        "createdAt": ms(start),
        "updatedAt": ms(start),
        "updatedBy": "someone@example.com",
        "flowSpec": {"id": "9753525b-82c7-4dce-8a9b-5ccfce2b9876", "version": "1.0"},
        "sourceConnectionIds": [SOURCE],
        "targetConnectionIds": [TARGET],
        "inheritedAttributes": {
            "properties": {"isSourceFlow": True},
            "sourceConnections": [
                {
                    "id": SOURCE,
                    "connectionSpec": spec,
                    "baseConnection": {"id": ACCOUNT, "connectionSpec": spec},
                }
            ],
            "targetConnections": [{"id": TARGET, "connectionSpec": lake}],
        },
        "scheduleParams": {"startTime": ms(start) // 1000, "frequency": "hour", "interval": 1},
        "transformations": [{"name": "Mapping", "params": {"mappingId": MAPPING, "mappingVersion": 1}}],
        "lastOperation": {"operation": "create", "started": ms(start), "updated": ms(start)},
        "lastRunDetails": {"id": "x", "state": "success", "startedAtUTC": ms(NOW) - 3_600_000},
    }
    flow.update(changes)
    return flow


def flow(**changes: Any) -> Flow:
    return Flow.model_validate(raw_flow(**changes))
