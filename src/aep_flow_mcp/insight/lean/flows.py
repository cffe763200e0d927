"""The facts of one flow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.insight.schedule import Timetable
from aep_flow_mcp.platform.models.common import to_time
from aep_flow_mcp.platform.models.flows import Flow, FlowKind
from aep_flow_mcp.platform.models.runs import read_status

from .plain import Facts, Json, Moment, NotPlainError, Wire, id_of, shared_id, text, time


class _Ref(Wire):
    id: str | None = None


class _End(Wire):
    id: str | None = None
    connectionSpec: _Ref | None = None
    baseConnection: _Ref | None = None


class _Traits(Wire):
    isSourceFlow: bool | None = None
    isDestinationFlow: bool | None = None


class _Inherited(Wire):
    properties: _Traits | None = None
    sourceConnections: list[_End] | None = None
    targetConnections: list[_End] | None = None


class _Operation(Wire):
    operation: str | None = None
    started: Moment | None = None
    updated: Moment | None = None


class _LastRun(Wire):
    id: str | None = None
    state: str | None = None
    startedAtUTC: Moment | None = None
    completedAtUTC: Moment | None = None
    stoppedAtUTC: Any = None
    startedAt: Any = None
    completedAt: Any = None


class _StepParams(Wire):
    mappingId: str | None = None
    segmentSelectors: Any = None
    profileMapping: Any = None


class _Step(Wire):
    params: _StepParams | None = None


class _Schedule(Wire):
    startTime: int | str | None = None
    endTime: int | str | None = None
    frequency: str | None = None
    interval: int | str | None = None
    timeUnit: str | None = None


class _Flow(Wire):
    id: str
    name: str | None = None
    description: str | None = None
    state: str | None = None
    flowSpec: _Ref | None = None
    createdAt: Moment | None = None
    updatedAt: Moment | None = None
    sourceConnectionIds: list[str | None] | None = None
    targetConnectionIds: list[str | None] | None = None
    inheritedAttributes: _Inherited | None = None
    transformations: list[_Step] | None = None
    scheduleParams: _Schedule | None = None
    lastOperation: _Operation | None = None
    lastRunDetails: _LastRun | None = None


_FEW = 8
"""Connectors or accounts of one flow; what is remembered is short, whatever a service sends."""
_NO_ENDS: list[_End] = []
_NO_RUN = _LastRun()
_STATES = {state: state for state in ("enabled", "disabled", "draft")}
"""As they are written, each in memory once."""


def _plain(flow: _Flow) -> FlowFacts:
    inherited = flow.inheritedAttributes
    if inherited is None or inherited.properties is None:
        raise NotPlainError
    sources, targets = inherited.sourceConnections or _NO_ENDS, inherited.targetConnections or _NO_ENDS
    operation, last = flow.lastOperation, flow.lastRunDetails or _NO_RUN
    if not (last.stoppedAtUTC is last.startedAt is last.completedAt is None):
        raise NotPlainError
    status = text(last.state)
    last_run = time(last.startedAtUTC or last.completedAtUTC)
    ran = bool(status or last_run)
    created = time(flow.createdAt)
    state, steps, schedule = flow.state, flow.transformations, flow.scheduleParams
    changed = operation is not None and text(operation.operation).casefold() != "create"
    return FlowFacts(
        id_of(flow.id),
        text(flow.name),
        text(flow.description),
        _STATES.get(state or "") or text(state).casefold(),
        _kind(inherited.properties),
        _spec(flow.flowSpec),
        _ids(flow.sourceConnectionIds) or _ids([end.id for end in sources]),
        _ids(flow.targetConnectionIds) or _ids([end.id for end in targets]),
        _specs(sources),
        _specs(targets),
        _accounts(sources, targets),
        _mapping(steps) if steps else None,
        0,
        _timetable(schedule) if schedule else None,
        created,
        time(flow.updatedAt) or created,
        time(operation.updated or operation.started) if operation and changed else None,
        last_run,
        read_status(status) if ran else None,
        (text(last.id) or None) if ran else None,
    )


def _kind(traits: _Traits) -> FlowKind:
    """Only what the flow says of itself; without that the specs at its ends decide, which the model knows."""
    if traits.isDestinationFlow:
        return FlowKind.DESTINATION
    if traits.isSourceFlow:
        return FlowKind.SOURCE
    raise NotPlainError


def _mapping(steps: list[_Step]) -> str | None:
    """The mapping set. Audience activations are for the model."""
    found: str | None = None
    for step in steps:
        params = step.params
        if params is None:
            continue
        if params.segmentSelectors is not None or params.profileMapping is not None:
            raise NotPlainError
        if found is None and params.mappingId:
            found = id_of(params.mappingId)
    return found


def _timetable(schedule: _Schedule) -> Timetable | None:
    interval = schedule.interval
    if isinstance(interval, str):
        if not interval.isdecimal():
            raise NotPlainError
        interval = int(interval)
    end, unit = schedule.endTime, schedule.timeUnit
    return Timetable.of(
        to_time(schedule.startTime),
        to_time(end) if end is not None else None,
        frequency=text(schedule.frequency) or None,
        time_unit=text(unit) or None if unit else None,
        interval=interval,
    )


def _spec(reference: _Ref | None) -> str | None:
    return shared_id(reference.id) if reference is not None and reference.id is not None else None


def _specs(ends: list[_End]) -> tuple[str, ...]:
    return _few([spec for end in ends if (spec := _spec(end.connectionSpec))])


def _accounts(sources: list[_End], targets: list[_End]) -> tuple[str, ...]:
    bases = [base.id for end in (*sources, *targets) if (base := end.baseConnection) and base.id is not None]
    return _few([shared_id(base) for base in bases])


def _ids(values: Iterable[str | None] | None) -> tuple[str, ...]:
    return _once([id_of(value) for value in values if value is not None]) if values else ()


def _once(values: Sequence[str]) -> tuple[str, ...]:
    # Nearly always one, for which no dictionary is needed.
    return tuple(values) if len(values) < 2 else tuple(dict.fromkeys(values))


def _few(values: Sequence[str]) -> tuple[str, ...]:
    return _shared(tuple(values)) if len(values) <= _FEW else _once(values)


@lru_cache(maxsize=2_048)
def _shared(values: tuple[str, ...]) -> tuple[str, ...]:
    """These, each once: a few connectors and accounts are those of thousands of flows."""
    return _once(values)


def showing(aside: Callable[[Flow], None]) -> Facts[_Flow, FlowFacts]:
    """Reads facts, and shows each flow that is not plain, such as every one with audiences, to `aside`."""

    def modelled(raw: Json) -> FlowFacts:
        flow = Flow.model_validate(raw)
        aside(flow)
        return FlowFacts.of(flow)

    return Facts(_Flow, _plain, modelled)


flow_facts = Facts(_Flow, _plain, lambda raw: FlowFacts.of(Flow.model_validate(raw)))
