"""Questions about what there is: datasets, accounts, schedules, mappings, specs, and who changed what."""

from __future__ import annotations

from evals.about_runs import named, omitted, says
from evals.facts import Fact, Moment, Number
from evals.plan import OTHER
from evals.question import Call, Question, call
from evals.truth import Truth


def about_things(truth: Truth) -> list[Question]:
    return [*_datasets(truth), *_accounts(truth), *_lists(truth), *_settings(truth), *_observed(truth)]


def described(name: str, id: str) -> tuple[Call, ...]:
    """By name at once; where that is refused, by the id that a search gives."""
    return (
        call("describe_flow", flow_id=name),
        call("find_flows", query=name),
        call("describe_flow", flow_id=id),
    )


def _datasets(truth: Truth) -> list[Question]:
    fed = max(
        (key for key in truth.organisation.ids if key.startswith("data:")),
        key=lambda key: len(truth.feeding(key)),
    )
    read = next(key for key in truth.organisation.ids if key.startswith("data:") and truth.reading(key))
    [target] = {truth.target_of("steady-2")["params"]["dataSetId"]}
    into = next(key for key, id in truth.organisation.ids.items() if id == target)
    return [
        Question(
            "feeds-dataset", f"Which flows write into the dataset {truth.name(fed)}?",
            (call("trace_lineage", object=truth.name(fed), kind="dataset", direction="up"),),
            named(truth, truth.feeding(fed)),
        ),
        Question(
            "reads-dataset", f"Which flows read the dataset {truth.name(read)}?",
            (call("trace_lineage", object=truth.name(read), kind="dataset", direction="down"),),
            named(truth, truth.reading(read)),
        ),
        Question(
            "unused-dataset", f"Does any flow write into {truth.name('data:unused')}?",
            (call("trace_lineage", object=truth.name("data:unused"), kind="dataset"),),
            (says(truth.name("data:unused")), says("no flow", "nothing", "edges: none", "no other flow", "not used")),
        ),
        Question(
            "target-dataset", f"Into which dataset does {truth.name('steady-2')} write?",
            (call("find_flows", query=truth.name("steady-2")),), (says(truth.name(into)),),
        ),
        Question(
            "breaks", f"What stops if the account {truth.name('account:files')} is removed?",
            (call("trace_lineage", object=truth.name("account:files"), kind="account", direction="down"),),
            named(truth, truth.using("account:files")),
        ),
        Question(
            "profile-flows", "Which flows load datasets into the profile store?",
            (call("list_profile_flows"),), named(truth, ["profile"]),
        ),
    ]  # fmt: skip


def _accounts(truth: Truth) -> list[Question]:
    crm = truth.name("account:refused")
    return [
        Question(
            "uses-account", f"Which flows use the account {crm}?",
            (call("find_flows", account=crm),), named(truth, truth.using("account:refused")),
        ),
        Question(
            "account-of", f"Through which account does {truth.name('steady-4')} read?",
            (call("find_flows", query=truth.name("steady-4")),), (says(_account(truth, "steady-4")),),
        ),
        Question(
            "account-works", f"Does the account {crm} still work?",
            (call("test_connection", connection=crm),),
            (says("refused"), says(_host(truth))),
        ),
        Question(
            "unused-account", "Which accounts does no flow use?",
            (call("list_connections"),), (says("unused", "no flow", "0", near=truth.name("account:idle")),),
        ),
        Question(
            "accounts-count", "How many accounts are there?",
            (call("list_connections", count_only=True),), (Number("", len(truth.stored("connections"))),),
        ),
        Question(
            "account-host", f"At which host is {crm}?",
            (call("get_connection", connection=crm),),
            (says(_host(truth)),),
        ),
    ]  # fmt: skip


def _host(truth: Truth) -> str:
    account = next(row for row in truth.stored("connections") if row["id"] == truth.id("account:refused"))
    return str(account["auth"]["params"]["host"])


def _account(truth: Truth, key: str) -> str:
    base = truth.source_of(key)["baseConnectionId"]
    return next(str(row["name"]) for row in truth.stored("connections") if row["id"] == base)


def _lists(truth: Truth) -> list[Question]:
    states = {
        state: [key for key, row in truth.flows.items() if row["state"] == state]
        for state in ("enabled", "disabled", "draft")
    }
    outward = ["audience", "push", "export"]
    return [
        Question(
            "flows-count", "How many flows are there?", (call("list_flows", count_only=True),),
            (Number("", len(truth.flows)),),
        ),
        Question(
            "disabled", "Which flows are switched off?", (call("list_flows", state="disabled"),),
            (*named(truth, states["disabled"]), *omitted(truth, states["draft"])),
        ),
        Question(
            "drafts", "Which flows are drafts?", (call("list_flows", state="draft"),),
            (*named(truth, states["draft"]), *omitted(truth, states["disabled"])),
        ),
        Question(
            "enabled-count", "How many flows are switched on?", (call("list_flows", state="enabled", count_only=True),),
            (Number("", len(states["enabled"])),),
        ),
        Question(
            "destinations", "Which flows send data out?", (call("find_flows", kind="destination", limit=50),),
            named(truth, outward),
        ),
        Question(
            "twins", "There are two flows called Twin feed. Through which accounts do they read?",
            (call("find_flows", query="Twin feed"),),
            (says(_account(truth, "twin")), says(_account(truth, "twin-too"))),
        ),
        Question(
            "audiences", f"Which audiences does {truth.name('audience')} send?",
            described(truth.name("audience"), truth.id("flow:audience")),
            tuple(says(name) for name in _audiences(truth, "audience")),
        ),
        Question(
            "who-sends", f"Which flow sends the audience {_audiences(truth, 'push')[0]}?",
            (
                call("find_flows", query=_audiences(truth, "push")[0]),
                call("list_flows", kind="destination", detail="full"),
            ),
            named(truth, ["push"]),
        ),
    ]  # fmt: skip


