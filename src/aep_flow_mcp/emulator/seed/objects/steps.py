"""What a flow does on the way and when: transformations and schedules in API shape."""

from __future__ import annotations

from datetime import UTC, datetime

from ...json_types import JsonObject
from ..history.timeline import RunPlan, nominal_times
from ..organisation.plan import DAY, HOUR, MINUTE, Audience, FlowPlan, Schedule
from .mappings import PROFILE_ATTRIBUTES
from .pipeline import Place

# Audience exports are scheduled in their selectors, streams and internal flows by the data that comes.
_SCHEDULED = frozenset({"files", "landing", "table", "export"})

_FILENAME = "%DESTINATION%_%SEGMENT_NAME%_%DATETIME(YYYYMMdd_HHmmss)%"
_FOLDER = "%DESTINATION%_%DATASET_ID%_%DATETIME(YYYYMMdd_HHmmss)%"


def mapping_id(place: Place, plan: FlowPlan) -> str:
    """The mapping set of a flow, which generated flows share."""
    if plan.shared_mapping is not None:
        return place.ids.hexadecimal(place.key("shared-mapping-set", plan.shared_mapping), 32)
    return place.ids.hexadecimal(place.key("mapping-set", plan.key), 32)


def transformations(place: Place, plan: FlowPlan) -> list[JsonObject]:
    """The steps of a flow; a draft has none yet."""
    if plan.state == "draft":
        return []
    if plan.kind in {"audience", "stream_audience"}:
        return [_general(place, plan)]
    steps: list[JsonObject] = []
    if plan.delta_column is not None:
        steps.append({"name": "Copy", "params": {"deltaColumn": {"name": plan.delta_column}}})
    if plan.feed is not None:
        params = {"mappingId": mapping_id(place, plan), "mappingVersion": plan.mapping_version}
        steps.append({"name": "Mapping", "params": params})
    return steps


def audience_id(place: Place, audience: Audience) -> str:
    return place.uuid("audience", audience.name)


def _general(place: Place, plan: FlowPlan) -> JsonObject:
    params: JsonObject = {
        "segmentSelectors": {"selectors": [_segment(place, plan, audience) for audience in plan.audiences]}
    }
    if plan.feed is not None:
        params["profileMapping"] = {
            "mappingId": mapping_id(place, plan),
            "mappingVersion": plan.mapping_version,
        }
    else:
        params["profileSelectors"] = {"selectors": [_attribute(path, to) for path, to in PROFILE_ATTRIBUTES]}
    if plan.mandatory:
        params["mandatoryFields"] = list(plan.mandatory)
    if plan.kind == "audience":
        params["primaryFields"] = [
            {"fieldType": "ATTRIBUTE", "attributePath": plan.mandatory[0]}
            if plan.mandatory
            else {"fieldType": "IDENTITY", "identityNamespace": "Email"}
        ]
    return {"name": "GeneralTransform", "params": params}


