"""Each kind of pipeline as somebody's wish, and what has to be in the emulator in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aep_flow_mcp.pipelines import wellknown
from tools.pipeline_talks import REFERENCE, Person

START = "2026-03-03T02:00:00Z"
S3_SOURCE = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
LAKE_SOURCE, LAKE, ZONE_SOURCE, ZONE_TARGET = (
    wellknown.DATA_LAKE_SOURCE, wellknown.DATA_LAKE, wellknown.LANDING_ZONE_SOURCE, wellknown.LANDING_ZONE_TARGET,
)  # fmt: skip
FILES, TABLES = wellknown.FLOW_FILES_TO_LAKE, wellknown.FLOW_TABLES_TO_LAKE
DAILY = {"startTime": 1772503200, "frequency": "day", "interval": 1}
ID_FIELD = [{"source": "id", "target": "_id"}]


@dataclass(frozen=True)
class Recipe:
    """A person, and what there has to be in the end. `params`: of the connector's own end."""

    what: str
    person: Person
    recipe: str
    ends: tuple[str, str]
    flow_spec: str | None
    params: dict[str, Any] | None
    schedule: dict[str, Any] | None = None
    maps: bool = True
    account: bool = False
    runs: bool = True
    steps: list[str] = field(default_factory=lambda: ["Mapping"])


