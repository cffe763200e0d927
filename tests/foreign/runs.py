"""Runs of a foreign organisation: any phase, delay and gap, with their numbers and errors in any documented place."""

from __future__ import annotations

from typing import Any

from foreign.draw import Draw
from foreign.names import wild
from foreign.shapes import ABSENT, audit, number, put, reference, unknown
from foreign.truth import Body, TrueError, TrueRun

_STATUSES = {
    "succeeded": ("success", "Success", "SUCCESS", "completed", "COMPLETED"),
    "unclear": ("success", "Success"),
    "partial": (
        "success",
        "partialSuccess",
        "PARTIAL_SUCCESS",
        "partial_success",
        "Partial success",
        "PARTIAL_FAILURE",
    ),
    "failed": ("failed", "Failed", "FAILED"),
    "in_progress": ("inProgress", "IN_PROGRESS", "Processing", "processing"),
    "waiting": ("scheduled", "QUEUED", "queued", "SCHEDULED"),
}
_CODES = (
    "CONNECTOR-1001-500", "CONNECTOR-2001-500", "INGEST-1212-400", "INGEST-1401-400", "INGEST-1555-400",
    "MAPPER-3700-400", "ACTIVATION_BATCH-0000-FAILED", "UPIN-9105-500", "FOREIGN-4711-400", "2000-500",
)  # fmt: skip
_SKIPS = ("ACTIVATION_BATCH-0000-SKIP", "DPVALIDATION-1-200", "MAPPER-3102-200")
_WORDS = (
    "Error occurred at promotion activity.",
    "The file could not be read: row 17 has 3 columns, 5 expected",
    "Job aborted.",
    'Unable to parse "2020-13-01"',
    "Kein Zugriff auf den Ordner",
    "资料格式错误",
    "failed | badly\nat row 2",
)


def run(
    draw: Draw,
    *,
    flow_id: str,
    spec_id: str,
    ends: tuple[str, str],
    at: int,
    audience: str | None,
) -> TrueRun:
    """A run that was due at `at` (epoch ms) and started when it did."""
    outcome = draw.choice(
        "outcome",
        "succeeded",
        "succeeded",
        "succeeded",
        "partial",
        "failed",
        "in_progress",
        "waiting",
        "unclear",
        "unknown",
    )
    status, place = _status(draw, outcome)
    created = at + draw.mostly("delay", 2_000, 0, 180_000, 7_200_000)
    started, completed, duration = _duration(draw, outcome, created)
    counts, failed_told = _counts(draw, outcome, status)
    errors, spread = _errors(draw, outcome, status, audience=audience, failed_told=failed_told)
    id = draw.uuid("id")
    kept: Body = {
        "id": id, "flowId": flow_id, "createdAt": created, "updatedAt": created + 60_000, "flowSpec": {"id": spec_id},
        "metrics": {"statusSummary": {"status": status}, "durationSummary": {"startedAtUTC": started}},
    }  # fmt: skip
    body: Body = {"id": id, **audit(draw, created, version=False), "flowId": flow_id}
    put(
        body,
        "flowSpec",
        draw.mostly("runSpec", reference(draw, "flowSpec", spec_id), ABSENT, None, percent=80),
    )
    put(body, "providerRefId", draw.mostly("providerRef", "ref-1", ABSENT, None))
    summary: Body = {} if place != "summary" else {"status": status}
    if place == "top":
        body["state"] = status
    if spread["run"]:
        summary["errors"] = spread["run"]
    else:
        put(summary, "errors", draw.choice("noErrors", ABSENT, [], None))
    metrics: Body = {"durationSummary": duration, "statusSummary": summary}
    records = _records(draw, counts, spread, ends, audience)
    put(metrics, "recordSummary", records)
    put(
        metrics,
        "sizeSummary",
        draw.choice(
            "size", {"inputBytes": 1024, "outputBytes": "2048"}, {"inputBytes": -1}, {}, None, ABSENT
        ),
    )
    put(metrics, "fileSummary", _files(draw))
    put(
        metrics,
        "latencySummary",
        draw.choice("latency", {}, ABSENT, {"minMs": 1, "maxMs": 9, "avgMs": "5"}, None),
    )
    body["metrics"] = metrics
    activities = _activities(draw, duration, spread, outcome)
    put(body, draw.mostly("activitiesAs", "activities", "activites", percent=75), activities)
    return TrueRun(
        id=id,
        body=body,
        kept=kept,
        flow_id=flow_id,
        outcome=outcome,
        started=started,
        completed=completed,
        created=created,
        records_in=counts["inputRecordCount"],
        records_out=counts["outputRecordCount"],
        records_failed=counts["failedRecordCount"],
        errors=errors,
    )


