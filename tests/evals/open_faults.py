"""Questions that one call does not answer yet, and why. A line goes from here with the change that mends it."""

from __future__ import annotations

_ROWS = "diagnose_flow looks at the newest 20 runs: a streak that began before them has no beginning"
_BY_NAME = "describe_flow takes no name, and its siblings do not tell this"
_RUNS_BY_NAME = "list_runs takes no name: it answers 'No items.' for one"
_TOP = "a table is cut at 5 rows, whatever matters most"

LATER: dict[str, str] = {
    "since-expired": _ROWS,
    "since-expired-too": _ROWS,
    "since-refused": _ROWS,
    "since-missing": _ROWS,
    "last-good-expired": _ROWS,
    "last-good-refused": _ROWS,
    "last-good-missing": _ROWS,
    "in-a-row": _ROWS,
    "last-data": "diagnose_flow looks no further back than the newest 20 runs, and calls a run that read nothing good",
    "failed-flows-day": _TOP,
    "lossy-flow": _TOP,
    "into-dataset": "the scope of a dataset adds what flows read from it to what is written into it",
    "worst-run": _RUNS_BY_NAME,
    "newest-run": _RUNS_BY_NAME,
    "account-works": "test_connection takes no name",
    "account-host": "list_connections does not show where an account is, get_connection takes no name",
    "audiences": _BY_NAME,
    "who-sends": "find_flows does not search audiences",
    "how-often": "find_flows shows no schedule",
    "schedule-start": _BY_NAME,
    "export-ends": _BY_NAME,
    "mapped-fields": _BY_NAME,
    "source-path": _BY_NAME,
    "delta": "describe_flow does not tell the column of an incremental load; get_flow does, by id",
    "who-created": "no tool that takes a name tells who made a flow whose making is older than the audit log",
    "stream-runs": "pipeline_health says 'no runs' of a streaming flow, as of one that should have had some",
}
"""Answered by a later call."""

NEVER: dict[str, str] = {
    "overdue-only": "flows whose runs lie beside the schedule's start count as due, no run",
    "never-ran": "last_status=never holds streaming flows, which have no runs",
    "skipped": "pipeline_health counts no skipped records",
    **dict.fromkeys(
        (
            "since-expired",
            "since-expired-too",
            "since-refused",
            "since-missing",
            "last-good-expired",
            "last-good-refused",
            "last-good-missing",
            "in-a-row",
        ),
        f"{_ROWS}, and no more than 100 can be asked for",
    ),
}
"""Not answered by three calls, in some organisations."""
