"""How runs stand, as a list of runs is filtered by it."""

from __future__ import annotations

from aep_flow_mcp.insight.terms import RunState

STATUS_PATH = "metrics.statusSummary.status"
STARTED_PATH = "metrics.durationSummary.startedAtUTC"


# The API's documents spell each status in several ways and do not say whether filters mind the case.
_SPELLINGS = {
    RunState.SCHEDULED: ("scheduled", "Scheduled", "SCHEDULED", "queued", "Queued", "QUEUED"),
    RunState.IN_PROGRESS: ("inProgress", "InProgress", "IN_PROGRESS", "processing", "Processing"),
    RunState.SUCCESS: (
        "success",
        "Success",
        "SUCCESS",
        "completed",
        "Completed",
        "COMPLETED",
        "succeeded",
        "successful",
    ),
    RunState.PARTIAL: ("partialSuccess", "PARTIAL_SUCCESS", "partialFailure", "PARTIAL_FAILURE"),
    RunState.FAILED: ("failed", "Failed", "FAILED"),
}


def spellings(status: RunState | None) -> tuple[str, ...] | None:
    """The values of a status filter."""
    return _SPELLINGS[status] if status else None
