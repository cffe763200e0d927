"""Questions in plain language, each answered by one call, with the facts computed from what the emulator holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.gathering import times
from aep_flow_mcp.platform.models.specs import STREAMING_PROVIDER
from aep_flow_mcp.server import build_server
from tools.asked import (
    TOKEN,
    Row,
    World,
    bytes_read,
    hours,
    iso,
    ms,
    outcome,
    outcomes,
    percentile,
    raw_size,
    records,
    seconds,
    total,
)
from tools.bed import in_its_own_task
from tools.conftest import NOW

MOST_TOKENS = 1_500
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


def overall(length: float, *, flows: Callable[[World], list[Row]] | None = None) -> Facts:
    """Counts and sums of a window and of the one before."""

    def facts(world: World) -> list[str]:
        ids = [flow["id"] for flow in flows(world)] if flows else None
        rows = world.in_window(hours(length), ids)
        before = world.in_window(hours(length), ids, end=NOW - hours(length))
        return [
            outcomes(rows),
            f"window before: {outcomes(before)}",
            f"{total(rows, 'inputRecordCount'):,} read",
            f"{total(rows, 'outputRecordCount'):,} written",
            f"{total(rows, 'failedRecordCount'):,} failed",
            f"{bytes_read(rows):,} read",
            f"p50 {percentile(rows, 50)}, p95 {percentile(rows, 95)}, p99 {percentile(rows, 99)}",
        ]

    return facts


def failed_last_day(world: World) -> list[str]:
    rows = [row for row in world.in_window(hours(24)) if outcome(row) == "failed"]
    by_flow = Counter(row["flowId"] for row in rows)
    worst = [id for id, _ in by_flow.most_common(2)]
    return [
        *overall(24)(world),
        f"{worst[0]} | {by_flow[worst[0]]} | ",
        *names([flow for flow in world.flows if flow["id"] in worst]),
        "credentials_rejected",
        "source_unreachable",
        "dataset_not_found",
        "Copying the data from the source failed",
    ]


def per_flow(world: World) -> list[str]:
    rows = world.in_window(hours(24 * 7))
    facts = overall(24 * 7)(world)
    for flow in world.flows:
        own = [row for row in rows if row["flowId"] == flow["id"]]
        if any(outcome(row) == "failed" for row in own):
            good = sum(outcome(row) == "succeeded" for row in own)
            facts.append(f"{flow['name']} | {flow['id']} | {len(own)} | {good} | ")
    return facts


def per_day(world: World) -> list[str]:
    wanted = [flow["id"] for flow in world.flows if world.kind(flow) == "destination"]
    days: dict[str, list[Row]] = {}
    for row in world.in_window(hours(24 * 7), wanted):
        days.setdefault(iso(row["metrics"]["durationSummary"]["startedAtUTC"])[:10], []).append(row)
    return [f"{day} | {len(rows)} | " for day, rows in days.items()]


def per_dataset(world: World) -> list[str]:
    rows = world.in_window(hours(48))
    facts = []
    for name in ("Marketplace Orders", "Product Reviews", "Shipments"):
        flows = {flow["id"] for flow in world.flows if uses("dataset", name)(world, flow)}
        facts.append(f"{name} | ")
        facts.append(f" | {len([row for row in rows if row['flowId'] in flows])} | ")
    return facts


def per_connector(world: World) -> list[str]:
    """The source that shares its name with a destination is told apart from it by its id."""
    alike = [id for id, name in world.specs.items() if name == "amazon-s3"]
    assert len(alike) == 2
    rows_of = {id: world.in_window(hours(24), _flows_on(world, id)) for id in alike}
    source = max(rows_of, key=lambda id: len(rows_of[id]))
    counts = Counter(map(outcome, rows_of[source]))
    rows = len(rows_of[source])
    return [
        f"amazon-s3 | {source} | {rows} | {counts['succeeded']} | {counts['partial']} | {counts['failed']}"
    ]


def _flows_on(world: World, spec_id: str) -> list[str]:
    return [flow["id"] for flow in world.flows if spec_id in world.spec_ids_of(flow)]


def slowest(world: World) -> list[str]:
    by_flow: dict[str, list[float]] = {}
    for row in world.in_window(hours(24 * 7)):
        if (value := seconds(row)) is not None:
            by_flow.setdefault(row["flowId"], []).append(value)
    best = max(by_flow, key=lambda id: sum(by_flow[id]) / len(by_flow[id]))
    mean = sum(by_flow[best]) / len(by_flow[best])
    return [f"{best} | {round(mean, 1)} | {round(max(by_flow[best]), 1)} | {len(by_flow[best])}"]


def yesterday_in_tokyo(world: World) -> list[str]:
    rows = world.in_window(hours(24), end=NOW.replace(day=1, hour=15))
    return [outcomes(rows), "2026-02-28T15:00:00Z/2026-03-01T15:00:00Z"]


def missed(world: World) -> list[str]:
    flow = world.story("stale")
    assert not world.in_window(hours(24), [flow["id"]])
    last = flow["lastRunDetails"]["startedAtUTC"]
    ms_a_day = 86_400_000
    due = last + (ms(NOW) - last) // ms_a_day * ms_a_day
    return [
        "ran less often than due:\nflow | id | ran | due | last_due | last_run",
        f"{flow['name']} | {flow['id']} | 0 | 1 | {iso(due)} | {iso(last)}",
    ]


def worse(world: World) -> list[str]:
    facts = []
    for story in ("expired_credentials", "expired_credentials_too"):
        flow = world.story(story)
        now, before = (world.in_window(hours(24), [flow["id"]], end=end) for end in (NOW, NOW - hours(24)))
        failed = sum(outcome(row) == "failed" for row in now)
        assert failed
        assert all(outcome(row) != "failed" for row in before)
        facts.append(f"{flow['name']} | {flow['id']} | fails now, did not before | {failed} failed | 0")
    return facts


def ends(world: World) -> list[str]:
    facts = []
    for story in ("export_to_landing_zone_ends_soon", "export_silently_stopped"):
        flow = world.story(story)
        facts.append(f"{flow['name']} | {flow['id']} | {iso(flow['scheduleParams']['endTime'] * 1000)}")
    return facts


HEALTH = [
    Question("What failed in the last 24 hours?", "pipeline_health", failed_last_day),
    Question("How was the week?", "pipeline_health", overall(24 * 7), {"window": "7d"}),
    Question(
        "How much did we ingest this week per flow?",
        "pipeline_health",
        per_flow,
        {"window": "7d", "group_by": "flow", "top": 12},
    ),
    Question(
        "And per connector, since yesterday?", "pipeline_health", per_connector, {"group_by": "connector"}
    ),
    Question(
        "Exports per day this week?",
        "pipeline_health",
        per_day,
        {"window": "7d", "kind": "destination", "group_by": "day"},
    ),
    Question(
        "Two days, by dataset?",
        "pipeline_health",
        per_dataset,
        {"window": "48h", "group_by": "dataset", "top": 8},
    ),
    Question("Which flows will stop because their end date is near?", "pipeline_health", ends),
    Question("Which should have run and did not?", "pipeline_health", missed),
    Question("What got worse since yesterday?", "pipeline_health", worse),
    Question("What is slow?", "pipeline_health", slowest, {"window": "7d"}),
    Question(
        "How was yesterday, Tokyo time?",
        "pipeline_health",
        yesterday_in_tokyo,
        {"window": "yesterday", "timezone": "Asia/Tokyo"},
    ),
    Question(
        "How long do the runs of Web orders take?",
        "pipeline_health",
        overall(24 * 7, flows=lambda w: [w.story("running_now")]),
        {"window": "7d", "flow": "Web orders"},
    ),
    Question(
        "How are the flows on SFTP?",
        "pipeline_health",
        overall(48, flows=lambda w: [flow for flow in w.flows if uses("connector", "sftp")(w, flow)]),
        {"window": "48h", "connector": "sftp"},
    ),
]


def failing(cause: str, *more: str) -> Callable[[str], Facts]:
    """Cause, the run history and the errors of a story's flow, newest twenty runs."""

    def of(story: str) -> Facts:
        def facts(world: World) -> list[str]:
            flow = world.story(story)
            rows = world.of(flow)[:20]
            counts = Counter(map(outcome, rows))
            found = [f"cause: {cause}.", flow["id"], *more]
            if rows:
                found.append(f"{total(rows, 'failedRecordCount'):,} failed")
            found += [f"{counts[name]} {name}" for name in ("succeeded", "partial", "failed") if counts[name]]
            if rows:
                oldest = rows[-1]["metrics"]["durationSummary"]["startedAtUTC"]
                found.append(f"newest {len(rows)} since {iso(oldest)}")
            return found

        return facts

    return of


