"""An organisation on an emulator, with the shapes that services really answer: schedules beside the true phase,
numbers as text, bare references, statuses in any case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, get_args, get_type_hints

from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Variants
from aep_flow_mcp.emulator.catalogue.reading import load_catalogue
from aep_flow_mcp.emulator.seed.build import sandbox_row
from aep_flow_mcp.emulator.seed.ids import Ids
from aep_flow_mcp.emulator.seed.objects.builder import build_sandbox
from aep_flow_mcp.emulator.seed.objects.pipeline import Place
from aep_flow_mcp.emulator.seed.organisation.plan import SandboxPlan
from aep_flow_mcp.emulator.state.content import Sandboxes, SandboxSeed, Seed
from evals.plan import SANDBOX, Plan, make_plan
from foreign.draw import Draw

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""The time of every organisation, unless its server cannot be told the time."""
_SPELLED = (
    "schedule_numbers",
    "mapping_version",
    "flow_spec_ref",
    "run_etag_key",
    "activities_key",
    "completed_key",
    "status_case",
    "last_page",
    "next_href",
)


@dataclass(frozen=True)
class Organisation:
    """An emulated organisation, and who plays which part in it."""

    seed: int
    now: datetime
    emulator: Emulator
    ids: dict[str, str]
    """Flow ids and account ids by key: `flow:stopped`, `account:idle`, `data:orders`."""


def make_organisation(seed: int, now: datetime = NOW) -> Organisation:
    """The organisation of a seed at a time, on an emulator of its own."""
    plan = make_plan(seed)
    options = EmulatorOptions(
        seed=seed, clock=partial(_standing, now), variants=_variants(Draw(seed).at("wire"))
    )
    ids: dict[str, str] = {}
    emulator = Emulator(options, seed_data=_seed(seed, plan, int(now.timestamp() * 1000), ids))
    return Organisation(seed, now, emulator, ids)


def _standing(now: datetime) -> datetime:
    return now


def _variants(draw: Draw) -> Variants:
    """One of the documented spellings for each of the places where there are several."""
    hints = get_type_hints(Variants)
    chosen: dict[str, Any] = {name: draw.choice(name, *get_args(hints[name])) for name in _SPELLED}
    return Variants(**chosen)


def _seed(seed: int, plan: Plan, now_ms: int, ids: dict[str, str]) -> Seed:
    catalogue = load_catalogue()
    made = Ids(seed)
    build: dict[str, Callable[[], SandboxSeed]] = {}
    about: list[dict[str, Any]] = []
    broken: dict[str, str] = {}
    for one in plan.sandboxes:
        place = Place(made, made.uuid(f"sandbox:{one.name}"), one.name, now_ms, catalogue)
        build[one.name] = partial(_sandbox, place, one, plan)
        about.append(sandbox_row(place, one))
        broken |= {place.uuid("connection", each.key): each.broken for each in one.accounts if each.broken}
        if one.name == SANDBOX:
            ids |= {f"flow:{each.key}": place.uuid("flow", each.key) for each in one.flows}
            ids |= {f"account:{each.key}": place.uuid("connection", each.key) for each in one.accounts}
            ids |= {f"data:{each.key}": place.dataset_id(each.key) for each in one.datasets}
    return Seed(about, catalogue.connection_specs(), catalogue.flow_specs(), Sandboxes(build), broken)


def _sandbox(place: Place, plan: SandboxPlan, whole: Plan) -> SandboxSeed:
    """The sandbox, with schedules whose start says another phase than that of the runs."""
    built = build_sandbox(place, plan)
    keys = {place.uuid("flow", key): hours for key, hours in whole.shifted.items()}
    for flow in built.flows:
        schedule = flow.get("scheduleParams")
        if schedule and flow["id"] in keys:
            start = int(schedule["startTime"]) + int(keys[flow["id"]] * 3600)
            flow["scheduleParams"] = {**schedule, "startTime": start}
    return built
