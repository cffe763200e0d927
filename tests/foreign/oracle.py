"""What is true of an organisation, found again in what the tools answer: objects, names, states, schedules, errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from foreign.asking import Answer, Asker
from foreign.names import shown
from foreign.truth import Refused, Thing, TrueFlow

_LISTS = {
    "list_flows": "flows", "list_connections": "connections", "list_source_connections": "sourceConnections",
    "list_target_connections": "targetConnections",
}  # fmt: skip
_GETS = {
    "get_flow": ("flows", "flow_id"), "get_connection": ("connections", "connection_id"),
    "get_source_connection": ("sourceConnections", "source_connection_id"),
    "get_target_connection": ("targetConnections", "target_connection_id"),
}  # fmt: skip
_SHOWN_RUNS = 5
_SURELY_GONE = re.compile(r"\b(was|is|has been|were)? ?deleted\b(?! or| in)", re.IGNORECASE)
_HEDGED = re.compile(r"\b(may|might|could|or|perhaps|either|not visible)\b", re.IGNORECASE)


async def check_objects(ask: Asker) -> None:
    """Every object in its list and by its id; connections, flows, and what stands around them."""
    for tool, collection in _LISTS.items():
        await _check_list(ask, tool, collection)
    for tool, (collection, parameter) in _GETS.items():
        for thing in ask.organisation.of(collection):
            await _check_get(ask, tool, parameter, thing)
    await _check_catalogue(ask)
    await _check_neighbours(ask)
    for id, answers in ask.organisation.explored.items():
        await _check_explored(ask, id, answers)
    for flow in ask.organisation.flows:
        await check_flow(ask, flow)


async def _check_list(ask: Asker, tool: str, collection: str) -> None:
    if collection in ask.organisation.closed:
        check_refusal(ask, await ask.call(tool), ask.organisation.closed[collection])
        return
    rows = await ask.pages(tool, limit=100 if collection == "flows" else 7)
    same_ids(ask, tool, rows, ask.organisation.things.get(collection, {}))
    things = ask.organisation.things.get(collection, {})
    for row in rows:
        if row["id"] in things:
            thing = things[row["id"]]
            same_name(ask, tool, row.get("name"), thing)
            same_state(ask, tool, row.get("state"), thing)


async def _check_get(ask: Asker, tool: str, parameter: str, thing: Thing) -> None:
    answer = await ask.call(tool, **{parameter: thing.id})
    if thing.refused is not None:
        check_refusal(ask, answer, thing.refused)
        return
    if not ask.faults.check(
        not answer.is_error, f"{tool}: refuses what is there", f"{answer.asked}: {answer.text[:300]}"
    ):
        return
    item = answer.structured.get("item", {})
    same_name(ask, tool, item.get("name"), thing)
    same_state(ask, tool, item.get("state"), thing)


def check_refusal(ask: Asker, answer: Answer, refused: Refused) -> None:
    """An object that cannot be read: the answer says so with the service's own words, and proves nothing from it."""
    if not ask.faults.check(answer.is_error, f"{answer.tool}: no error for a refused object", answer.asked):
        return
    missing = [part for part in refused.told if shown(part) not in shown(answer.text)]
    ask.faults.check(
        not missing,
        f"{answer.tool}: the service's words are lost",
        f"{answer.asked}: {missing} of {refused.body!r:.300} in {answer.text[:300]}",
    )
    check_not_proved_gone(ask, answer)


def check_not_proved_gone(ask: Asker, answer: Answer) -> None:
    """404 is what a role without the object's labels sees too."""
    for line in answer.text.split("\n"):
        sure = _SURELY_GONE.search(line) and not _HEDGED.search(line)
        ask.faults.check(not sure, f"{answer.tool}: takes 404 for deleted", f"{answer.asked}: {line[:200]}")