def _segment(place: Place, plan: FlowPlan, audience: Audience) -> JsonObject:
    id = audience_id(place, audience)
    created = place.created(plan)
    value: JsonObject = {"id": id, "name": audience.name, "description": ""}
    if plan.kind == "audience":
        value |= {
            "filenameTemplate": _FILENAME,
            "exportMode": audience.mode,
            "schedule": {
                "frequency": audience.frequency,
                "triggerType": "AFTER_SEGMENT_EVAL" if audience.frequency == "CHAINED" else "SCHEDULED",
                "startDate": datetime.fromtimestamp(created / 1000, UTC).date().isoformat(),
                "startTime": audience.at,
            },
        }
    value |= {"createTime": str(created // 1000), "updateTime": str(created // 1000)}
    return {"type": "PLATFORM_SEGMENT", "value": value}


def _attribute(path: str, to: str) -> JsonObject:
    mapping = {
        "sourceType": "text/x.schema-path",
        "source": path,
        "destination": to,
        "sourceAttribute": path,
        "destinationXdmPath": to,
        "identity": False,
        "primaryIdentity": False,
        "functionVersion": 0,
    }
    return {"type": "JSON_PATH", "value": {"path": path, "operator": "EXISTS", "mapping": mapping}}


def schedule_params(place: Place, plan: FlowPlan) -> JsonObject | None:
    """`scheduleParams`, with times in seconds; None where the kind of flow has none."""
    schedule = plan.schedule
    if schedule is None or plan.kind not in _SCHEDULED or plan.state == "draft":
        return None
    start = _starts(place, plan, schedule) // 1000
    if plan.kind == "export":
        return _export_schedule(schedule, start, place.now_ms)
    if schedule.frequency == "once":
        return {"startTime": start, "frequency": "once"}
    return {
        "startTime": start,
        "frequency": schedule.frequency,
        "interval": schedule.interval,
        "backfill": schedule.backfill,
    }


def _export_schedule(schedule: Schedule, start: int, now_ms: int) -> JsonObject:
    params: JsonObject = {
        "exportMode": "DAILY_FULL_EXPORT" if schedule.full else "FIRST_FULL_THEN_INCREMENTAL",
        "interval": 0 if schedule.full else schedule.interval,
        "timeUnit": schedule.frequency,
        "startTime": start,
        "folderNameTemplate": _FOLDER,
    }
    if schedule.ends_days_ago is not None:
        params["endTime"] = _whole_hour(now_ms - int(schedule.ends_days_ago * DAY)) // 1000
    return params


def run_plan(place: Place, plan: FlowPlan, about: object) -> RunPlan:
    """When the flow ran in the last 30 days."""
    now = place.now_ms
    running = None
    if plan.running_minutes is not None:
        running = now - int(plan.running_minutes * MINUTE)
    return RunPlan(
        flow_id=place.uuid("flow", plan.key),
        times=_times(place, plan),
        volume=plan.volume,
        faults=plan.faults,
        running_since=running,
        about=about,
    )


def _times(place: Place, plan: FlowPlan) -> range:
    schedule, now = plan.schedule, place.now_ms
    if schedule is None or plan.state == "draft" or plan.kind == "stream_audience":
        return range(0)
    start = _starts(place, plan, schedule)
    end = now
    if plan.newest_runs is not None:
        all_times = nominal_times(
            period=schedule.period_ms, offset=start, first=start, last=now - 10 * MINUTE
        )
        return all_times[len(all_times) - plan.newest_runs :]
    if plan.running_minutes is not None:
        end = now - int((plan.running_minutes + 2) * MINUTE) - 1
    if plan.stopped_days_ago is not None:
        end = now - int(plan.stopped_days_ago * DAY)
    if schedule.ends_days_ago is not None:
        end = min(end, _whole_hour(now - int(schedule.ends_days_ago * DAY)))
    if schedule.frequency == "once" or schedule.full:
        return range(start, start + 1) if now - 30 * DAY <= start <= end else range(0)
    first = max(start, now - 30 * DAY)
    return nominal_times(period=schedule.period_ms, offset=start, first=first, last=end)


def _starts(place: Place, plan: FlowPlan, schedule: Schedule) -> int:
    """The first start: `starts_days_ago` before now, moved to the minute that `at` names.

    A flow with a run going on gets the minute of that run, so that it lies on the schedule.
    """
    now = place.now_ms
    days = schedule.starts_days_ago
    about = place.created(plan) + DAY if days is None else now - int(days * DAY)
    if plan.running_minutes is not None:
        begun = now - int((plan.running_minutes + 2) * MINUTE)
        return begun - -(-(begun - about) // schedule.period_ms) * schedule.period_ms
    hours, minutes = (int(part) for part in schedule.at.split(":"))
    if schedule.frequency in {"minute", "hour"}:
        return _whole_hour(about) + minutes * MINUTE
    return about - about % DAY + hours * HOUR + minutes * MINUTE


def _whole_hour(time: int) -> int:
    return time - time % HOUR
