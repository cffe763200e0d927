"""A question and its facts; which flows there are: questions, with what each answer must say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aep_flow_mcp.platform.models.specs import STREAMING_PROVIDER
from tools.asked import (
    Row,
    World,
    hours,
    ms,
    outcome,
)
from tools.conftest import NOW

Facts = Callable[[World], list[str]]


@dataclass(frozen=True)
class Question:
    """A question, the call that answers it, and what the answer must (and must not) say."""

    text: str
    tool: str
    facts: Facts
    arguments: dict[str, Any] = field(default_factory=dict)
    story: str | None = None
    absent: Facts = lambda _: []


def names(rows: list[Row]) -> list[str]:
    return [row["name"] for row in rows]


def matching(test: Callable[[World, Row], bool]) -> Facts:
    """The number of flows that pass a test, and the names of the first ten (by their last run)."""

    def facts(world: World) -> list[str]:
        found = [flow for flow in world.flows if test(world, flow)]
        assert len(found) > 0
        found.sort(key=lambda flow: (-flow.get("lastRunDetails", {}).get("startedAtUTC", 0), flow["name"]))
        return [f"{len(found)} of {len(world.flows)} flows match", *names(found[:10])]

    return facts


def others(test: Callable[[World, Row], bool]) -> Facts:
    """The names of the flows that don't pass."""

    def facts(world: World) -> list[str]:
        kept = set(names([flow for flow in world.flows if test(world, flow)]))
        return [name for name in names(world.flows) if name not in kept]

    return facts


def list_question(text: str, test: Callable[[World, Row], bool], **arguments: Any) -> Question:
    return Question(text, "find_flows", matching(test), arguments, absent=others(test))


def uses(kind: str, name: str) -> Callable[[World, Row], bool]:
    def test(world: World, flow: Row) -> bool:
        if kind == "dataset":
            return any(world.datasets.get(id) == name for id in world.datasets_of(flow))
        if kind == "connector":
            return any(world.specs[id].casefold() == name.casefold() for id in world.spec_ids_of(flow))
        return world.named("connections", name)["id"] in world.accounts_of(flow)

    return test


def last_state(*states: str | None) -> Callable[[World, Row], bool]:
    return lambda _, flow: flow.get("lastRunDetails", {}).get("state") in states


def never_ran(world: World, flow: Row) -> bool:
    """No run yet, of a flow that has runs: a stream has none of its own."""
    spec = world.emulator.store.get(world.sandbox, "flowSpecs", flow["flowSpec"]["id"])
    assert spec is not None
    streams = spec["providerId"] == STREAMING_PROVIDER or spec["attributes"].get("frequency") == "streaming"
    return "lastRunDetails" not in flow and not streams


def last_lost(*, lost: bool) -> Callable[[World, Row], bool]:
    """The flow calls its last run a success; whether records of it failed stands in the run alone."""

    def test(world: World, flow: Row) -> bool:
        last = flow.get("lastRunDetails", {})
        if last.get("state") != "success":
            return False
        run = world.emulator.store.get(world.sandbox, "runs", last["id"])
        assert run is not None
        return (outcome(run) == "partial") is lost

    return test


def schema_is(title: str) -> Callable[[World, Row], bool]:
    def test(world: World, flow: Row) -> bool:
        schema, stored = world.schemas[title], world.stored_datasets
        ids = {stored[id]["schemaRef"]["id"] for id in world.datasets_of(flow) if id in stored}
        ids |= {end.get("data", {}).get("schema", {}).get("id") for end in world.ends_of(flow)}
        return schema in ids

    return test


FIND = [
    list_question("Which dataflows do we have?", lambda _, flow: True),
    list_question("Which are disabled?", lambda _, flow: flow["state"] == "disabled", state="disabled"),
    list_question("Which are drafts?", lambda _, flow: flow["state"] == "draft", state="draft"),
    list_question(
        "Only destinations, please", lambda w, flow: w.kind(flow) == "destination", kind="destination"
    ),
    list_question(
        "Which flows read from our ingest bucket?",
        uses("account", "Brightfjord ingest bucket"),
        account="ingest bucket",
    ),
    list_question(
        "What writes or reads Store Transactions?",
        uses("dataset", "Store Transactions"),
        dataset="store transactions",
    ),
    list_question("What comes from Salesforce?", uses("connector", "salesforce"), connector="salesforce"),
    list_question("Which last runs failed?", last_state("failed"), last_status="failed"),
    list_question("Is anything running right now?", last_state("inProgress"), last_status="running"),
    list_question("What never ran?", never_ran, last_status="never"),
    list_question("Which last runs lost records?", last_lost(lost=True), last_status="partial"),
    list_question("Whose last run went well?", last_lost(lost=False), last_status="success"),
    list_question(
        "What was set up this week?",
        lambda _, flow: flow["createdAt"] >= ms(NOW - hours(24 * 7)),
        created_since="7d",
    ),
    list_question(
        "What ran in the last hour?",
        lambda _, flow: flow.get("lastRunDetails", {}).get("startedAtUTC", 0) >= ms(NOW - hours(1)),
        ran_since="1h",
    ),
    list_question(
        "Which flows use the loyalty schema?", schema_is("Loyalty Profile"), xdm_schema="Loyalty Profile"
    ),
    Question(
        "Where is the loyality agency feed? (misspelled)",
        "find_flows",
        lambda w: [w.story("partial_ingestion")["id"], "Loyalty agency SFTP"],
        {"query": "loyality agency"},
    ),
    Question(
        "ポイント会員のフローは？",
        "find_flows",
        lambda w: [w.story("japanese_name")["id"]],
        {"query": "ポイント会員"},
    ),
    Question(
        "وين بيانات العملاء؟",
        "find_flows",
        lambda w: [w.story("arabic_name")["id"]],
        {"query": "عملاء الخليج"},
    ),
    Question(
        "Who reads filialen.csv?",
        "find_flows",
        lambda w: [w.story("german_name")["id"], "path"],
        {"query": "filialen.csv"},
    ),
]
