"""What can be wrong with a wish: each mistake is reported alone, at its argument, with the fix."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

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
    Mistake(
        "other connector's", files(account="Carrier SFTP"), "account", ("is an account of SFTP", "Amazon S3")
    ),
    Mistake("landing zone account", from_zone(account="Carrier SFTP"), "account", ("left out",)),
    Mistake("account and login", files(auth_params=S3_LOGIN), "auth_params", ("superfluous", "leave it out")),
    Mistake(
        "login of none", to_zone(auth_params={"key": "x"}), "auth_params", ("left out", "no credentials")
    ),
    Mistake("unknown way", new_account(auth_spec="OAuth"), "auth_spec", ("authenticates by: Access Key",)),
    Mistake(
        "secret in clear",
        new_account(auth_params=login(s3SecretKey="hunter2hunter2")),
        "auth_params.s3SecretKey",
        ("${AEP_SECRET_NAME}",),
    ),
    Mistake(
        "superfluous credential",
        new_account(auth_params=login(region="eu-west-1")),
        "auth_params.region",
        ("It takes:", "s3AccessKey", "folderPath"),
    ),
    Mistake(
        "credential of a wrong type",
        new_account(auth_params=login(bucketName=7)),
        "auth_params.bucketName",
        ("must be a string",),
    ),
    # path
    Mistake(
        "wrong folder", files(path="/loyalty/membrs/"), "path", ("no /loyalty/membrs/", "/loyalty/members/")
    ),
    Mistake("wrong root", files(path="/loialty/members/"), "path", ("/loyalty/", "Choose")),
    Mistake(
        "a bucket address",
        new_account(path="s3://bucket/in/x/"),
        "path",
        ("inside the bucket", "such as in/x/"),
    ),
    Mistake("backslashes", new_account(path="in\\x\\"), "path", ("write in/x/",)),
    Mistake("zone path", from_zone(path="giftcards/"), "path", ("dlz-user-container/", "Choose")),
    Mistake("no such table", table(path="public.order"), "path", ("public.orders", "Choose")),
    Mistake("path of a stream", stream(path="/in/"), "path", ("left out", "inlet")),
    Mistake("path of a hub", hub(path="footfall"), "path", ("left out", "eventHubName")),
    Mistake(
        "export to an address", export(path="s3://bi/lake"), "path", ("inside the bucket", "such as lake")
    ),
    # format
    Mistake(
        "csv as parquet", files(format="parquet"), "format", ("is delimited, not parquet", "say delimited")
    ),
    Mistake("excel", files(format="xlsx"), "format", ("delimited, json, parquet",)),
    Mistake("format of a table", table(format="csv"), "format", ("left out",)),
    Mistake("csv export", export(format="csv"), "format", ("json, parquet",)),
    Mistake(
        "delimiter of two",
        files(format_options={"columnDelimiter": "||"}),
        "format_options.columnDelimiter",
        ("one character",),
    ),
    Mistake(
        "unknown compression",
        files(format_options={"compressionType": "rar"}),
        "format_options.compressionType",
        ("gzip", "zipDeflate"),
    ),
    Mistake(
        "unknown encoding",
        files(format_options={"encoding": "latin"}),
        "format_options.encoding",
        ("ISO-8859-1",),
    ),
    Mistake(
        "unknown option", files(format_options={"quote": "'"}), "format_options.quote", ("columnDelimiter",)
    ),
    Mistake(
        "delimiter of json",
        new_account(path="/in/x.json", format="json", format_options={"columnDelimiter": ";"}),
        "format_options.columnDelimiter",
        ("left out", "no delimiter"),
    ),
    # params
    Mistake("unknown param", files(params={"prefix": "a"}), "params.prefix", ("It takes:", "recursive")),
    Mistake("param of a stream", stream(params={"topic": "a"}), "params.topic", ("takes none",)),
    Mistake(
        "type of a path", files(params={"type": "file"}), "params.type", ("is a folder", "leave type out")
    ),
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
        "JSON without compression",
        export(format="json", params={"bucketName": "b", "compression": "NONE"}),
        "params.compression",
        ("GZIP", "parquet"),
    ),
    Mistake(
        "file type of audiences",
        export(params={"bucketName": "b", "fileType": "CSV"}),
        "params.fileType",
        ("audiences", "give format"),
    ),
    Mistake(
        "wrong mode", export(params={"bucketName": "b", "mode": "user"}), "params.mode", ("Server-to-server",)
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
        "an object",
        files(fields=pairs(("city", "homeAddress"))),
        "fields[3].target",
        ("such as homeAddress.street1",),
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
    Mistake("schedule of a stream", stream(every="hourly"), "every", ("left out", "no schedule")),
    Mistake("start of a stream", stream(start_time="2027-01-01"), "start_time", ("left out", "no schedule")),
    Mistake("no time", files(start_time="tomorrow"), "start_time", ("such as 2026-01-31T08:00:00Z",)),
    Mistake("yesterday", files(start_time="2026-03-01"), "start_time", ("in the past",)),
    Mistake("milliseconds", files(start_time="1772503200000"), "start_time", ("takes epoch seconds",)),
    Mistake("end of an import", files(end_time="2027-01-01"), "end_time", ("left out", "disable the flow")),
    Mistake("end before start", export(end_time="2026-03-02"), "end_time", ("after startTime",)),
    Mistake("backfill once", files(every="once", backfill=True), "backfill", ("left out", "once")),
    Mistake("backfill of an export", export(backfill=False), "backfill", ("left out", "full one")),
    # delta column and bad rows
    Mistake(
        "unknown delta", table(delta_column="changed_at"), "delta_column", ("no column changed_at", "choose")
    ),
    Mistake("delta without time", table(delta_column="sku"), "delta_column", ("with a time", "updated_at")),
    Mistake("delta once", table(every="once"), "delta_column", ("left out", "once")),
    Mistake(
        "delta of files", files(delta_column="joined_on"), "delta_column", ("left out", "time of change")
    ),
    Mistake("delta of a hub", hub(delta_column="at"), "delta_column", ("left out",)),
    Mistake("negative share", files(tolerated_percent=-1), "tolerated_percent", ("more than 0",)),
    Mistake("large share", files(tolerated_percent=101), "tolerated_percent", ("at most 100",)),
    Mistake("share of a stream", stream(tolerated_percent=5), "tolerated_percent", ("left out",)),
    Mistake("draft of a stream", stream(state=StartState.DRAFT), "state", ("batch", "disabled")),
    # name
    Mistake("name taken", files(name="Loyalty members nightly"), "name", ("has this name", "choose another")),
]


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
    assert len(WRONG) >= 40
    assert len({mistake.what for mistake in WRONG}) == len(WRONG)
    assert len({mistake.field for mistake in WRONG}) >= 30
