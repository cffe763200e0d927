"""What `change_pipeline` takes, in words, as one Change over a flow, its connection and its mapping set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.change import Change, Follow, Plan
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import LISTED, NAME
from aep_flow_mcp.guard.changes.steps import NothingToDo, PlanError
from aep_flow_mcp.pipelines import schedules
from aep_flow_mcp.pipelines.blueprint import What, with_refs
from aep_flow_mcp.pipelines.bodies import concrete, with_stand_ins
from aep_flow_mcp.pipelines.checks.outcome import Problem
from aep_flow_mcp.pipelines.desk import argument_of
from aep_flow_mcp.pipelines.fixed import refused_changes, started
from aep_flow_mcp.pipelines.schedules import Timed
from aep_flow_mcp.planning import ends, objects
from aep_flow_mcp.planning.mapping_rows import RowChange
from aep_flow_mcp.planning.mapping_versions import NewMapping, pointed_to
from aep_flow_mcp.planning.patched import checked_flow_ops
from aep_flow_mcp.planning.pipeline_wanted import Wanted, alike, said
from aep_flow_mcp.planning.taking_back import patched_back
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.common import to_texts
from aep_flow_mcp.platform.models.connections import path_in
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.reader import FlowReader

Json = dict[str, Any]
Words = Callable[[Flow], str]
"""When a flow runs, in words; the next run among them."""
_PATHS = ("path", "tableName", "remotePath")
_RHYTHMS = "15 minutes, 6 hours, day, daily at 05:00, weekly on Monday at 06:00"


@dataclass
class _End:
    """The connection that holds the path, with its operations."""

    end: ends.End
    item: Json
    ops: list[Json]


@dataclass
class Editing:
    """One flow and what is asked of it."""

    aep: FlowReader
    flow: Json
    wanted: Wanted
    words: Words
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ops: list[Json] = field(default_factory=list)
    end: _End | None = None
    mapping: NewMapping | None = None
    told: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return shown(self.flow.get("name") or self.flow["id"], limit=NAME)

    @property
    def changes_something(self) -> bool:
        return bool(self.ops or self.end or self.mapping)

    async def prepare(self) -> None:
        """All operations, and everything that is in the way.

        Raises:
            PlanError: the specs refuse something. PlatformError: a part that is to be changed cannot be read.
        """
        wanted = self.wanted
        await self._name()
        if wanted.description is not None:
            self._set(("description",), wanted.description)
        if wanted.scheduled:
            self._schedule()
        self._options()
        if wanted.path is not None:
            await self._path(wanted.path)
        if wanted.add_fields or wanted.remove_fields:
            await self._rows()
        if not self.problems and self.ops:
            checked = await checked_flow_ops(
                self.aep, self.flow, concrete(self.ops), self.warnings, called=argument_of
            )
            self.ops = with_stand_ins(self.ops, checked)

    # --- the flow's own members ---------------------------------------------------------------------------

    async def _name(self) -> None:
        name = self.wanted.name
        if name is None or not self._set(("name",), name.strip()):
            return
        unread = Unread()
        same = await unread.read(
            "The flows",
            lambda: self.aep.list_flows(Filter("name").eq(name.strip()), limit=2),
            None,
            so="whether the name is taken is not known",
        )
        self.warnings += unread.notes
        if same and any(flow.id != self.flow["id"] for flow in same.items):
            self.warnings.append("Another flow has this name already.")
        self.told.append(f"name {self.title} -> {shown(name.strip(), limit=NAME)}")

    def _options(self) -> None:
        wanted, held = self.wanted, objects.object_in(self.flow, "options")
        asked = {
            "errorDiagnosticsEnabled": wanted.error_diagnostics,
            "partialIngestionPercent": wanted.tolerated_percent,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        if given and not held:
            self._set(("options",), given)
        else:
            for name, value in given.items():
                self._set(("options", name), value)
        labels = {
            "errorDiagnosticsEnabled": "error diagnostics",
            "partialIngestionPercent": "tolerated percent",
        }
        for name, value in given.items():
            if not alike(held.get(name), value):
                self.told.append(f"{labels[name]} {said(held.get(name))} -> {said(value)}")

    # --- the schedule -------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        before = objects.object_in(self.flow, "scheduleParams")
        after = self._wanted_schedule(before)
        if after is None:
            return
        self._refuse_fixed(before, after)
        if self.problems:
            return
        if not before:
            self._set(("scheduleParams",), after)
        else:
            for name in (*before, *(name for name in after if name not in before)):
                self._set(("scheduleParams", name), after.get(name))
        if any(op["path"].startswith("/scheduleParams") for op in self.ops):
            now = Flow.model_validate({**self.flow, "scheduleParams": after})
            was = self.words(Flow.model_validate(self.flow)).partition(", next run")[0]
            self.told.append(f"runs {was} -> {self.words(now)}")

    def _wanted_schedule(self, before: Json) -> Json | None:
        """`scheduleParams` as asked for; None when something is in the way."""
        wanted, now = self.wanted, objects.now()
        after = dict(before)
        timed = schedules.parse_timed(wanted.every) if wanted.every is not None else None
        if wanted.every is not None and timed is None:
            self._refuse("every", f"{wanted.every} is no rhythm: write one such as {_RHYTHMS}.")
        for name, member, text in (
            ("start_time", "startTime", wanted.start_time),
            ("end_time", "endTime", wanted.end_time),
        ):
            found = schedules.parse_time(text) if text is not None else None
            if text is not None and found is None:
                self._refuse(name, f"{text} is no time: write one such as 2026-01-31T08:00:00Z.")
            elif found is not None:
                after[member] = found
        if self.problems:
            return None
        if not before and wanted.start_time is None:
            told = (
                "the flow has no schedule: its data comes as it arrives, or it is started by hand. Give start_time "
                "and every if it shall have one."
            )
            self._refuse("start_time", told)
            return None
        if timed is not None:
            after = self._with_rhythm(before, after, timed)
            if timed.said and wanted.start_time is None:
                self._at_time(before, after, timed, now)
        return after

    def _with_rhythm(self, before: Json, after: Json, timed: Timed) -> Json:
        export = "timeUnit" in before and not before.get("frequency")
        if export:
            members = schedules.export_rhythm(timed.rhythm)
        else:
            members = schedules.ingestion_params(timed.rhythm, 0)
            del members["startTime"]
            if timed.rhythm.unit == "once":
                after.pop("interval", None)
        kept = {name: before[name] for name in members if alike(before.get(name), members[name])}
        return {**after, **members, **kept}

    def _at_time(self, before: Json, after: Json, timed: Timed, now: float) -> None:
        """The start that makes it run at the time of day that was said."""
        start = schedules.parse_time(str(before.get("startTime")))
        if start is None or timed.fits(start):
            return
        if self._stands_still(before):
            at = datetime.fromtimestamp(start, UTC)
            day = f" on {at:%A}" if timed.rhythm.unit == "week" else ""
            self._refuse(
                "every",
                f"the flow has started, and the service does not change its start time (1366-400), which sets the "
                f"time of day: it stays {at:%H:%M} UTC{day}. Way round: leave the time of day out; or "
                "create_pipeline with start_time at the new time, then delete_pipeline for this one.",
            )
            return
        after["startTime"] = timed.next_start(start, now)

    def _stands_still(self, before: Json) -> bool:
        moment = datetime.fromtimestamp(objects.now(), UTC)
        return objects.state_of(self.flow) != "draft" and started(before, now=moment)

    def _refuse_fixed(self, before: Json, after: Json) -> None:
        if objects.state_of(self.flow) == "draft":
            return
        for sentence in refused_changes(before, after, now=datetime.fromtimestamp(objects.now(), UTC)):
            once = "into once" in sentence
            way = (
                "run_flow_action disables it instead"
                if once
                else "create_pipeline with the new start, then delete_pipeline for this one"
            )
            self._refuse("every" if once else "start_time", f"{sentence} Way round: {way}.")

    # --- the path -----------------------------------------------------------------------------------------

    async def _path(self, path: str) -> None:
        """The path is the source connection's, or the target connection's of an export."""
        for end, member in ((ends.SOURCE, "sourceConnectionIds"), (ends.TARGET, "targetConnectionIds")):
            ids = to_texts(self.flow.get(member))
            if len(ids) != 1:
                continue
            item = await objects.stored(self.aep, end.kind, ids[0])
            params = objects.object_in(item, "params")
            name = next((one for one in _PATHS if params.get(one)), None)
            if name is None:
                continue
            if params[name] != path.strip():
                await self._moved(end, item, name, path.strip())
            return
        self._refuse("path", "neither the source nor the target of the flow has a path or a table.")

    async def _moved(self, end: ends.End, item: Json, name: str, path: str) -> None:
        unread = Unread()
        own = f"({self.flow['id']})"
        others = [line for line in await end.used_by(self.aep, item["id"], unread) if own not in line]
        if others:
            more = f"; and {len(others) - LISTED} more" if len(others) > LISTED else ""
            self._refuse(
                "path",
                f"other flows use the same {end.kind.value} and would change with it: "
                f"{'; '.join(others[:LISTED])}{more}. Way round: update_{end.kind.value.replace(' ', '_')} changes it "
                "for all; create_pipeline makes a further one.",
            )
            return
        self.warnings += unread.notes
        ops = [{"op": "replace", "path": f"/params/{name}", "value": path}]
        ops = await ends.checked_params(
            self.aep, end, item, ops, warnings=self.warnings, called=lambda field: _path_or(field, name)
        )
        self.end = _End(end, item, ops)
        old = path_in(objects.object_in(item, "params")) or ""
        self.told.append(f"path {shown(old, limit=NAME)} -> {shown(path, limit=NAME)}")
        self.warnings.append("A run under way keeps the former path: look at what the next one reads.")

    # --- the mapping --------------------------------------------------------------------------------------

    async def _rows(self) -> None:
        wanted = self.wanted
        change = RowChange(self.aep, self.flow, wanted.add_fields, wanted.remove_fields)
        self.mapping = await change.planned()
        self.problems += change.problems
        self.warnings += change.warnings
        if self.mapping is None:
            return
        steps = objects.objects_in(self.flow, "transformations")
        held = self.mapping.mapping_id
        value = [pointed_to(step, held, self.mapping) for step in steps]
        changed = [at for at, step in enumerate(steps) if value[at] != step]
        if self.flow.get("transformations") == steps and len(changed) == 1:
            at = changed[0]
            self.ops.append({"op": "replace", "path": f"/transformations/{at}", "value": value[at]})
        else:
            self.ops.append({"op": "replace", "path": "/transformations", "value": value})
        self.told.append(f"mapping {', '.join(change.lines)}")

    # --- shared -------------------------------------------------------------------------------------------

    def _set(self, way: tuple[str, ...], value: Any) -> bool:
        """Add the operation that makes a member so, where it is not; None takes it away."""
        held: Any = self.flow
        for step in way:
            held = held.get(step) if isinstance(held, Mapping) else None
        # Numbers and flags inside of a member may be kept as texts; a name or a description is what it is.
        if held == value or (len(way) > 1 and value is not None and alike(held, value)):
            return False
        op = "remove" if value is None else "add" if held is None else "replace"
        self.ops.append({"op": op, "path": "/" + "/".join(way), "value": value})
        return True

    def _refuse(self, argument: str, message: str) -> None:
        self.problems.append(Problem(argument, message))

    def add_to(self, plan: Plan) -> None:
        """The steps: what the flow points to first, the flow last; each is taken back as far as the API can."""
        if self.end is not None:
            _patch(plan, self.end.end.kind, self.end.item, self.end.ops)
        refs = self.mapping.add_to(plan, key=What.MAPPING.value) if self.mapping is not None else {}
        if self.ops:
            _patch(plan, Kind.FLOW, self.flow, with_refs(self.ops, refs))
        plan.warn(*dict.fromkeys(self.warnings))


async def edit(
    aep: FlowReader, flow_ids: Sequence[str], wanted: Wanted, *, words: Words, follow: Follow | None = None
) -> Change:
    """One Change over all of these flows.

    words: when a flow runs. follow: what the answer tells once it is done.

    Raises:
        PlanError: something is in the way, each with its argument, and the flow where there are several.
        NothingToDo: all is as asked.
    """
    if len(flow_ids) > 1 and wanted.for_one_only():
        raise PlanError(*(f"{name}: is about one flow: give a single one." for name in wanted.for_one_only()))
    edits = [
        Editing(aep, await objects.stored(aep, Kind.FLOW, flow_id), wanted, words)
        for flow_id in dict.fromkeys(flow_ids)
    ]
    for one in edits:
        await one.prepare()
    several = len(edits) > 1
    wrong = [
        f"{problem} ({one.title})" if several else str(problem) for one in edits for problem in one.problems
    ]
    if wrong:
        raise PlanError(*wrong)
    touched = [one for one in edits if one.changes_something]
    if not touched:
        raise NothingToDo("Everything is already as asked: nothing was sent.")
    what = f"the pipeline {touched[0].title}" if len(touched) == 1 else f"{len(touched)} pipelines"
    plan = Plan(f"Change {what}")
    for one in touched:
        one.add_to(plan)
    left = [one.title for one in edits if not one.changes_something]
    parts = [f"{one.title}: {'; '.join(one.told)}" if several else "; ".join(one.told) for one in touched]
    parts += [f"already so: {', '.join(left)}"] if left else []
    return plan.change(summary=". ".join(parts), follow=follow)


def _patch(plan: Plan, kind: Kind, item: Json, ops: list[Json]) -> None:
    undo = patched_back(plan, kind, item, ops)
    plan.update(kind, item["id"], item, ops, etag=objects.etag_of(item), undo=undo)


def _path_or(field_name: str, member: str) -> str:
    return "path" if field_name == f"params.{member}" else field_name