def diagnosis(text: str, story: str, cause: str, *more: str) -> Question:
    return Question(text, "diagnose_flow", failing(cause, *more)(story), story=story)


DIAGNOSE = [
    diagnosis(
        "Why do marketplace orders fail?",
        "expired_credentials",
        "credentials_rejected",
        "Partner feeds S3",
        "update_connection(",
    ),
    diagnosis("And the reviews?", "expired_credentials_too", "credentials_rejected", "ExpiredToken"),
    diagnosis("Why no carrier events?", "host_refused", "source_unreachable", "connection refused"),
    diagnosis(
        "My price list was not picked up", "missing_file", "source_path_missing", "/suppliers/price-list.csv"
    ),
    diagnosis("What about newsletter opens?", "deleted_dataset", "dataset_not_found", "deleted"),
    diagnosis(
        "The archive has not grown since February",
        "export_silently_stopped",
        "schedule_ended",
        "2026-02-18T09:00:00Z",
    ),
    diagnosis("Green, but no gift cards arrive", "no_new_files", "no_new_data", "read 0 records"),
    diagnosis(
        "Which rows of the enrolments were dropped, and why?",
        "partial_ingestion",
        "mapping_fails_on_rows",
        "MAPPER-3700-400",
    ),
    diagnosis(
        "My change of Salesforce accounts has no effect", "failed_update", "last_change_failed", "1419"
    ),
    diagnosis("Why no spring campaign?", "disabled", "flow_disabled", "run_flow_action("),
    diagnosis(
        "Is the nightly loyalty load all right?", "healthy", "nothing_wrong_found", "mapping version 2"
    ),
    diagnosis("Scores seem to get slower?", "getting_slower", "runs_get_slower", "median"),
]


