"""Questions about what ran: failures, since when, overdue, slow, how many records, and which of them were lost."""

from __future__ import annotations

from evals.facts import Fact, Moment, Number, Omits, Says
from evals.question import Call, Question, call
from evals.truth import Truth


def says(*forms: str, near: str = "", under: str = "") -> Says:
    return Says(near, forms, under=under)


def named(truth: Truth, keys: list[str]) -> tuple[Fact, ...]:
    return tuple(says(truth.name(key)) for key in keys)


def omitted(truth: Truth, keys: list[str], *, under: str = "") -> tuple[Fact, ...]:
    return tuple(Omits("", truth.name(key), under=under) for key in keys)


def about_runs(truth: Truth) -> list[Question]:
    return [
        *_failures(truth),
        *_since(truth),
        *_rhythm(truth),
        *_records(truth),
        *_single(truth),
    ]


def _failures(truth: Truth) -> list[Question]:
    day, week = truth.every_run(24), truth.every_run(168)
    lost = [run for _, run in day if run.status == "failed"]
    failing = truth.failing(24)
    most = max(failing, key=lambda key: sum(run.status == "failed" for run in truth.runs(key, 24)))
    number = sum(run.status == "failed" for run in truth.runs(most, 24))
    return [
        Question(
            "failed-flows-day", "Which flows had a failed run in the last 24 hours?",
            (call("pipeline_health", window="24h"), call("pipeline_health", window="24h", top=30)),
            named(truth, failing),
        ),
        Question(
            "failed-runs-day", "How many runs failed in the last 24 hours?",
            (call("pipeline_health", window="24h"),), (Number("", len(lost)),),
        ),
        Question(
            "runs-day", "How many runs started in the last 24 hours?",
            (call("list_runs", since="24h", count_only=True),), (Number("", len(day)),),
        ),
        Question(
            "failed-runs-week", "How many runs failed in the last 7 days?",
            (call("pipeline_health", window="7d"),),
            (Number("", sum(run.status == "failed" for _, run in week)),),
        ),
        Question(
            "most-failures", "Which flow failed most often in the last 24 hours, and how often?",
            (call("pipeline_health", window="24h"),), (Number(truth.name(most), number),),
        ),
        Question(
            "error-codes-day", "Which error codes had the runs that failed in the last 24 hours?",
            (call("pipeline_health", window="24h", group_by="error"),),
            tuple(says(code) for code in _codes(truth, failing)),
        ),
        _why(truth, "expired", says("expired"), says(truth.name("account:expired"))),
        _why(truth, "refused", says("refused"), says(truth.name("account:refused"))),
        _why(truth, "missing", says("does not exist"), says(truth.source_of("missing")["params"]["path"])),
        _why(truth, "gone", says("dataset"), says(truth.target_of("gone")["params"]["dataSetId"])),
        Question(
            "recovered", f"Does {truth.name('recovered')} still fail? When was its last failed run?",
            (call("diagnose_flow", flow=truth.name("recovered"), runs=100),),
            (Moment("", [run for run in truth.runs("recovered") if run.status == "failed"][-1].started),),
        ),
        Question(
            "account-breaks", f"Which flows fail because the account {truth.name('account:expired')} was refused?",
            (call("find_flows", account=truth.name("account:expired")),),
            named(truth, truth.using("account:expired")),
        ),
    ]  # fmt: skip


def _codes(truth: Truth, keys: list[str]) -> list[str]:
    found = set()
    for key in keys:
        for run in truth.runs(key, 24):
            if run.status == "failed":
                found |= {error["code"] for error in run.row["metrics"]["statusSummary"].get("errors", [])}
    return sorted(found)


def _why(truth: Truth, key: str, *facts: Fact) -> Question:
    name = truth.name(key)
    return Question(f"why-{key}", f"Why does {name} fail?", (call("diagnose_flow", flow=name),), facts)


def _further(name: str) -> tuple[Call, ...]:
    """The newest runs; where the streak is longer, as many as are looked at."""
    return (
        call("diagnose_flow", flow=name),
        call("diagnose_flow", flow=name, runs=100),
        call("pipeline_health", window="30d", flow=name),
    )


def _since(truth: Truth) -> list[Question]:
    asked = []
    for key in ("expired", "expired-too", "refused", "missing"):
        first, good, many = truth.streak(key)
        name = truth.name(key)
        asked.append(
            Question(
                f"since-{key}", f"Since when has {name} failed without a break?",
                _further(name), (Moment("", first.started),),
            )
        )  # fmt: skip
        if key != "expired-too" and good is not None:
            asked.append(
                Question(
                    f"last-good-{key}", f"When did {name} last succeed?",
                    _further(name), (Moment("", good.started),),
                )
            )  # fmt: skip
        if key == "refused":
            asked.append(
                Question(
                    "in-a-row", f"How many runs of {name} failed in a row, up to now?",
                    _further(name), (Number("", many),),
                )
            )  # fmt: skip
    fed = truth.last_with_data("empty")
    assert fed is not None
    asked.append(
        Question(
            "last-data", f"When did {truth.name('empty')} last bring in any record?",
            (call("diagnose_flow", flow=truth.name("empty")), *_listed(truth, "empty", limit=100)[1:]),
            (Moment("", fed.started),),
        )
    )  # fmt: skip
    return asked