RECIPES = [
    Recipe(
        "Amazon S3",
        Person(
            "s3",
            {"name": "Loyalty daily", "datasets": ["Loyalty Members"], "every": "daily"},
            {"account": "ingest", "path": "loyalty"},
        ),
        "batch from files",
        (S3_SOURCE, LAKE),
        FILES,
        {"path": "/loyalty/", "type": "folder", "recursive": True},
        DAILY,
    ),
    Recipe(
        "Azure Blob",
        Person("azure blob", {"name": "Stores", "datasets": ["Store Directory"], "every": "day"}),
        "batch from files",
        ("4c10e202-c428-4796-9208-5f1f5732b1cf", LAKE),
        FILES,
        {"path": "/gulf/", "type": "folder", "recursive": True},
        DAILY,
    ),
    Recipe(
        "ADLS Gen2",
        Person(
            "adls gen2",
            {"name": "Calls", "datasets": ["Customer Surveys"], "every": "6 hours"},
            {"fields": [{"source": "CaseNumber", "target": "_id"}]},
        ),
        "batch from files",
        ("b3ba5556-48be-44b7-8b85-ff2b69b46dc4", LAKE),
        FILES,
        None,
        {"startTime": 1772503200, "frequency": "hour", "interval": 6},
    ),
    Recipe(
        "Google Cloud Storage, new account",
        Person(
            "google cloud storage",
            {
                "name": "Scores",
                "datasets": ["Customer Scores"],
                "every": "once",
                "auth_params": {"accessKeyId": REFERENCE, "secretAccessKey": REFERENCE},
            },
            {"path": "scores/", "format": "parquet", "fields": ID_FIELD},
        ),
        "batch from files",
        ("32e8f412-cdf7-464c-9885-78184cb113fd", LAKE),
        FILES,
        {"path": "scores/", "type": "folder", "recursive": False},
        {"startTime": 1772503200, "frequency": "once"},
        account=True,
    ),
    Recipe(
        "SFTP",
        Person(
            "sftp",
            {"name": "Agency points", "datasets": ["Loyalty Members"], "every": "week"},
            {"account": "Loyalty"},
        ),
        "batch from files",
        ("b7bf2577-4520-42c9-bae9-cad01560f7bc", LAKE),
        FILES,
        None,
        {"startTime": 1772503200, "frequency": "week", "interval": 1},
    ),
    Recipe(
        "landing zone to lake",
        Person(
            "landing zone",
            {"name": "Cards", "datasets": ["Gift Card Balances"], "every": "15 minutes"},
            {"path": "giftcards"},
        ),
        "landing zone to data lake",
        (ZONE_SOURCE, LAKE),
        FILES,
        {"path": "dlz-user-container/giftcards/", "type": "folder", "recursive": False},
        {"startTime": 1772503200, "frequency": "minute", "interval": 15},
    ),
    Recipe(
        "Salesforce",
        Person(
            "salesforce",
            {"name": "Accounts", "datasets": ["CRM Contacts"], "every": "2 hours"},
            {"path": "Account", "delta_column": "LastModified"},
        ),
        "batch from a table",
        ("cfc0fee1-7dc0-40ef-b73e-d8b134c436f5", LAKE),
        TABLES,
        None,
        {"startTime": 1772503200, "frequency": "hour", "interval": 2},
        steps=["Copy", "Mapping"],
    ),
    Recipe(
        "PostgreSQL, once",
        Person(
            "postgresql", {"name": "Orders", "datasets": ["Web Orders"], "every": "once"}, {"path": "orders"}
        ),
        "batch from a table",
        ("74a1c565-4e59-48d7-9d67-7c03b8a13137", LAKE),
        TABLES,
        None,
        {"startTime": 1772503200, "frequency": "once"},
    ),
    Recipe(
        "HTTP API, raw and mapped",
        Person(
            "http api",
            {"name": "Shop clicks", "datasets": ["Web Clickstream"], "auth_params": {}, "fields": ID_FIELD},
        ),
        "streaming over HTTP",
        (wellknown.HTTP_API, LAKE),
        wellknown.FLOW_STREAM_MAPPED,
        None,
        account=True,
        runs=False,
    ),
    Recipe(
        "HTTP API, XDM",
        Person(
            "http api",
            {"name": "App events", "datasets": ["Web Clickstream"], "auth_params": {}},
            {"auth_params.dataType": "xdm"},
        ),
        "streaming over HTTP",
        (wellknown.HTTP_API, LAKE),
        wellknown.FLOW_STREAM_XDM,
        None,
        maps=False,
        account=True,
        runs=False,
        steps=[],
    ),
    Recipe(
        "lake to landing zone",
        Person(
            "landing zone",
            {
                "direction": "export",
                "name": "Orders out",
                "datasets": ["Web Orders", "Products"],
                "path": "exports/orders",
            },
            {"every": "6 hours"},
        ),
        "data lake to landing zone",
        (LAKE_SOURCE, ZONE_TARGET),
        wellknown.FLOW_DATASET_TO_LANDING_ZONE,
        None,
        maps=False,
        steps=[],
    ),
    Recipe(
        "export to S3",
        Person(
            "s3",
            {"direction": "export", "name": "Orders to BI", "datasets": ["Web Orders"], "format": "parquet"},
            {"path": "lake/orders", "params.bucketName": "brightfjord-bi", "every": "1 day"},
        ),
        "dataset export",
        (LAKE_SOURCE, wellknown.S3_TARGET),
        "269ba276-16fc-47db-92b0-c1049a3c131f",
        {
            "bucketName": "brightfjord-bi",
            "path": "lake/orders",
            "mode": "Server-to-server",
            "compression": "GZIP",
            "datasetFileType": "PARQUET",
        },
        maps=False,
        steps=[],
    ),
    Recipe(
        "general: event hub",
        Person(
            "event hubs",
            {"name": "Footfall", "datasets": ["Store Footfall"]},
            {
                "params.eventHubName": "footfall",
                "params.dataType": "raw",
                "fields": [{"source": "visitors", "target": "_brightfjord.sensor.visitors"}],
            },
        ),
        "general",
        ("bf9f5905-92b7-48bf-bf20-455bc6b60a4e", LAKE),
        None,
        {"eventHubName": "footfall", "dataType": "raw"},
        runs=False,
    ),
    Recipe(
        "general: Zendesk",
        Person(
            "zendesk",
            {
                "name": "Tickets",
                "datasets": ["Support Cases"],
                "auth_params": {"subdomain": "brightfjord", "accessToken": REFERENCE},
            },
            {"every": "1 day", "fields": ID_FIELD},
        ),
        "general",
        ("0a27232b-2c6e-4396-b8c6-c9fc24e37ba4", LAKE),
        None,
        None,
        DAILY,
        account=True,
    ),
]
S3, GOOGLE, TO_ZONE = RECIPES[0], RECIPES[3], RECIPES[10]