async def _check_catalogue(ask: Asker) -> None:
    for tool, collection, get, parameter in (
        ("list_connection_specs", "connectionSpecs", "get_connection_spec", "connection_spec_id"),
        ("list_flow_specs", "flowSpecs", "get_flow_spec", "flow_spec_id"),
    ):
        things = ask.organisation.things.get(collection, {})
        if collection in ask.organisation.closed:
            check_refusal(ask, await ask.call(tool), ask.organisation.closed[collection])
            continue
        rows = await ask.pages(tool, limit=50)
        same_ids(ask, tool, rows, things)
        for row in rows:
            if row["id"] in things:
                same_name(ask, tool, row.get("name"), things[row["id"]])
        for thing in things.values():
            answer = await ask.call(get, **{parameter: thing.id})
            found = not answer.is_error and shown(thing.name) in shown(answer.text)
            ask.faults.check(found, f"{get}: the name is not told", f"{answer.asked}: {answer.text[:200]}")


async def _check_neighbours(ask: Asker) -> None:
    organisation = ask.organisation
    if "mappingSets" not in organisation.closed:
        rows = await ask.pages("list_mapping_sets", limit=1)
        same_ids(ask, "list_mapping_sets", rows, organisation.things["mappingSets"])
        for thing in organisation.of("mappingSets"):
            answer = await ask.call("get_mapping_set", mapping_set_id=thing.id)
            if thing.refused is not None:
                check_refusal(ask, answer, thing.refused)
            elif ask.faults.check(
                not answer.is_error,
                "get_mapping_set: refuses what is there",
                f"{answer.asked}: {answer.text[:200]}",
            ):
                same_name(ask, "get_mapping_set", answer.structured.get("name"), thing)
    rows = await ask.pages("list_exportable_datasets", limit=2)
    same_ids(ask, "list_exportable_datasets", rows, organisation.things["dataSets"])
    for row in rows:
        if row.get("id") in organisation.things["dataSets"]:
            same_name(
                ask, "list_exportable_datasets", row.get("name"), organisation.things["dataSets"][row["id"]]
            )


async def _check_explored(ask: Asker, id: str, answers: Mapping[str, Any]) -> None:
    if ask.organisation.things["connections"][id].refused is not None:
        return
    root = answers["root"]
    entries = [entry for entry in (root if isinstance(root, list) else root["items"]) if entry]
    answer = await ask.call("explore_connection", connection_id=id, limit=500)
    told = shown(answer.text)
    lost = [
        entry["name"]
        for entry in entries
        if entry["name"] and shown(entry["name"]) not in told and len(entry["name"]) < 3_000
    ]
    ask.faults.check(not lost, "explore_connection: an entry is lost", f"{answer.asked}: {lost!r:.200}")
    one = answers["one"]
    answer = await ask.call(
        "explore_connection", connection_id=id, object_type="file", object="/x.json", file_type="json"
    )
    lost = [field for field in _fields(one.get("schema")) if field not in answer.text]
    ask.faults.check(
        not lost, "explore_connection: a field is lost", f"{answer.asked}: {lost} in {answer.text[:200]}"
    )


def _fields(schema: Any) -> list[str]:
    """The names of columns, and of the fields of hierarchical data at every depth."""
    if not isinstance(schema, dict):
        return []
    found = [column["name"] for column in schema.get("columns", [])]
    for field, inner in (schema.get("properties") or {}).items():
        found += [field, *_fields(inner)]
    return found + _fields(schema.get("items"))