def _rhythm(truth: Truth) -> list[Question]:
    stopped = truth.runs("stopped")[-1]
    steady = [f"steady-{index}" for index in range(6)] + ["slow", "partial"]
    slow = truth.name("slow")
    return [
        Question(
            "overdue", "Which flows are enabled and scheduled but have stopped running?",
            (call("pipeline_health", window="24h"),), (says(truth.name("stopped"), under="ran less"),),
        ),
        Question(
            "overdue-only", "Which flows have missed a run that was due in the last 24 hours? Name no others.",
            (call("pipeline_health", window="24h"),),
            (says(truth.name("stopped"), under="ran less"), *omitted(truth, steady, under="due")),
        ),
        Question(
            "stopped-since", f"When did {truth.name('stopped')} run last?",
            (call("diagnose_flow", flow=truth.name("stopped")),), (Moment("", stopped.started),),
        ),
        Question(
            "slower", "Which flow takes clearly longer in the last 7 days than in the 7 days before?",
            (call("pipeline_health", window="7d"),), (says(slow),),
        ),
        Question(
            "usual-time", f"How many seconds does a run of {slow} take at the median in the last 7 days?",
            (call("pipeline_health", window="7d", flow=slow),),
            (Number("", round(truth.usual_seconds("slow", 168, 0)), 0.01),),
        ),
        Question(
            "running", "Which flow has a run that is going on right now?",
            (call("list_runs", status="in_progress"),), (says(truth.id("flow:running"), truth.name("running")),),
        ),
        Question(
            "never-ran", "Which flows have never run, although they are of a kind that has runs?",
            (call("find_flows", last_status="never"),),
            (says(truth.name("draft")), *omitted(truth, ["stream"])),
        ),
    ]  # fmt: skip


def _records(truth: Truth) -> list[Question]:
    def total(key: str, name: str, hours: float) -> int:
        return sum(run.count(name) for run in truth.runs(key, hours))

    busy, partial, audience = truth.name("steady-0"), truth.name("partial"), truth.name("audience")
    dataset = next(f"data:{key}" for key in _datasets(truth) if len(truth.feeding(f"data:{key}")) > 1)
    written = sum(total(key, "output", 168) for key in truth.feeding(dataset))
    worst = max(truth.runs("partial", 168), key=lambda run: run.count("failed"))
    return [
        Question(
            "read-week", f"How many records did {busy} read in the last 7 days?",
            (call("pipeline_health", window="7d", flow=busy),), (Number("", total("steady-0", "input", 168)),),
        ),
        Question(
            "written-week", f"How many records did {partial} write in the last 7 days?",
            (call("pipeline_health", window="7d", flow=partial),), (Number("", total("partial", "output", 168)),),
        ),
        Question(
            "lost-week", f"How many records did {partial} lose in the last 7 days?",
            (call("pipeline_health", window="7d", flow=partial),), (Number("", total("partial", "failed", 168)),),
        ),
        Question(
            "lossy-flow", "Which flow succeeds but loses records?",
            (call("pipeline_health", window="7d"), call("pipeline_health", window="7d", top=30)), (says(partial),),
        ),
        Question(
            "worst-run", f"Which run of {partial} in the last 7 days lost most records, and how many?",
            _listed(truth, "partial", since="7d", limit=100), (Number("", worst.count("failed")),),
        ),
        Question(
            "skipped", f"How many records did {audience} skip in the last 7 days?",
            (call("pipeline_health", window="7d", flow=audience),), (Number("", _skipped(truth, "audience")),),
        ),
        Question(
            "into-dataset", f"How many records were written into {truth.name(dataset)} in the last 7 days?",
            (
                call("pipeline_health", window="7d", dataset=truth.name(dataset)),
                call("get_ingestion_metrics", datasets=[truth.name(dataset)], window="7d"),
            ),
            (Number("", written),),
        ),
        Question(
            "rejected-why", f"Which error do the rows have that {partial} left out?",
            (call("get_batch_errors", flow=partial),), (says("MAPPER-3700-400", "cannot be read as a date"),),
        ),
        Question(
            "rejected-count", f"How many rows did the newest run of {partial} that lost any leave out?",
            (call("get_batch_errors", flow=partial),),
            (Number("", [run.count("failed") for run in truth.runs("partial") if run.count("failed")][-1]),),
        ),
    ]  # fmt: skip


def _listed(truth: Truth, key: str, **more: object) -> tuple[Call, ...]:
    """By name at once; where that finds nothing, by the id that a search gives."""
    name, id = truth.name(key), truth.id(f"flow:{key}")
    return (
        call("list_runs", flow_id=name, **more),
        call("find_flows", query=name),
        call("list_runs", flow_id=id, **more),
    )


def _datasets(truth: Truth) -> list[str]:
    return sorted(key.partition(":")[2] for key in truth.organisation.ids if key.startswith("data:"))


def _skipped(truth: Truth, key: str) -> int:
    records = [run.row["metrics"].get("recordSummary") or {} for run in truth.runs(key, 168)]
    return sum(int(one.get("skippedRecordCount") or 0) for one in records)


def _single(truth: Truth) -> list[Question]:
    run = truth.runs("steady-1")[-1]
    failed = truth.runs("expired")[-1]
    return [
        Question(
            "one-run", f"How many records did run {run.id} read?",
            (call("get_run", run_id=run.id),), (Number("", run.count("input")),),
        ),
        Question(
            "one-failed-run", f"Why did run {failed.id} fail?",
            (call("diagnose_flow", run_id=failed.id),),
            (says("expired"), says(truth.name("account:expired"))),
        ),
        Question(
            "newest-run", f"When did the newest run of {truth.name('steady-1')} start?",
            _listed(truth, "steady-1", limit=1), (Moment("", run.started),),
        ),
    ]  # fmt: skip
