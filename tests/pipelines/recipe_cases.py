"""Complete wishes, and the flow that each becomes."""

from __future__ import annotations

from typing import Any, NamedTuple

from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.wish import FieldPair, PipelineWish
from pipelines.organisation import CLOCK
from pipelines.wishes import LOYALTY, S3_LOGIN, airship, export, files, from_zone, hub, stream, table, to_zone

DLZ_SOURCE, DLZ_TARGET = wellknown.LANDING_ZONE_SOURCE, wellknown.LANDING_ZONE_TARGET
START = int(CLOCK.timestamp()) + 17 * 3600
DAILY = {"startTime": START, "frequency": "day", "interval": 1}
TWO_HOURS = {"startTime": START, "frequency": "hour", "interval": 2}
CSV = {"format": "delimited", "properties": {"columnDelimiter": ","}}
MAPPED = (FieldPair("id", "_id"),)
FILES, TABLES = wellknown.FLOW_FILES_TO_LAKE, wellknown.FLOW_TABLES_TO_LAKE


class Case(NamedTuple):
    """A wish and what comes of it. `params` and `data` are those of the connector's own end."""

    what: str
    wish: PipelineWish
    recipe: str
    spec_id: str
    flow_spec_id: str
    params: dict[str, Any] | None
    data: dict[str, Any] | None = None
    schedule: dict[str, Any] | None = None
    steps: tuple[str, ...] = ("Mapping",)
    kinds: str = "source target mapping flow"


def new(**changes: Any) -> PipelineWish:
    """The loyalty files of another storage, through a new account."""
    return files(**{"account": None, "path": "/in/members/", "format": "csv", **changes})


def folder(path: str, *, recursive: bool = False) -> dict[str, Any]:
    return {"path": path, "type": "folder", "recursive": recursive}


def exported(**params: Any) -> dict[str, Any]:
    return {"mode": "Server-to-server", "datasetFileType": "PARQUET", "compression": "GZIP", **params}


def every_six_hours(**more: Any) -> dict[str, Any]:
    return {
        "interval": 6,
        "timeUnit": "hour",
        "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
        "startTime": START,
        "endTime": 1798761600,
        "folderNameTemplate": wellknown.EXPORT_FOLDER,
        **more,
    }


ONCE_EXPORTED = {
    "interval": 0,
    "timeUnit": "day",
    "exportMode": "DAILY_FULL_EXPORT",
    "startTime": START,
    "folderNameTemplate": wellknown.EXPORT_FOLDER,
}
WITH_ACCOUNT = "account source target mapping flow"
NO_MAPPING = "source target flow"
SPN = {
    "url": "https://x.example",
    "servicePrincipalId": "a",
    "servicePrincipalKey": "${AEP_SECRET_K}",
    "tenant": "t",
}

