"""Whatever a wish says is in the bodies, or is refused or asked about by its name: nothing in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aep_flow_mcp.pipelines import schedules
from aep_flow_mcp.pipelines.blueprint import Blueprint, What
from aep_flow_mcp.pipelines.findings import Findings
from aep_flow_mcp.pipelines.judge import judge
from aep_flow_mcp.pipelines.wish import Direction, FieldPair, PipelineWish, StartState
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec
from pipelines.organisation import TOMORROW, Organisation
from pipelines.test_every_connector import WAYS, answered

SAID: Mapping[str, Any] = {
    "description": "mark-description",
    "path": "mark/path/",
    "format": "json",
    "format_options": {"compressionType": "gzip", "markOption": "mark-option"},
    "params": {"markParam": "mark-param"},
    "datasets": ("Products",),
    "fields": (FieldPair("lower('mark')", "_id"),),
    "every": "6 hours",
    "start_time": TOMORROW,
    "end_time": "2031-05-06",
    "backfill": False,
    "delta_column": "mark_column",
    "tolerated_percent": 7.25,
    "transformations": ({"name": "Encryption", "params": {"publicKeyId": "mark-key"}},),
    "labels": ("core/C12",),
    "state": StartState.DISABLED,
    "auth_params": {"markLogin": "mark-login"},
}
DEFAULTS = {field.name: getattr(PipelineWish(), field.name) for field in fields(PipelineWish)}
ALSO = {"auth_params": "auth_spec"}


def in_bodies(name: str, blueprint: Blueprint, findings: Findings) -> bool:
    """Whether what `SAID` says of a field is in the bodies."""
    text = " ".join(repr(part.body) for part in blueprint.parts)
    flow = next(part.body for part in blueprint.parts if part.what is What.FLOW)
    schedule = flow.get("scheduleParams") or {}
    match name:
        case "state":
            return blueprint.disabled
        case "datasets":
            return findings.datasets_asked["Products"][0].id in text
        case "format":
            return "'format': 'json'" in text or "'datasetFileType': 'JSON'" in text
        case "format_options":
            return "'gzip'" in text.casefold() and "mark-option" in text
        case "fields":
            return "lower('mark')" in text
        case "every":
            return str(schedule.get("interval")) == "6" and "hour" in schedule.values()
        case "start_time" | "end_time":
            wanted = schedules.parse_time(SAID[name])
            return str(schedule.get("startTime" if name == "start_time" else "endTime")) == str(wanted)
        case "backfill":
            return schedule.get("backfill") is False
        case "tolerated_percent":
            return "7.25" in repr(flow.get("options"))
        case "path":
            return "mark/path" in text
        case "labels":
            return flow.get("labels") == ["core/C12"]
        case "transformations":
            return "mark-key" in repr(flow["transformations"])
        case "delta_column":
            return "mark_column" in repr(flow["transformations"])
    [mark] = SAID[name].values() if isinstance(SAID[name], dict) else [SAID[name]]
    return mark in text


def found_for(wish: PipelineWish, base: Findings, silent: frozenset[str]) -> Findings:
    """The organisation, whose specs say nothing of what is silent."""
    asked = {name: tuple(item for item in base.datasets if item.name == name) for name in wish.datasets}
    return replace(
        base,
        datasets_asked=asked,
        connectors=tuple(_quiet_connector(spec, silent) for spec in base.connectors),
        flow_specs=tuple(_quiet_flow(spec, silent) for spec in base.flow_specs),
    )


def _quiet_connector(spec: ConnectionSpec, silent: frozenset[str]) -> ConnectionSpec:
    changes: dict[str, Any] = {}
    if "params" in silent:
        changes |= {
            end: part.model_copy(update={"spec": {}})
            for end in ("source_spec", "target_spec")
            if (part := getattr(spec, end)) is not None
        }
    if "auth" in silent:
        changes["auth_specs"] = []
    return spec.model_copy(update=changes)


def _quiet_flow(spec: FlowSpec, silent: frozenset[str]) -> FlowSpec:
    changes: dict[str, Any] = {}
    if "schedule" in silent:
        changes["schedule_spec"] = None
    if "options" in silent:
        changes["option_spec"] = None
    if "transformations" in silent:
        changes["transformation_specs"] = []
    return spec.model_copy(update=changes)


@pytest.fixture(scope="module")
def base() -> Findings:
    return Organisation.open().base


@pytest.mark.parametrize(
    ("spec", "direction"), WAYS, ids=[f"{spec.name} {direction.value}" for spec, direction in WAYS]
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_field_that_was_said_is_sent_or_named(
    base: Findings, spec: ConnectionSpec, direction: Direction, data: st.DataObject
) -> None:
    said = data.draw(st.sets(st.sampled_from(sorted(SAID)), min_size=1))
    silent = data.draw(
        st.frozensets(st.sampled_from(["params", "auth", "schedule", "options", "transformations"]))
    )
    wish = PipelineWish(
        name="n", connector=spec.id, direction=direction, **{name: SAID[name] for name in said}
    )
    kept = set(said)
    for _ in range(12):
        findings = found_for(wish, base, silent)
        verdict = judge(wish, findings)
        if verdict.blueprint is not None:
            break
        for problem in verdict.problems:
            field = problem.field.partition(".")[0].partition("[")[0]
            assert field in kept | set(ALSO.values()), f"{problem}: it was not said"
            assert getattr(wish, field) != DEFAULTS[field], f"{problem}: it is named once"
            wish = replace(wish, **{field: DEFAULTS[field]})
            kept.discard(field)
            break
        else:
            wish = answered(wish, verdict.missing)
    assert verdict.blueprint is not None, (verdict.problems, verdict.missing)
    dropped = [name for name in kept if not in_bodies(name, verdict.blueprint, findings)]
    assert dropped == [], verdict.blueprint.parts


def test_the_marks_cover_the_whole_wish() -> None:
    identity = {"name", "direction", "connector", "account", "auth_spec", "mapping_set"}
    assert set(SAID) | identity == set(DEFAULTS)