def _status(draw: Draw, outcome: str) -> tuple[str | None, str]:
    """(the status as told, where): in the summary, or as the run's own state, or nowhere."""
    if outcome == "unknown":
        told = draw.choice("odd", None, "", "somethingNew")
        return told, "summary"
    status = draw.pick("status", *_STATUSES[outcome])
    return status, draw.mostly("statusAt", "summary", "top", percent=92)


def _duration(draw: Draw, outcome: str, created: int) -> tuple[int | None, int | None, Any]:
    """(started, completed, as told): times as numbers or text, in their older names too."""
    if outcome == "waiting":
        return None, None, draw.choice("unstarted", {}, None, {"startedAtUTC": None}, {"startedAtUTC": 0})
    started = created + draw.mostly("startDelay", 1_500, 0, 300_000, 10_800_000)
    told: Body = {"startedAtUTC": number(draw, "startedAs", started)}
    completed: int | None = None
    if outcome == "in_progress":
        put(told, "completedAtUTC", draw.choice("open", ABSENT, None, 0))
    else:
        completed = started + draw.mostly("took", 61_000, 0, 3_600_000, 90_000_000)
        told[draw.mostly("completedAs", "completedAtUTC", "stoppedAtUTC", percent=80)] = number(
            draw, "endAs", completed
        )
    put(
        told,
        "extensions",
        draw.mostly(
            "durationExt", ABSENT, {"windowStart": started - 900_000, "windowEnd": str(started)}, None
        ),
    )
    return started, completed, told