CASES = [
    Case(
        "Amazon S3",
        files(),
        "batch from files",
        "ecadc60c-7455-4d87-84dc-2a0e293d997b",
        FILES,
        folder("/loyalty/members/"),
        CSV,
        DAILY,
    ),
    Case(
        "Amazon S3, new account",
        new(auth_params=S3_LOGIN, tolerated_percent=5.0, every="15 minutes", backfill=False),
        "batch from files",
        "ecadc60c-7455-4d87-84dc-2a0e293d997b",
        FILES,
        folder("/in/members/"),
        CSV,
        {"startTime": START, "frequency": "minute", "interval": 15, "backfill": False},
        kinds=WITH_ACCOUNT,
    ),
    Case(
        "Azure Blob",
        new(
            connector="azure blob",
            auth_spec="ConnectionString",
            auth_params={"connectionString": "${AEP_SECRET_B}"},
        ),
        "batch from files",
        "4c10e202-c428-4796-9208-5f1f5732b1cf",
        FILES,
        folder("/in/members/"),
        CSV,
        DAILY,
        kinds=WITH_ACCOUNT,
    ),
    Case(
        "ADLS Gen2",
        new(connector="adls gen2", auth_params=SPN, path="/in/members.json.gz", format=None, every="once"),
        "batch from files",
        "b3ba5556-48be-44b7-8b85-ff2b69b46dc4",
        FILES,
        {"path": "/in/members.json.gz", "type": "file"},
        {"format": "json", "properties": {"compressionType": "gzip"}},
        {"startTime": START, "frequency": "once"},
        kinds=WITH_ACCOUNT,
    ),
    Case(
        "Google Cloud Storage",
        new(
            connector="google cloud storage",
            auth_params={"accessKeyId": "a", "secretAccessKey": "${AEP_SECRET_G}"},
            path="in/members",
            params={"type": "folder", "recursive": True},
            format="parquet",
        ),
        "batch from files",
        "32e8f412-cdf7-464c-9885-78184cb113fd",
        FILES,
        folder("in/members/", recursive=True),
        {"format": "parquet"},
        DAILY,
        kinds=WITH_ACCOUNT,
    ),
    Case(
        "SFTP",
        files(
            connector="sftp",
            account="Loyalty agency SFTP",
            path="/out/enrolments/",
            fields=LOYALTY[:2],
            every="weekly",
        ),
        "batch from files",
        "b7bf2577-4520-42c9-bae9-cad01560f7bc",
        FILES,
        folder("/out/enrolments/"),
        {"format": "delimited", "properties": {"columnDelimiter": ","}},
        {"startTime": START, "frequency": "week", "interval": 1},
    ),
    Case(
        "landing zone to data lake",
        from_zone(),
        "landing zone to data lake",
        DLZ_SOURCE,
        FILES,
        folder("dlz-user-container/giftcards/"),
        CSV,
        DAILY,
    ),
    Case(
        "PostgreSQL",
        table(),
        "batch from a table",
        "74a1c565-4e59-48d7-9d67-7c03b8a13137",
        TABLES,
        {"tableName": "public.orders"},
        {"format": "tabular"},
        TWO_HOURS,
        ("Copy", "Mapping"),
    ),
    Case(
        "Salesforce, once",
        table(
            connector="salesforce",
            account="Salesforce CRM",
            path="Contact",
            delta_column=None,
            every="once",
            datasets=("CRM Contacts",),
            fields=(FieldPair("Email", "personalEmail.address"), FieldPair("Id", "_id")),
        ),
        "batch from a table",
        "cfc0fee1-7dc0-40ef-b73e-d8b134c436f5",
        TABLES,
        {"tableName": "Contact"},
        {"format": "tabular"},
        {"startTime": START, "frequency": "once"},
    ),
    Case(
        "HTTP raw",
        stream(),
        "streaming over HTTP",
        wellknown.HTTP_API,
        wellknown.FLOW_STREAM_MAPPED,
        None,
    ),
    Case(
        "HTTP raw, new inlet",
        stream(account=None, auth_params={}),
        "streaming over HTTP",
        wellknown.HTTP_API,
        wellknown.FLOW_STREAM_MAPPED,
        None,
        kinds=WITH_ACCOUNT,
    ),
    Case(
        "HTTP XDM",
        stream(account="Mobile app collector", fields=()),
        "streaming over HTTP",
        wellknown.HTTP_API,
        wellknown.FLOW_STREAM_XDM,
        None,
        steps=(),
        kinds=NO_MAPPING,
    ),
    Case(
        "export to S3",
        export(),
        "dataset export",
        wellknown.S3_TARGET,
        "269ba276-16fc-47db-92b0-c1049a3c131f",
        exported(bucketName="brightfjord-bi", path="lake/orders"),
        schedule=every_six_hours(),
        steps=(),
        kinds=NO_MAPPING,
    ),
    Case(
        "export to Blob, new account",
        export(
            connector="azure blob",
            account=None,
            auth_params={"connectionString": "${AEP_SECRET_B}"},
            params={"container": "lake"},
            format=None,
            every="1 day",
            end_time=None,
        ),
        "dataset export",
        wellknown.BLOB_TARGET,
        "95bd8965-fc8a-4119-b9c3-944c2c2df6d2",
        exported(container="lake", path="lake/orders", datasetFileType="JSON"),
        schedule={
            name: value
            for name, value in every_six_hours(interval=1, timeUnit="day").items()
            if name != "endTime"
        },
        steps=(),
        kinds="account source target flow",
    ),
    Case(
        "export to SFTP",
        export(
            connector="sftp",
            account="Direct mail house",
            path="/in",
            params={"compression": "NONE"},
        ),
        "dataset export",
        "36965a81-b1c6-401b-99f8-22508f1e6a26",
        "354d6aad-4754-46e4-a576-1b384561c440",
        exported(remotePath="/in", compression="NONE"),
        schedule=every_six_hours(),
        steps=(),
        kinds=NO_MAPPING,
    ),
    Case(
        "data lake to landing zone",
        to_zone(),
        "data lake to landing zone",
        DLZ_TARGET,
        wellknown.FLOW_DATASET_TO_LANDING_ZONE,
        exported(path="exports/orders"),
        schedule=ONCE_EXPORTED,
        steps=(),
        kinds=NO_MAPPING,
    ),
    Case(
        "general: Event Hubs",
        hub(),
        "general",
        "bf9f5905-92b7-48bf-bf20-455bc6b60a4e",
        "d69717ba-71b4-4313-b654-49f9cf126d7a",
        {"eventHubName": "footfall", "dataType": "raw"},
        {"format": "json"},
    ),
    Case(
        "general: Kinesis with XDM, new account",
        hub(
            connector="kinesis",
            account=None,
            auth_params={"accessKeyId": "a", "secretKey": "${AEP_SECRET_K}", "region": "eu-west-1"},
            params={"stream": "s", "dataType": "xdm"},
            fields=(),
        ),
        "general",
        "86043421-563b-46ec-8e6c-e23184711bf6",
        "d69717ba-71b4-4313-b654-49f9cf126d7a",
        {"stream": "s", "dataType": "xdm"},
        {"format": "json"},
        steps=(),
        kinds="account source target flow",
    ),
    Case(
        "general: Snowflake streaming",
        hub(
            connector="snowflake streaming",
            account="Payment events (Snowflake)",
            path="PAYMENT_EVENTS",
            params={"timestampColumn": "BOOKED_AT"},
            datasets=("Web Orders",),
            fields=(FieldPair("upper('x')", "eventType"),),
        ),
        "general",
        "51ae16c2-bdad-42fd-9fce-8d5dfddaf140",
        wellknown.FLOW_STREAM_MAPPED,
        {"tableName": "PAYMENT_EVENTS", "timestampColumn": "BOOKED_AT"},
        {"format": "json"},
    ),
    Case(
        "general: Zendesk",
        table(
            connector="zendesk",
            account=None,
            auth_params={"subdomain": "brightfjord", "accessToken": "${AEP_SECRET_Z}"},
            path=None,
            fields=MAPPED,
            delta_column=None,
        ),
        "general",
        "0a27232b-2c6e-4396-b8c6-c9fc24e37ba4",
        "6499120c-0b15-42dc-936e-847ea3c24d72",
        None,
        {"format": "json"},
        TWO_HOURS,
        ("Mapping",),
        WITH_ACCOUNT,
    ),
    Case(
        "general: Airship",
        airship(),
        "general",
        "34cd3131-b208-474b-b779-b487b5a2bd01",
        "5c1f7f0a-3e0b-4d6e-9b57-2f7d1f2a6e41",
        {"mode": "Server-to-server", "domain": "EU"},
        steps=("GeneralTransform",),
        kinds=NO_MAPPING,
    ),
    Case(
        "general: legacy bucket",
        airship(
            connector="Amazon S3 (legacy)",
            account="Remarketing bucket (legacy)",
            path="exports/x",
            params={"mode": "S3", "bucketName": "bf", "format": "CSV"},
        ),
        "general",
        "4890fc95-5a1f-4983-94bb-e060c08e3f81",
        "71471eba-b620-49e4-90fd-23f1fa0174d8",
        {"mode": "S3", "bucketName": "bf", "format": "CSV", "path": "exports/x"},
        steps=("GeneralTransform",),
        kinds=NO_MAPPING,
    ),
]