def _audiences(truth: Truth, key: str) -> list[str]:
    [step] = truth.flows[key]["transformations"]
    return [one["value"]["name"] for one in step["params"]["segmentSelectors"]["selectors"]]


def _settings(truth: Truth) -> list[Question]:
    schedule, export = truth.flows["steady-3"]["scheduleParams"], truth.flows["export"]["scheduleParams"]
    mapping = truth.mapping_of("steady-1")
    assert mapping is not None
    id, name = truth.id("flow:steady-3"), truth.name("steady-3")
    return [
        Question(
            "how-often", f"How often is {name} scheduled to run?",
            (call("find_flows", query=name), call("describe_flow", flow_id=id)),
            (says(*_every(int(schedule["interval"]), schedule["frequency"])),),
        ),
        Question(
            "schedule-start", f"On which day did the schedule of {name} start?",
            described(name, id),
            (Moment("", int(schedule["startTime"]) * 1000, day=True),),
        ),
        Question(
            "export-ends", f"On which day does {truth.name('export')} end?",
            described(truth.name("export"), truth.id("flow:export")),
            (Moment("", int(export["endTime"]) * 1000, day=True),),
        ),
        Question(
            "mapped-fields", f"How many fields does the mapping of {truth.name('steady-1')} write?",
            described(truth.name("steady-1"), truth.id("flow:steady-1")),
            (Number("field", len(mapping["mappings"])),),
        ),
        Question(
            "other-sandbox", f"How does {name} differ from the flow of that name in the sandbox {OTHER}?",
            (call("compare_flows", flow=name, other_sandbox=OTHER),), _differs(truth, "steady-3"),
        ),
        Question(
            "source-path", f"Which folder or table does {truth.name('steady-5')} read?",
            described(truth.name("steady-5"), truth.id("flow:steady-5")),
            (says(_place(truth, "steady-5")),),
        ),
        Question(
            "connector-needs", "Which parameters does an SFTP account with a password need?",
            (call("find_connector", words="sftp"),), (says("host"), says("userName"), says("password")),
        ),
        Question(
            "delta",
            f"By which column does {truth.name('running')} find what changed?",
            (
                call("get_flow", flow=truth.name("running")),
            ),
            (says(_delta(truth)),),
        ),
    ]  # fmt: skip


def _delta(truth: Truth) -> str:
    """The column by which the flow `running` finds what changed."""
    steps = truth.flows["running"]["transformations"]
    return next(str(step["params"]["deltaColumn"]["name"]) for step in steps if step["name"] == "Copy")


def _place(truth: Truth, key: str) -> str:
    params = truth.source_of(key)["params"]
    return str(params.get("path") or params.get("tableName"))


def _differs(truth: Truth, key: str) -> tuple[Fact, ...]:
    """The interval here and there, on one line of a comparison where the tool gives a line to it."""
    there = truth.organisation.emulator.store.all(OTHER, "flows")
    name = truth.name(key)
    other = next(row["scheduleParams"] for row in there if row["name"] == name)
    here = truth.flows[key]["scheduleParams"]
    return (Number("interval", int(here["interval"])), Number("interval", int(other["interval"])))


def _every(number: int, unit: str) -> tuple[str, ...]:
    if number == 1:
        return (f"every {unit}", f"every 1 {unit}", {"hour": "hourly", "day": "daily"}[unit])
    return (f"every {number} {unit}",)


def _observed(truth: Truth) -> list[Question]:
    off = truth.flows["disabled"]
    people = truth.organisation.emulator.store.sandboxes["acme-stage"].people
    day = truth.now_ms - 86_400_000
    return [
        Question(
            "who-switched-off", f"Who switched off {truth.name('disabled')}, and on which day?",
            (call("list_audit_events", object=truth.name("disabled")),),
            (says(people[off["updatedBy"]]), Moment("", int(off["updatedAt"]), day=True)),
        ),
        Question(
            "who-created", f"Who made {truth.name('steady-0')}?",
            (call("get_flow", flow=truth.name("steady-0")),),
            (says(str(truth.flows["steady-0"]["createdBy"])),),
        ),
        Question(
            "counted",
            f"How many records did Adobe itself count into the dataset of {truth.name('steady-0')} in 24 hours?",
            (call("get_ingestion_metrics", flow=truth.name("steady-0"), window="24h"),),
            (Number("", _counted(truth, "steady-0", day)),),
        ),
    ]  # fmt: skip


def _counted(truth: Truth, key: str, since_ms: int) -> int:
    """What was written since then by all the flows into the dataset of this one."""
    id = truth.target_of(key)["params"]["dataSetId"]
    dataset = next(name for name, one in truth.organisation.ids.items() if one == id)
    runs = [run for each in truth.feeding(dataset) for run in truth.runs(each)]
    return sum(run.count("output") for run in runs if run.started >= since_ms)