def _counts(draw: Draw, outcome: str, status: str | None) -> tuple[dict[str, int | None], bool]:
    """The counts that are told, and whether they themselves show that something was lost."""
    read = draw.number("read", 0, 5_000_000)
    lost = 0
    if outcome == "partial":
        lost = draw.number("lost", 1, max(1, read // 10))
    elif outcome == "failed":
        lost = draw.choice("lost", 0, read)
    counts: dict[str, int | None] = {
        "inputRecordCount": read,
        "outputRecordCount": max(0, read - lost),
        "failedRecordCount": lost,
    }
    if outcome in ("waiting", "in_progress", "unknown"):
        counts = dict.fromkeys(counts, None)
    if outcome == "unclear":
        # Fewer came out than went in, and nothing says what became of the others.
        return {"inputRecordCount": 100, "outputRecordCount": 70, "failedRecordCount": None}, False
    for key in counts:
        if draw.chance(f"untold{key}", 20):
            counts[key] = None
    return counts, bool(counts["failedRecordCount"])


def _errors(
    draw: Draw, outcome: str, status: str | None, *, audience: str | None, failed_told: bool
) -> tuple[tuple[TrueError, ...], dict[str, list[Any]]]:
    """The errors, and the same by the place in the body that holds them."""
    places = (
        ("run", "activity", "details", "failed", "end", "entity")
        if audience
        else ("run", "activity", "details", "failed", "end")
    )
    spread: dict[str, list[Any]] = {place: [] for place in (*places, "entity", "skipped", "warning")}
    found: list[TrueError] = []
    hides = outcome == "partial" and not failed_told and "partial" not in (status or "").casefold()
    many = (
        draw.number("errors", 1, 3)
        if outcome in ("failed", "partial") and (hides or not draw.chance("noError", 15))
        else 0
    )
    for index in range(many):
        at = draw.at("error", index)
        error, body = _error(at, _CODES, failing=True)
        found.append(error)
        spread[at.choice("where", *places)].append(body)
    if outcome == "succeeded" and draw.chance("skips", 25):
        error, body = _error(draw.at("skip"), _SKIPS, failing=False)
        found.append(error)
        spread[draw.choice("skipAt", "skipped", "warning")].append(body)
    return tuple(found), spread


def _error(draw: Draw, codes: tuple[str, ...], *, failing: bool) -> tuple[TrueError, Body]:
    code = draw.mostly("noCode", draw.choice("code", *codes), None, percent=88)
    message = draw.mostly(
        "message", draw.choice("words", *_WORDS), wild(draw.random("wild")), "x" * 3_000, None, percent=80
    )
    if code is None and not (message or "").strip():
        message = "no code, but words"
    body: Body = {}
    put(body, "code", code if code is not None else draw.choice("codeless", ABSENT, None))
    put(body, "message", message if message is not None else draw.choice("wordless", ABSENT, None))
    if draw.chance("count", 40):
        body[draw.choice("countAs", "count", "recordCount")] = number(
            draw, "countText", draw.number("n", 0, 900)
        )
    return TrueError(code, message, failing), body


def _records(
    draw: Draw,
    counts: dict[str, int | None],
    spread: dict[str, list[Any]],
    ends: tuple[str, str],
    audience: str | None,
) -> Any:
    told: Body = {}
    for key, value in counts.items():
        put(told, key, number(draw, key, value) if value is not None else unknown(draw, key, minus=True))
    put(told, "createdRecordCount", draw.choice("created", ABSENT, counts["outputRecordCount"], "12"))
    for key, place in (("failedInfo", "failed"), ("skippedInfo", "skipped"), ("warningInfo", "warning")):
        if spread[place]:
            told[key] = draw.mostly(f"{key}As", spread[place], [None, *spread[place]])
        else:
            put(told, key, draw.choice(f"no{key}", ABSENT, ABSENT, [], None))
    source_id, target_id = ends
    if spread["end"] or spread["entity"] or draw.chance("ends", 40):
        entities = []
        if audience:
            entities = [
                {"id": f"segment:{audience}", "inputRecordCount": "3", "failedInfo": spread["entity"]}
            ]
        # The ends count for themselves; what they say may differ from the whole.
        told["sourceSummaries"] = [
            {
                "id": source_id,
                "inputRecordCount": draw.number("atSource", 0, 9_999),
                "entitySummaries": entities,
            }
        ]
        told["targetSummaries"] = [
            {
                "id": target_id,
                "outputRecordCount": str(draw.number("atTarget", 0, 9_999)),
                "failedInfo": spread["end"],
            }
        ]
    if not told:
        return draw.choice("noRecords", {}, None, ABSENT)
    return told


def _files(draw: Draw) -> Any:
    link = "https://platform.adobe.io/data/foundation/export/batches/01GKQ/meta?path=input_files"
    return draw.choice(
        "files",
        {"inputFileCount": 1, "outputFileCount": "1"},
        {"inputFileCount": 2, "manifest": {"fileInfo": [{"path": link, "pathPrefix": None}]}},
        {"extensions": {"manifest": {"fileInfo": link}}},
        {"inputFileCount": None, "extensions": None},
        {},
        None,
        ABSENT,
    )


def _activities(draw: Draw, duration: Any, spread: dict[str, list[Any]], outcome: str) -> Any:
    if not spread["activity"] and not spread["details"] and draw.chance("noActivities", 40):
        return draw.choice("none", ABSENT, [], None)
    first: Body = {
        "id": draw.choice("copy", "copyActivity", "4f008a00-3a04-11eb-adc1-0242ac120002"),
        "updatedAtUTC": 0,
    }
    put(
        first, "name", draw.mostly("copyName", "Copy Activity", ABSENT, None, "Google Cloud | Copy\nActivity")
    )
    first["durationSummary"] = duration
    first["statusSummary"] = {"status": draw.choice("copyStatus", "success", "SUCCESS", None)}
    put(
        first,
        "recordSummary",
        draw.choice("copyRecords", {}, {"inputRecordCount": "7", "failedRecordCount": None}, None, ABSENT),
    )
    second: Body = {"id": draw.choice("promo", "promotionActivity", "37b34f84-1ada-11eb-adc1-0242ac120002")}
    summary: Body = {"status": "failed" if outcome == "failed" else "success", "errors": spread["activity"]}
    extensions: Body = {"snapshot.batchId": "01G9", "errors": spread["details"] or None}
    if draw.chance("manifest", 40):
        root = "https://platform.adobe.io/data/foundation/export/batches/01GKQ/"
        extensions["manifest"] = {
            "failedRecords": f"{root}failed?path=row_errors",
            "sampleErrors": f"{root}meta?path=row_error_samples.json",
        }
    summary["extensions"] = extensions if spread["details"] else draw.pick("extensions", extensions, {}, None)
    second["statusSummary"] = summary
    info = {
        "id": "x",
        "type": "TargetConnection",
        "reference": {"type": "Batch", "ids": [draw.hex("batch", 26).upper()]},
    }
    put(second, "targetInfo", draw.choice("targetInfo", [info], info, [None], None, ABSENT))
    return draw.mostly("activityNulls", [first, second], [first, None, second], percent=85)
