"""Questions in plain language, each answered by one call, with the facts computed from what the emulator holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest
from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.gathering import times
from aep_flow_mcp.server import build_server
from tools.asked import (
    TOKEN,
    World,
    iso,
    outcome,
    raw_size,
    records,
    total,
)
from tools.bed import in_its_own_task
from tools.conftest import NOW
from tools.questions.find_questions import FIND, Facts, Question, names
from tools.questions.health_questions import HEALTH

MOST_TOKENS = 1_500


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


@pytest.mark.long
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