def feeds(world: World) -> list[str]:
    dataset = next(id for id, name in world.datasets.items() if name == "Loyalty Members")
    touching = [flow for flow in world.flows if dataset in world.datasets_of(flow)]
    return [dataset, *names(touching), f"breaks flows ({len(touching)})"]


def rotation(world: World) -> list[str]:
    account = world.named("connections", "Partner feeds S3")["id"]
    hit = [flow for flow in world.flows if account in world.accounts_of(flow)]
    fed = {id for flow in hit for id in world.datasets_of(flow)}
    return [
        f"breaks flows ({len(hit)})",
        *names(hit),
        f"datasets without data ({len(fed)})",
        *(world.datasets[id] for id in fed),
    ]


def behind_mapping(world: World) -> list[str]:
    return [
        world.story("healthy")["name"],
        "breaks flows (1)",
        "datasets with less data (1)",
        "Loyalty Members",
    ]


LINEAGE = [
    Question(
        "What feeds Loyalty Members, and who uses it?", "trace_lineage", feeds, {"object": "Loyalty Members"}
    ),
    Question(
        "What breaks when the partner's S3 keys rotate?",
        "trace_lineage",
        rotation,
        {"object": "Partner feeds S3"},
    ),
    Question(
        "What hangs on this mapping set?",
        "trace_lineage",
        behind_mapping,
        {"object": lambda w: w.story("healthy")["transformations"][0]["params"]["mappingId"]},
    ),
    Question(
        "Can the old GCS account go?",
        "trace_lineage",
        lambda _: ["Former agency bucket (GCS)", "no other flow breaks"],
        {"object": "Former agency bucket (GCS)"},
    ),
]


