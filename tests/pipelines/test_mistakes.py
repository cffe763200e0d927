"""What can be wrong with a wish: each mistake is reported alone, at its argument, with the fix."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from aep_flow_mcp.pipelines.blueprint import Verdict, What
from aep_flow_mcp.pipelines.judge import judge
from aep_flow_mcp.pipelines.wish import FieldPair, PipelineWish, StartState
from pipelines.organisation import Organisation
from pipelines.wishes import LOYALTY, S3_LOGIN, airship, export, files, from_zone, hub, stream, table, to_zone

S3_SOURCE = "ecadc60c-7455-4d87-84dc-2a0e293d997b"


class Mistake(NamedTuple):
    """A wish with one thing wrong; the argument that is named, and words of the fix."""

    what: str
    wish: PipelineWish
    field: str
    fix: tuple[str, ...]


def new_account(**changes: Any) -> PipelineWish:
    """The loyalty files through an account that is still to be made; nothing can be looked at before."""
    return files(**{"account": None, "format": "csv", "auth_params": dict(S3_LOGIN), **changes})


def login(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**S3_LOGIN, **changes}.items() if value is not None}


def pairs(*more: tuple[str, str]) -> tuple[FieldPair, ...]:
    return (*LOYALTY, *(FieldPair(source, target) for source, target in more))


WRONG = [
    # connector
    Mistake(
        "no such connector", files(connector="dropbox"), "connector", ("no source called dropbox", "Choose")
    ),
    Mistake("a destination", files(connector="airship", account=None), "connector", ("direction export",)),
    Mistake(
        "a source as destination", export(connector="salesforce crm"), "connector", ("direction import",)
    ),
    Mistake(
        "id of a source", export(connector=S3_SOURCE), "connector", ("is no destination", "direction import")
    ),
    # account
    Mistake("unknown account", files(account="Old bucket"), "account", ("Brightfjord ingest bucket",)),
    Mistake("account and login", files(auth_params=S3_LOGIN), "auth_params", ("superfluous", "leave it out")),
    Mistake(
        "secret in clear",
        new_account(auth_params=login(s3SecretKey="hunter2hunter2")),
        "auth_params.s3SecretKey",
        ("${AEP_SECRET_NAME}",),
    ),
    # path
    Mistake(
        "wrong folder", files(path="/loyalty/membrs/"), "path", ("no /loyalty/membrs/", "/loyalty/members/")
    ),
    Mistake("wrong root", files(path="/loialty/members/"), "path", ("/loyalty/", "Choose")),
    Mistake("zone path", from_zone(path="giftcards/"), "path", ("dlz-user-container/", "Choose")),
    Mistake("no such table", table(path="public.order"), "path", ("public.orders", "Choose")),
    Mistake("path of a stream", stream(path="/in/"), "path", ("left out", "inlet")),
    Mistake("path of a hub", hub(path="footfall"), "path", ("left out", "eventHubName")),
    # format
    Mistake("excel", files(format="xlsx"), "format", ("delimited, json, parquet",)),
    Mistake("format of a table", table(format="csv"), "format", ("left out",)),
    Mistake("csv export", export(format="csv"), "format", ("JSON, PARQUET",)),
    # params
    Mistake("recursive text", files(params={"recursive": "yes"}), "params.recursive", ("none of the ways",)),
    Mistake("path in params", files(params={"path": "/x/"}), "params.path", ("argument path",)),
    Mistake("two tables", table(params={"tableName": "a"}), "params.tableName", ("argument path",)),
    Mistake(
        "enum of a param",
        hub(params={"eventHubName": "x", "dataType": "csv"}),
        "params.dataType",
        ("takes one of: raw, xdm",),
    ),
    Mistake(
        "wrong mode",
        airship(
            connector="4890fc95-5a1f-4983-94bb-e060c08e3f81",
            account="Remarketing bucket (legacy)",
            path="x",
            params={"bucketName": "bf", "mode": "user"},
        ),
        "params.mode",
        ("takes one of: S3",),
    ),
    Mistake("a domain", airship(params={"domain": "APAC"}), "params.domain", ("takes one of: US, EU",)),
    # dataset
    Mistake("unknown dataset", files(datasets=("Loyalty Member",)), "datasets", ("Close: Loyalty Members",)),
    Mistake(
        "two datasets",
        files(datasets=("Loyalty Members", "Products")),
        "datasets",
        ("give one", "each other"),
    ),
    # mapping
    Mistake(
        "unknown field",
        files(fields=pairs(("tier", "loyalty.level"))),
        "fields[3].target",
        ("no field loyalty.level", "Close:", "loyalty."),
    ),
    Mistake(
        "unknown column",
        files(fields=pairs(("level", "loyalty.tier"))),
        "fields[3].source",
        ("no column level", "tier"),
    ),
    Mistake("filled twice", files(fields=pairs(("tier", "loyalty.points"))), "fields", ("keep one",)),
    Mistake(
        "empty source", files(fields=pairs((" ", "loyalty.tier"))), "fields[3].source", ("name a column",)
    ),
    Mistake("unknown mapping", files(fields=(), mapping_set="0" * 32), "mapping_set", ("Of this schema:",)),
    Mistake("both mappings", files(mapping_set="0" * 32), "fields", ("give one of the two",)),
    Mistake(
        "mapping of XDM",
        stream(account="Mobile app collector"),
        "fields",
        ("Mobile app collector takes XDM", "choose a raw account"),
    ),
    Mistake(
        "mapping of a new XDM inlet",
        stream(account=None, auth_params={"dataType": "xdm"}),
        "auth_params.dataType",
        ("must be raw", "leave fields out"),
    ),
    Mistake("mapping of an export", export(fields=LOYALTY), "fields", ("left out", "as they are")),
    # schedule
    Mistake("no rhythm", files(every="sometimes"), "every", ("such as once, 15 minutes",)),
    Mistake("five minutes", files(every="5 minutes"), "every", ("at least 15",)),
    Mistake("export of two hours", export(every="2 hours"), "every", ("once, 3 hours, 6 hours",)),
    Mistake("weekly export", export(every="weekly"), "every", ("9 hours, 12 hours, 1 day",)),
    Mistake("no time", files(start_time="tomorrow"), "start_time", ("such as 2026-01-31T08:00:00Z",)),
    Mistake("yesterday", files(start_time="2026-03-01"), "start_time", ("in the past",)),
    Mistake("backfill once", files(every="once", backfill=True), "backfill", ("left out", "once")),
    # delta column and bad rows
    Mistake(
        "unknown delta", table(delta_column="changed_at"), "delta_column", ("no column changed_at", "choose")
    ),
    Mistake(
        "delta of files", files(delta_column="joined_on"), "delta_column", ("left out", "time of change")
    ),
    Mistake("negative share", files(tolerated_percent=-1), "tolerated_percent", ("more than 0",)),
    # name
    Mistake("name taken", files(name="Loyalty members nightly"), "name", ("has this name", "choose another")),
]


class Noted(NamedTuple):
    """A wish that nothing declares refused: it is planned, what was said is sent, and a warning says so."""

    what: str
    wish: PipelineWish
    words: tuple[str, ...]
    part: What
    sent: str


def body_text(verdict: Verdict, what: What) -> str:
    """The body of one part, as text."""
    assert verdict.blueprint is not None
    [part] = [part for part in verdict.blueprint.parts if part.what is what]
    return repr(part.body)


ACCOUNT, SOURCE, TARGET, FLOW = What.ACCOUNT, What.SOURCE, What.TARGET, What.FLOW
SFTP_ACCOUNT = "f03088c7-ba56-4721-b798-23fa78c386cb"
NOTED = [
    Noted(
        "other connector's",
        files(account="Carrier SFTP", path="/in/a.csv", fields=(FieldPair("lower('a')", "_id"),)),
        ("is one of the connection spec", "not of amazon-s3"),
        SOURCE,
        SFTP_ACCOUNT,
    ),
    Noted(
        "landing zone account", from_zone(account="Carrier SFTP"), ("declares no way",), SOURCE, SFTP_ACCOUNT
    ),
    Noted(
        "login of none",
        to_zone(auth_params={"k": "${AEP_SECRET_X}"}),
        ("auth is sent",),
        ACCOUNT,
        "AEP_SECRET_X",
    ),
    Noted(
        "unknown way", new_account(auth_spec="OAuth"), ("Access Key", "1415"), ACCOUNT, "'specName': 'OAuth'"
    ),
    Noted(
        "superfluous credential",
        new_account(auth_params=login(region="eu-west-1")),
        ("auth.params.region", "folderPath"),
        ACCOUNT,
        "'region': 'eu-west-1'",
    ),
    Noted("a bucket address", new_account(path="s3://b/in/x/"), ("such as in/x/",), SOURCE, "s3://b/in/x/"),
    Noted(
        "backslashes", new_account(path="in\\x\\", params={"type": "file"}), ("in/x/",), SOURCE, "in\\\\x\\\\"
    ),
    Noted("export to an address", to_zone(path="s3://bi/lake"), ("such as lake",), TARGET, "s3://bi/lake"),
    Noted(
        "csv as parquet", files(format="parquet"), ("seems to be delimited",), SOURCE, "'format': 'parquet'"
    ),
    Noted(
        "delimiter of two",
        files(format_options={"columnDelimiter": "||"}),
        ("one character",),
        SOURCE,
        "'||'",
    ),
    Noted("compression", files(format_options={"compressionType": "rar"}), ("zipDeflate",), SOURCE, "'rar'"),
    Noted("encoding", files(format_options={"encoding": "latin"}), ("ISO-8859-1",), SOURCE, "'latin'"),
    Noted("unknown option", files(format_options={"quote": "~"}), ("format_options.quote",), SOURCE, "'~'"),
    Noted(
        "delimiter of json",
        new_account(path="/in/x.json", format="json", format_options={"columnDelimiter": ";"}),
        ("for delimited files",),
        SOURCE,
        "';'",
    ),
    Noted(
        "unknown param",
        files(params={"prefix": "a"}),
        ("params.prefix", "recursive"),
        SOURCE,
        "'prefix': 'a'",
    ),
    Noted("param of a stream", stream(params={"topic": "a"}), ("params.topic",), SOURCE, "'topic': 'a'"),
    Noted("type of a path", files(params={"type": "file"}), ("to be a folder",), SOURCE, "'type': 'file'"),
    Noted(
        "recursive file",
        new_account(path="/in/a.csv", params={"recursive": True}),
        ("goes with a folder",),
        SOURCE,
        "'recursive': True",
    ),
    Noted(
        "JSON without compression",
        export(format="json", params={"bucketName": "brightfjord-bi", "compression": "NONE"}),
        ("GZIP is safe",),
        TARGET,
        "'compression': 'NONE'",
    ),
    Noted(
        "an object", files(fields=pairs(("city", "homeAddress"))), ("homeAddress.street1",), FLOW, "Mapping"
    ),
    Noted(
        "schedule of a stream",
        stream(every="hourly", start_time="2027-01-01"),
        ("declares no schedule",),
        FLOW,
        "'frequency': 'hour'",
    ),
    Noted("milliseconds", files(start_time="1772503200000"), ("milliseconds",), FLOW, "1772503200000"),
    Noted("end of an import", files(end_time="2027-01-01"), ("scheduleParams.endTime",), FLOW, "1798761600"),
    Noted("end before start", export(end_time="2026-03-02"), ("not after startTime",), FLOW, "'endTime'"),
    Noted(
        "backfill of an export",
        export(backfill=False),
        ("scheduleParams.backfill",),
        FLOW,
        "'backfill': False",
    ),
    Noted("delta without time", table(delta_column="sku"), ("with a time", "updated_at"), FLOW, "'sku'"),
    Noted("delta once", table(every="once"), ("1369",), FLOW, "'updated_at'"),
    Noted("delta of a hub", hub(delta_column="at"), ("Copy is sent as it is",), FLOW, "'at'"),
    Noted("large share", files(tolerated_percent=101), ("more than 100",), FLOW, "101"),
    Noted(
        "share of a stream",
        stream(tolerated_percent=5),
        ("options is sent",),
        FLOW,
        "'partialIngestionPercent': 5",
    ),
    Noted("draft of a stream", stream(state=StartState.DRAFT), ("1368",), FLOW, "flowSpec"),
]


@pytest.mark.parametrize("noted", NOTED, ids=[one.what for one in NOTED])
def test_what_nothing_declares_refused_is_sent_and_noted(organisation: Organisation, noted: Noted) -> None:
    verdict = judge(noted.wish, organisation.findings(noted.wish))
    assert verdict.problems == ()
    assert verdict.missing == ()
    assert verdict.blueprint is not None
    said = "\n".join(verdict.blueprint.warnings)
    assert [words for words in noted.words if words not in said] == []
    assert noted.sent in body_text(verdict, noted.part)
    assert "hunter2" not in said


def test_a_number_for_a_text_is_sent_as_text(organisation: Organisation) -> None:
    wish = new_account(auth_params=login(bucketName=7))
    verdict = judge(wish, organisation.findings(wish))
    assert "'bucketName': '7'" in body_text(verdict, ACCOUNT)


@pytest.mark.parametrize("mistake", WRONG, ids=[one.what for one in WRONG])
def test_a_mistake_is_reported_alone_with_its_argument_and_the_fix(
    organisation: Organisation, mistake: Mistake
) -> None:
    verdict = judge(mistake.wish, organisation.findings(mistake.wish))
    assert verdict.blueprint is None
    assert [
        (problem.field, str(problem)) for problem in verdict.problems if problem.field != mistake.field
    ] == []
    assert [item.field for item in verdict.missing] == []
    [problem] = verdict.problems
    assert [words for words in mistake.fix if words not in problem.message] == []
    assert problem.message.endswith(".")
    assert "hunter2" not in str(verdict)


def test_there_are_enough_different_mistakes() -> None:
    assert len(WRONG) + len(NOTED) >= 70
    names = [mistake.what for mistake in WRONG] + [noted.what for noted in NOTED]
    assert len(set(names)) == len(names)
    assert len({mistake.field for mistake in WRONG}) >= 20
