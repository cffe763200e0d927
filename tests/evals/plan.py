"""The plan of an organisation from a seed: which flows there are, what becomes of them, and how they are called."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from aep_flow_mcp.emulator.catalogue.known_ids import DATASET_TO_IDENTITY, DATASET_TO_PROFILE, STREAM_MAPPED
from aep_flow_mcp.emulator.seed.organisation.feeds import FEEDS
from aep_flow_mcp.emulator.seed.organisation.plan import (
    Account,
    Audience,
    DatasetPlan,
    Fault,
    FlowPlan,
    Outcome,
    SandboxPlan,
    Schedule,
    Volume,
)
from foreign.draw import Draw

SANDBOX, OTHER = "acme-stage", "acme-live"
_WHO = (
    "Nordwind", "Kestrel", "Meridian", "Plaça Nova", "Großmarkt", "東京支店", "Quillon", "Harrow", "Tamarisk",
    "Ferrous", "Lakeside", "Óbidos", "Vantage", "Wren", "Zephyr", "Cobalt", "Juniper", "Basalt", "Mistral", "Orchid",
    "Pampas", "Raven", "Saffron", "Thistle", "Umber", "Verbena", "Willow", "Xenon", "Yarrow", "Alder", "Briar", "Cedar",
    "Dune", "Ember", "Fjell", "Garnet", "Heath", "Indigo", "Jasper",
)  # fmt: skip
_WHAT = {
    "members": "members", "contacts": "contacts", "orders": "orders", "receipts": "receipts", "products": "products",
    "stock": "stock levels", "cases": "cases", "reviews": "reviews", "shipments": "shipments", "spend": "ad spend",
    "payments": "payments", "surveys": "surveys", "returns": "returns", "scores": "scores",
}  # fmt: skip
_PERIODS = (
    Schedule("hour", 1),
    Schedule("hour", 3),
    Schedule("hour", 6),
    Schedule("hour", 12),
    Schedule("day", 1),
)


@dataclass
class Plan:
    """Both sandboxes, and which flow plays which part (by key). `shifted`: hours by which a schedule's start lies
    beside the time at which its flow really runs."""

    sandboxes: tuple[SandboxPlan, SandboxPlan]
    shifted: dict[str, float] = field(default_factory=dict)


class Names:
    """Words that no two objects of an organisation share."""

    def __init__(self, draw: Draw) -> None:
        pairs = [f"{one} {other}" for one in _WHO for other in _WHO[::3] if one != other]
        self._left = sorted(pairs, key=draw.bits)

    def take(self, what: str) -> str:
        return f"{self._left.pop()} {what}"


def make_plan(seed: int) -> Plan:
    draw = Draw(seed).at("evals")
    names = Names(draw.at("names"))
    accounts = _accounts(draw, names)
    feeds = sorted(_WHAT, key=draw.at("feeds").bits)
    datasets = tuple(
        DatasetPlan(f"data-{feed}", names.take(f"{_WHAT[feed]} store"), FEEDS[feed].schema, profile=index < 3)
        for index, feed in enumerate(feeds[:7])
    )
    flows = _flows(draw, names, feeds[:7])
    here = SandboxPlan(
        SANDBOX, "Acme staging", "development", accounts, flows, (*datasets, _unused(names)), is_default=True
    )
    there = replace(
        here,
        name=OTHER,
        title="Acme live",
        type="production",
        flows=_elsewhere(draw, flows),
        is_default=False,
    )
    shifted = {
        one.key: draw.at("shift", one.key).number("minutes", -290, 290) / 60
        for one in flows
        if one.key in ("steady-0", "steady-1", "steady-2", "slow", "partial")
    }
    return Plan((here, there), shifted)


def _unused(names: Names) -> DatasetPlan:
    return DatasetPlan("unused", names.take("archive"), "transaction", created_days_ago=500)


def _accounts(draw: Draw, names: Names) -> tuple[Account, ...]:
    broken = draw.choice("token", "the access key", "the session token")
    host = f"drop-{draw.hex('host', 5)}.example"
    return (
        Account("files", names.take("bucket"), "amazon-s3", params={"bucketName": "in", "folderPath": "/"}),
        Account(
            "expired", names.take("exchange"), "amazon-s3", params={"bucketName": "ex"},
            broken=f"Access denied: {broken} has expired or was revoked (ExpiredToken, status code 403).",
        ),
        Account(
            "refused", names.take("drop"), "sftp", params={"host": host, "port": 22, "userName": "acme"},
            broken=f"Cannot connect to {host}: connection refused (port 22).",
        ),
        Account("tables", names.take("database"), "postgre-sql"),
        Account("crm", names.take("CRM"), "salesforce", params={"environmentUrl": "https://acme.my.salesforce.example"}),
        Account("http", names.take("collector"), "Streaming Connection",
                params={"dataType": "raw", "authenticationRequired": False}),
        Account("idle", names.take("spare bucket"), "azure-blob", auth=1),
        *(
            Account(f"idle-{index}", names.take("old bucket"), "azure-blob", auth=1)
            for index in range(draw.number("idle", 0, 6))
        ),
        Account("profile-store", "Profile store", "profile-store", author="api"),
        Account("out", names.take("partner bucket"), "Amazon S3"),
        Account("push", names.take("push service"), "airship-attributes"),
    )  # fmt: skip


def _flows(draw: Draw, names: Names, feeds: list[str]) -> tuple[FlowPlan, ...]:
    """Each part once, with everything that does not matter to it drawn."""
    made: list[FlowPlan] = []

    def add(key: str, account: str | None = None, feed: str | None = None, **more: object) -> None:
        at = draw.at("flow", key)
        feed = feed or at.choice("feed", *feeds)
        account = account or at.choice("account", "files", "files", "tables", "crm")
        if more.get("kind") == "internal":
            account = None
        table = account in ("tables", "crm")
        given = {
            "kind": "table" if table else "files",
            "name": names.take(f"{_WHAT[feed]} {at.choice('suffix', 'feed', 'import', 'sync', 'load')}"),
            "account": account,
            "place": f"public.{feed}_{key.replace('-', '_')}" if table else f"/in/{feed}/{key}/",
            "feed": feed,
            "datasets": (f"data-{feed}",),
            "schedule": replace(
                at.choice("period", *_PERIODS),
                at=f"{at.number('hour', 0, 23):02}:{at.number('minute', 0, 59):02}",
            ),
            "volume": Volume(at.number("records", 900, 90_000), 300, at.number("seconds", 60, 600)),
            "author": at.choice("author", "mira", "tomas", "yuki"),
            "created_days_ago": float(at.number("age", 40, 300)),
        }
        made.append(FlowPlan(key=key, **{**given, **more}))  # type: ignore[arg-type]

    since = draw.at("since")
    daily = Schedule("day", at=f"{draw.number('at', 0, 5):02}:{draw.number('past', 1, 59):02}")
    for index in range(6):
        add(f"steady-{index}", feed=feeds[index])
    for index in range(draw.number("more", 0, 8)):
        add(f"more-{index}", state=draw.at("more", index).choice("state", "enabled", "enabled", "disabled"))
    add("expired", "expired", faults=(Fault(Outcome.CREDENTIALS, since.number("expired", 50, 300)),))
    add("expired-too", "expired", faults=(Fault(Outcome.CREDENTIALS, since.number("expired2", 50, 300)),))
    add("refused", "refused", faults=(Fault(Outcome.HOST, since.number("refused", 30, 400)),))
    add(
        "missing",
        "files",
        file_missing=True,
        place=f"/in/late/{draw.hex('late', 6)}.csv",
        faults=(Fault(Outcome.MISSING_FILE, since.number("missing", 60, 200)),),
    )
    add(
        "partial", diagnostics=True, tolerated_percent=20,
        faults=(Fault(Outcome.PARTIAL, since.number("partial", 100, 300)),),
    )  # fmt: skip
    add("empty", "files", faults=(Fault(Outcome.EMPTY, since.number("empty", 80, 250)),), schedule=daily)
    add("slow", schedule=Schedule("hour", 3, at="00:20"), volume=Volume(20_000, 300, 300, growth=8.0))
    add("stopped", schedule=Schedule("hour", 3, at="00:40"), stopped_days_ago=since.number("stopped", 2, 6))
    add("disabled", state="disabled", stopped_days_ago=9, updated_days_ago=float(since.number("off", 9, 20)))
    add("draft", state="draft")
    add(
        "running",
        "tables",
        schedule=Schedule("hour", 1),
        running_minutes=4.0,
        delta_column=draw.choice("delta", "changed_on", "row_version", "modified_ts"),
    )
    add("gone", "files", datasets=("!lost",), faults=(Fault(Outcome.DATASET_GONE, 24 * 40),))
    add(
        "recovered", schedule=Schedule("hour", 1, at="00:10"),
        faults=(Fault(Outcome.CREDENTIALS, 60, until_hours=since.number("until", 30, 40)),),
    )  # fmt: skip
    add("once", schedule=Schedule("once", starts_days_ago=since.number("once", 3, 20)))
    add("twin", "files", name="Twin feed")
    add("twin-too", "tables", name="Twin feed")
    add("stream", "http", kind="stream", schedule=None, flow_spec=STREAM_MAPPED)
    _outward(draw, names, feeds, add)
    return tuple(made)


def _outward(draw: Draw, names: Names, feeds: list[str], add: object) -> None:
    """What leaves the platform, and what moves inside it."""
    assert callable(add)
    people = Audience(names.take("regulars"), draw.number("size", 9_000, 90_000), skipped_share=0.2)
    params = {"bucketName": "out", "path": "aud", "fileType": "CSV", "compression": "NONE"}
    add(
        "audience", "out", feed="contacts", kind="audience", datasets=(), params=params, place="aud",
        mandatory=("personalEmail.address",), schedule=Schedule("day", at="04:00"),
        name=names.take("audience export"), audiences=(people, Audience(names.take("newcomers"), 4_000)),
    )  # fmt: skip
    add(
        "push", "push", feed=feeds[0], kind="stream_audience", datasets=(), schedule=None, place="Airship",
        params={"domain": "EU"}, audiences=(Audience(names.take("subscribers"), 5_000),), name=names.take("push"),
    )  # fmt: skip
    add(
        "export", "out", feed=feeds[1], kind="export", place="lake", name=names.take("lake export"),
        params={"bucketName": "out", "path": "lake", "datasetFileType": "PARQUET", "compression": "GZIP"},
        schedule=Schedule("hour", 12, at="00:05", ends_days_ago=-float(draw.number("ends", 20, 200))),
    )  # fmt: skip
    for key, spec in (("profile", DATASET_TO_PROFILE), ("identity", DATASET_TO_IDENTITY)):
        add(
            key, feed=feeds[0], kind="internal", flow_spec=spec, name=names.take(f"to {key}"),
            schedule=Schedule("hour", 12, at="00:35"),
        )  # fmt: skip


def _elsewhere(draw: Draw, flows: tuple[FlowPlan, ...]) -> tuple[FlowPlan, ...]:
    """The other sandbox: some flows by the same names, one of them on another schedule."""
    known = {one.key: replace(one, faults=()) for one in flows}
    other = replace(known["steady-3"], schedule=Schedule("day", draw.number("otherEvery", 2, 6), at="03:30"))
    return (known["steady-0"], known["steady-1"], other)