def prod_difference(world: World) -> list[str]:
    one = world.story("failed_and_recovered")
    other = World(world.emulator, "prod").named("flows", one["name"])
    assert one["scheduleParams"]["interval"] != other["scheduleParams"]["interval"]
    return [
        one["id"],
        other["id"],
        "schedule.interval | 1 | 2",
        "options.errorDiagnosticsEnabled | yes | no",
        "3 fields differ",
    ]


COMPARE = [
    Question(
        "Is Store POS receipts the same in prod?",
        "compare_flows",
        prod_difference,
        {"flow": "Store POS receipts", "other_sandbox": "prod"},
    ),
    Question(
        "How do the two product catalogues differ?",
        "compare_flows",
        lambda _: [
            "amazon-s3 | snowflake",
            "/catalogue/products/",
            "RETAIL.CATALOGUE",
            "schedule.start | 01:05 | 01:35",
        ],
        {"flow": lambda w: w.stories["same_name"], "other": lambda w: w.stories["same_name_too"]},
    ),
]

QUESTIONS = [*FIND, *HEALTH, *DIAGNOSE, *LINEAGE, *COMPARE]


@pytest.fixture(scope="module")
def world() -> World:
    return World(Emulator(EmulatorOptions(clock=lambda: NOW)))


@pytest.fixture
async def client(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    monkeypatch.setattr(times, "now", lambda: NOW)
    settings = emulator_settings().model_copy(update={"sandboxes": ("dev", "prod")})
    server = build_server(settings, transport=lambda: EmulatorTransport(world.emulator), emulated=True)
    async with in_its_own_task(Client(server)) as opened:
        yield opened


async def ask(client: Client, world: World, question: Question) -> str:
    """The answer's text."""
    given = {name: value(world) if callable(value) else value for name, value in question.arguments.items()}
    if question.story:
        given["flow"] = world.story(question.story)["name"]
    result = await client.call_tool(question.tool, given)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    assert not result.is_error, text
    assert result.structured_content
    return text


def test_there_are_forty() -> None:
    assert len({question.text for question in QUESTIONS}) == len(QUESTIONS) >= 40


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.text)
async def test_one_call_answers(client: Client, world: World, question: Question) -> None:
    world.emulator.journal.clear()
    text = await ask(client, world, question)
    facts = question.facts(world)
    assert facts
    assert [fact for fact in facts if fact not in text] == [], text
    assert [fact for fact in question.absent(world) if f" | {fact} | " in text] == []
    assert len(text) / TOKEN <= MOST_TOKENS
    assert len(text) <= raw_size(world.emulator) / 10


async def test_answers_are_short_without_what_is_cached(client: Client, world: World) -> None:
    """All together a tenth of the JSON they are made from, with the specs in the cache already."""
    await ask(client, world, DIAGNOSE[0])
    world.emulator.journal.clear()
    texts = [await ask(client, world, question) for question in [*HEALTH, *DIAGNOSE, *LINEAGE, *COMPARE]]
    assert sum(map(len, texts)) <= raw_size(world.emulator) / 10


async def test_why_one_run_failed(client: Client, world: World) -> None:
    flow = world.story("failed_and_recovered")
    failed = next(row for row in world.of(flow) if outcome(row) == "failed")
    result = await client.call_tool("diagnose_flow", {"run_id": failed["id"]})
    answer = result.structured_content
    assert answer is not None
    assert (answer["flow_id"], answer["run_id"], answer["cause"]) == (
        flow["id"],
        failed["id"],
        "source_unreachable",
    )
    assert any(failed["id"] in line for line in answer["evidence"])
    assert records(failed, "failedRecordCount") == 0