async def check_flow(ask: Asker, flow: TrueFlow) -> None:
    """describe_flow: what it is, when it runs, whom it serves."""
    answer = await ask.call("describe_flow", flow_id=flow.id)
    if flow.refused is not None:
        check_refusal(ask, answer, flow.refused)
        return
    faults, told = ask.faults, answer.structured
    if not faults.check(
        not answer.is_error, "describe_flow: refuses what is there", f"{answer.asked}: {answer.text[:300]}"
    ):
        return
    check_not_proved_gone(ask, answer)
    same_name(ask, "describe_flow", told.get("name"), flow)
    same_state(ask, "describe_flow", told.get("state"), flow)
    # Where the flow itself does not say it, its connections do; those who cannot read them cannot know.
    kinds = {flow.kept["kind"], *([None] if flow.kind is None else [])}
    faults.check(
        told.get("kind") in kinds,
        "describe_flow: another kind",
        f"{answer.asked}: {told.get('kind')} for {kinds}",
    )
    _check_schedule(ask, flow, answer)
    for name, value in (
        ("endpoint", flow.inlet_url),
        ("failed operation", flow.operation_error),
        *(("label", label) for label in flow.labels),
    ):
        faults.check(
            not value or value in answer.text,
            f"describe_flow: the {name} is not told",
            f"{answer.asked}: {value}",
        )
    if flow.audiences and "(cut here" not in answer.text:
        many = len(told.get("audiences", []))
        faults.check(
            str(len(flow.audiences)) in answer.text,
            "describe_flow: not how many audiences",
            f"{answer.asked}: {many} of {len(flow.audiences)}",
        )
        lost = [id for id, _ in flow.audiences[:5] if id not in answer.text]
        faults.check(not lost, "describe_flow: an audience is lost", f"{answer.asked}: {lost}")
    told_runs = [row.get("id") for row in told.get("runs", [])]
    true_runs = [run.id for run in flow.runs[:_SHOWN_RUNS]]
    if "runs" in ask.organisation.closed:
        never = "not run yet" in answer.text
        faults.check(
            not never, "describe_flow: unread runs are none", f"{answer.asked}: {answer.text[-300:]}"
        )
        return
    faults.check(
        told_runs == true_runs, "describe_flow: other runs", f"{answer.asked}: {told_runs} for {true_runs}"
    )
    if flow.last and not flow.runs:
        never = "not run yet" in answer.text or "never" in answer.text.lower()
        faults.check(
            not never,
            "describe_flow: says never ran although it did",
            f"{answer.asked}: {flow.body.get('lastRunDetails')}",
        )


def _check_schedule(ask: Asker, flow: TrueFlow, answer: Answer) -> None:
    told, truth = answer.structured.get("schedule_fields") or {}, flow.schedule
    body = flow.body.get("scheduleParams")
    if truth is None:
        ask.faults.check(
            not told.get("start"),
            "describe_flow: a schedule that nobody gave",
            f"{answer.asked}: {told} of {body}",
        )
        return
    wrong = []
    if truth.every is not None:
        number, unit = truth.every
        once = unit == "once" and "once" in (answer.structured.get("schedule") or "")
        periodic = (
            unit != "once"
            and told.get("interval") == number
            and (told.get("frequency") or "").casefold() == unit
        )
        wrong += [] if once or periodic else ["interval"]
    wrong += [] if told.get("start") == iso(truth.start) else ["start"]
    wrong += [] if told.get("end") == iso(truth.end) else ["end"]
    wrong += [] if told.get("backfill") == truth.backfill else ["backfill"]
    ask.faults.check(
        not wrong,
        f"describe_flow: another schedule ({', '.join(wrong)})",
        f"{answer.asked}: {told} of {body}",
    )


# --- comparing --------------------------------------------------------------------------------------------


def same_ids(ask: Asker, tool: str, rows: list[dict[str, Any]], things: Mapping[str, Thing]) -> None:
    """Each thing once."""
    ids = [row.get("id") for row in rows]
    lost, extra = sorted(set(things) - set(ids)), [id for id in ids if id not in things or ids.count(id) > 1]
    ask.faults.check(not lost, f"{tool}: objects are lost", f"{lost[:3]} of {len(things)}, {len(ids)} told")
    ask.faults.check(not extra, f"{tool}: objects that are not there", f"{extra[:3]}")


def same_name(ask: Asker, tool: str, told: str | None, thing: Thing) -> None:
    """The name that it has, as far as a name can be shown; a very long one may be cut."""
    seen, true = shown(told), shown(thing.name)
    cut = len(true) > 100 and (told or "").endswith("…") and true.startswith(seen)
    ask.faults.check(
        seen == true or cut, f"{tool}: another name", f"{thing.id}: {told!r:.100} for {thing.name!r:.100}"
    )


def same_state(ask: Asker, tool: str, told: str | None, thing: Thing) -> None:
    same = (told or "").casefold() == (thing.state or "").casefold()
    ask.faults.check(same, f"{tool}: another state", f"{thing.id}: {told!r} for {thing.state!r}")


def iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
