"""How pipelines did: questions, and what each answer must say, computed from what is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tools.asked import (
    Row,
    World,
    bytes_read,
    hours,
    iso,
    ms,
    outcome,
    outcomes,
    percentile,
    seconds,
    total,
)
from tools.conftest import NOW
from tools.questions.find_questions import Facts, Question, names, uses


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
