"""A flow's body against its flow spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aep_flow_mcp.platform.models.specs import FlowSpec

from ..wellknown import PROFILE_STORE
from .outcome import Checked, Problem, gathered, joined, refused
from .schema import check_schema, demanded

Json = Mapping[str, Any]

ONCE = "once"
_FIRST_MILLISECOND = 100_000_000_000
_GRACE = 60
LABELS_LATER = (
    "labels are documented as a change of an existing flow: look whether the new flow has them; if not, update_flow, "
    "add /labels. Until then everybody sees it."
)
_UNITS = ("minute", "hour", "day", "week")


def check_pairing(spec: FlowSpec, *, source_spec_id: str | None, target_spec_id: str | None) -> Checked:
    """Whether the flow spec lists these two connectors. The lists are not all there is: pages join a flow spec with
    connectors that its printed form does not list (help/sources/tutorials/api/collect/payments.md)."""
    notes = []
    if source_spec_id and spec.source_connection_spec_ids and not spec.takes_source(source_spec_id):
        notes.append(f"{spec.name} does not list the source's connector ({source_spec_id}).")
    if target_spec_id and spec.target_connection_spec_ids and not spec.takes_target(target_spec_id):
        notes.append(f"{spec.name} does not list the target's connector ({target_spec_id}).")
    return Checked(None, (), tuple(notes))


def check_schedule(spec: FlowSpec, schedule: Any, *, now: float, complete: bool = True) -> Checked:
    """`scheduleParams` against the flow spec; `now` and start times are epoch seconds.

    complete: the flow is to run as it is, so that a schedule that the spec requires must be there.
    """
    part = spec.schedule_spec
    if not schedule:
        needed = demanded(part) if complete else []
        # 1317-400, help/sources/errors/sources-errors.md: schedule parameters must not be empty.
        return (
            refused(schedule, "scheduleParams", f"is required ({', '.join(needed)}).")
            if needed
            else Checked()
        )
    if not isinstance(schedule, Mapping):
        return refused(schedule, "scheduleParams", "must be an object.")
    if part is None or not part.spec:
        told = f"{spec.name or 'The flow spec'} declares no schedule: scheduleParams is sent as it is."
        return _timely(spec, Checked(dict(schedule), (), (told,)), now)
    held, notes = _of_once(schedule)
    checked = check_schema(part.spec, held, "scheduleParams", whose=f"{spec.name}")
    interval = {"interval": schedule["interval"]} if "interval" in schedule and "interval" not in held else {}
    checked = replace(checked, value={**checked.value, **interval})
    return _timely(spec, _in_words(checked).and_notes(*notes), now)


def check_transformations(spec: FlowSpec, steps: Any) -> Checked:
    """Each transformation against the flow spec's own. A list of them is no list of all: flows take `Encryption`
    beside a `Mapping` that stands alone (help/sources/tutorials/api/encrypt-data.md)."""
    if not steps:
        return Checked(steps)
    if not isinstance(steps, list | tuple):
        return refused(steps, "transformations", "must be a list.")
    parts = [_step(spec, step, joined("transformations", index)) for index, step in enumerate(steps)]
    return gathered([part.value for part in parts], parts)


def check_options(spec: FlowSpec, options: Any) -> Checked:
    """`options`, such as the share of bad rows that a run may have."""
    if not options:
        return Checked(options)
    schema = spec.option_spec.spec if spec.option_spec else None
    return check_schema(schema, dict(options), "options", whose=f"{spec.name or 'the flow spec'}")


def check_labels(labels: Sequence[str]) -> Checked:
    """Access labels. They are documented as a change of a flow that is there (help/sources/tutorials/api/labels.md)."""
    return Checked(list(labels) or None, (), (LABELS_LATER,) if labels else ())


def check_flow(
    spec: FlowSpec,
    *,
    source_spec_id: str | None,
    target_spec_id: str | None,
    schedule: Json | None,
    transformations: Iterable[Json] | None,
    options: Json | None,
    now: float,
    draft: bool = False,
) -> Checked:
    """All of a flow's body; the value holds `scheduleParams`, `transformations` and `options`.

    A draft may still lack its schedule. So may a flow from the profile store: each of its audiences has one of its own
    (help/destinations/api/activate-segments-file-based-destinations.md). And so may one whose source is not known.
    """
    complete = not draft and source_spec_id not in (None, PROFILE_STORE)
    parts = {
        "scheduleParams": check_schedule(spec, schedule, now=now, complete=complete),
        "transformations": check_transformations(spec, list(transformations or ())),
        "options": check_options(spec, options),
    }
    pairing = check_pairing(spec, source_spec_id=source_spec_id, target_spec_id=target_spec_id)
    notes = []
    if draft and spec.frequency == "streaming":
        notes.append("A draft may be refused here (1368): many kinds of streaming flows have none.")
    value = {name: part.value for name, part in parts.items()}
    return gathered(value, [pairing, *parts.values()]).and_notes(*notes)


def _step(spec: FlowSpec, step: Any, field: str) -> Checked:
    if not isinstance(step, Mapping):
        return refused(step, field, "must be an object with name and params.")
    name = str(step.get("name") or "")
    known = [item for item in spec.transformation_specs if item.name]
    part = next((item for item in known if item.name == name), None) or next(
        (item for item in known if (item.name or "").casefold() == name.casefold()), None
    )
    if part is None:
        named = ", ".join(item.name or "" for item in known)
        told = f"{field}: {name} is sent as it is: {spec.name or 'the flow spec'} names {named or 'none'}."
        return Checked(dict(step), (), (told,))
    params = check_schema(part.spec, step.get("params") or {}, f"{field}.params", whose=f"{part.name}")
    return Checked({**step, "name": part.name, "params": params.value}, params.problems, params.notes)


def _of_once(schedule: Json) -> tuple[dict[str, Any], list[str]]:
    """Printed specs forbid an interval beside `once`, Adobe's page on HubSpot sends one
    (help/sources/tutorials/api/collect/marketing-automation.md): both work."""
    held = dict(schedule)
    if str(held.get("frequency")).casefold() != ONCE or "interval" not in held:
        return held, []
    del held["interval"]
    return held, ["scheduleParams.interval says nothing when the frequency is once."]


def _in_words(checked: Checked) -> Checked:
    """What specs say by if, then and else, in words: what goes with which frequency."""
    frequency = checked.value.get("frequency")
    problems = []
    for problem in checked.problems:
        message = problem.message
        if problem.field == "scheduleParams.backfill" and frequency == ONCE:
            message = "must be left out when the frequency is once."
        elif problem.field == "scheduleParams.interval" and frequency in _UNITS:
            message = f"{message.rstrip('.')} with {frequency}."
        problems.append(Problem(problem.field, message))
    return replace(checked, problems=tuple(problems))


def _timely(spec: FlowSpec, checked: Checked, now: float) -> Checked:
    """When it starts and ends."""
    start, end = _seconds(checked.value.get("startTime")), _seconds(checked.value.get("endTime"))
    notes = []
    if start is not None and start >= _FIRST_MILLISECOND:
        notes.append("scheduleParams.startTime looks like milliseconds; the service reads epoch seconds.")
    if start is not None and end is not None and end <= start:
        notes.append("scheduleParams.endTime is not after startTime: nothing would run.")
    if start is not None and start < now - _GRACE:
        if _is_export(spec, checked.value):
            notes.append("scheduleParams.startTime lies in the past.")
        else:
            # 1360-400, help/sources/errors/sources-errors.md: the start time of an ingestion is not in the past.
            late = Problem("scheduleParams.startTime", "lies in the past; it must not.")
            return replace(checked, problems=(*checked.problems, late)).and_notes(*notes)
    return checked.and_notes(*notes)


def _is_export(spec: FlowSpec, schedule: Json) -> bool:
    return spec.is_destination_flow or "timeUnit" in schedule or "exportMode" in schedule


def _seconds(value: Any) -> float | None:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value) if len(value) < 30 else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
