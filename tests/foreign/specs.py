"""The catalogue of a foreign organisation: published connectors and kinds of flows, in their several spellings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from foreign.draw import Draw
from foreign.names import name
from foreign.shapes import ABSENT, flag, one_or_many, put
from foreign.truth import Body, Organisation, Thing

LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
LAKE_OUT = "23598e46-f560-407b-88d5-ea6207e49db0"
PROFILE = "8a9c3494-9708-43d7-ae3f-cda01e5030e1"
DRAFT = "http://json-schema.org/draft-07/schema#"


@dataclass(frozen=True)
class Connector:
    """id, name, auth (name, fields), fields of its source and target parameters."""

    id: str
    name: str
    auth: tuple[str, tuple[str, ...]] | None
    source: tuple[str, ...] | None
    target: tuple[str, ...] | None = None
    frequency: str = "batch"


S3 = Connector(
    "ecadc60c-7455-4d87-84dc-2a0e293d997b",
    "amazon-s3",
    ("Access Key", ("s3AccessKey", "s3SecretKey")),
    ("path", "type", "recursive"),
)
SFTP = Connector(
    "b7bf2577-4520-42c9-bae9-cad01560f7bc",
    "sftp",
    ("Basic Authentication for sftp", ("host", "userName", "password")),
    ("path",),
)
ZONE = Connector("26f526f2-58f4-4712-961d-e41bf1ccc0e8", "landing-zone", None, ("path", "type"))
SALESFORCE = Connector(
    "cfc0fee1-7dc0-40ef-b73e-d8b134c436f5",
    "salesforce",
    ("Basic Authentication", ("username", "password", "securityToken")),
    ("tableName", "columns"),
)
MYSQL = Connector(
    "26d738e0-8963-47ea-aadf-c60de735468a",
    "mysql",
    ("Connection String Based Authentication", ("connectionString",)),
    ("tableName",),
)
HTTP = Connector(
    "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb",
    "Streaming Connection",
    ("Streaming Connection", ("dataType", "sourceId")),
    (),
    frequency="streaming",
)
WEBHOOK = Connector(
    "bdb5b792-451b-42de-acf8-15f3195821de", "generic-streaming", None, ("dataType",), frequency="streaming"
)
REST = Connector(
    "f6c0de0c-0a42-4cd9-9139-8768bf2f1b55",
    "MailChimp Members source",
    ("Basic Authentication", ("host", "username", "password")),
    ("listId",),
)
S3_OUT = Connector(
    "4fce964d-3f37-408f-9778-e597338a21ee", "Amazon S3", ("Access Key", ("s3AccessKey", "s3SecretKey")), None,
    ("bucketName", "path", "fileType", "datasetFileType", "compression", "mode"),
)  # fmt: skip
ZONE_OUT = Connector(
    "10440537-2a7b-4583-ac39-ed38d4b848e8",
    "Data Landing Zone",
    None,
    None,
    ("path", "datasetFileType", "compression", "mode"),
)
CONNECTORS = (
    S3, SFTP, ZONE, SALESFORCE, MYSQL, HTTP, WEBHOOK, REST, S3_OUT, ZONE_OUT,
    Connector(LAKE, "datalake", None, None, ("dataSetId",)),
    Connector(LAKE_OUT, "activation-datalake", None, ("datasets",)),
    Connector(PROFILE, "UPS", None, ()),
)  # fmt: skip


@dataclass(frozen=True)
class FlowKind:
    """id, name, the connectors of its outer side; kind is source, destination or internal."""

    id: str
    name: str
    kind: str
    outer: tuple[Connector, ...]
    steps: tuple[str, ...] = ()
    frequency: str = "batch"
    lists_runs: bool | None = None


FILES = FlowKind(
    "9753525b-82c7-4dce-8a9b-5ccfce2b9876", "CloudStorageToAEP", "source", (S3, SFTP, ZONE), ("Mapping",)
)
TABLES = FlowKind(
    "14518937-270c-4525-bdec-c2ba7cce3860", "CRMToAEP", "source", (SALESFORCE, MYSQL), ("Copy", "Mapping")
)
STREAM = FlowKind(
    "c1a19761-d2c7-4702-b9fa-fe91f0613e81",
    "Steam data with transformation",
    "source",
    (HTTP,),
    ("Mapping",),
    "streaming",
    False,
)
HOOKS = FlowKind(
    "e77fde5a-22a8-11ed-861d-0242ac120002",
    "GenericStreamingAEP",
    "source",
    (WEBHOOK,),
    ("Mapping",),
    "streaming",
    True,
)
RESTS = FlowKind("6499120c-0b15-42dc-936e-847ea3c24d72", "RestStorageToAEP", "source", (REST,), ("Mapping",))
EXPORTS = FlowKind("269ba276-16fc-47db-92b0-c1049a3c131f", "S3 dataset export", "destination", (S3_OUT,))
ZONE_EXPORTS = FlowKind(
    "cd2fc47e-e838-4f38-a581-8fff2f99b63a", "Landing zone dataset export", "destination", (ZONE_OUT,)
)
ACTIVATION = FlowKind(
    "1a0514a6-33d4-4c7f-aff8-594799c47549",
    "S3 audience export",
    "destination",
    (S3_OUT,),
    ("GeneralTransform",),
)
INTERNAL = FlowKind("0f1c1e3f-9a44-4b2d-8e0c-3d3a5a5c7711", "DatasetToProfile", "internal", ())
FLOW_KINDS = (FILES, TABLES, STREAM, HOOKS, RESTS, EXPORTS, ZONE_EXPORTS, ACTIVATION, INTERNAL)


def add_specs(draw: Draw, organisation: Organisation) -> None:
    """The specs, a few of them not in the catalogue: an organisation may hold flows of specs it may not see."""
    for connector in CONNECTORS:
        at = draw.at("connectionSpecs", connector.name)
        if not at.chance("missing", 6):
            body = _connection_spec(at, connector)
            organisation.add("connectionSpecs", Thing(connector.id, body, body, name=body.get("name")))
    for kind in FLOW_KINDS:
        at = draw.at("flowSpecs", kind.name)
        if not at.chance("missing", 8):
            body = _flow_spec(at, kind)
            organisation.add("flowSpecs", Thing(kind.id, body, body, name=body.get("name")))


def _connection_spec(draw: Draw, connector: Connector) -> Body:
    body: Body = {"id": connector.id, "name": connector.name, "providerId": _provider(connector)}
    put(body, "version", draw.mostly("specVersion", "1.0", 1.0, ABSENT))
    if connector.auth:
        auth_name, fields = connector.auth
        auth = {"name": auth_name, "type": "KeyBased", "spec": _schema(fields, secret=True)}
        body["authSpec"] = one_or_many(draw, "authSpec", [auth])
    else:
        put(body, "authSpec", draw.mostly("authSpec", ABSENT, [], None))
    if connector.source is not None:
        body["sourceSpec"] = _side(draw.at("source"), connector, connector.source)
    if connector.target is not None:
        body["targetSpec"] = _side(draw.at("target"), connector, connector.target)
    if connector.auth and connector.frequency == "batch":
        put(
            body,
            "exploreSpec",
            draw.mostly("exploreSpec", {"name": "FileSystem", "requestSpec": None}, ABSENT, None, {}),
        )
    if draw.chance("encryptionSpecs", 30):
        body["encryptionSpecs"] = draw.choice(
            "enc", [], None, [{"name": "File PGP/GPG Encryption", "spec": None}]
        )
    attributes: Body = {"category": draw.pick("category", "Cloud Storage", {"key": "cloudStorage"}, None)}
    put(
        attributes, "isSource", draw.mostly("isSource", ABSENT, flag(draw, "f", connector.source is not None))
    )
    if draw.chance("label", 25):
        attributes["uiAttributes"] = {"label": {"value": name(draw, "uiLabel")}}
    put(body, "attributes", draw.mostly("attributes", attributes, ABSENT, None, percent=75))
    put(body, "permissionsInfo", _permissions(draw))
    return body


def _side(draw: Draw, connector: Connector, fields: tuple[str, ...]) -> Any:
    side: Body = {"name": connector.name, "type": connector.name, "spec": _schema(fields)}
    ui = {
        "frequency": {"key": connector.frequency},
        "category": {"key": "cloudStorage"},
        "label": {"key": "x"},
    }
    put(
        side,
        "attributes",
        draw.mostly("sideAttributes", {"uiAttributes": ui}, ABSENT, None, {"uiAttributes": None}),
    )
    return side


def _schema(fields: tuple[str, ...], *, secret: bool = False) -> Body:
    password = {"type": "string", "format": "password"}
    plain = {"type": "string", "description": "what it says"}
    properties = {
        field: password if secret and field not in ("host", "userName", "username") else plain
        for field in fields
    }
    return {"$schema": DRAFT, "type": "object", "properties": properties, "required": list(fields[:1])}


def _flow_spec(draw: Draw, kind: FlowKind) -> Body:
    inside = [connector.id for connector in kind.outer]
    stores = {
        "source": ([*inside], [LAKE]),
        "destination": ([LAKE_OUT, PROFILE], inside),
        "internal": ([LAKE], [PROFILE]),
    }
    sources, targets = stores[kind.kind]
    body: Body = {
        "id": kind.id, "name": kind.name, "providerId": "0ed90a81-07f4-4586-8190-b40eccef1c5a", "version": "1.0",
        "sourceConnectionSpecIds": sources, "targetConnectionSpecIds": targets,
    }  # fmt: skip
    version = draw.choice("mappingVersionType", "string", "integer", "number")
    steps = [{"name": step, "spec": _step(step, version)} for step in kind.steps]
    spelling = draw.pick(
        "transformationsAs", "transformationSpec", "transformationSpecs", "transformationSpecDTOS"
    )
    if steps or draw.chance("noSteps", 50):
        body[spelling] = (
            one_or_many(draw, "transformationSpecs", steps) if steps else draw.choice("none", [], None)
        )
    if kind.frequency == "batch" and not draw.chance("noScheduleSpec", 30):
        body["scheduleSpec"] = {"name": "PeriodicSchedule", "type": "Periodic", "spec": _schedule()}
    if not draw.chance("noOptionSpec", 30):
        options = {
            "errorDiagnosticsEnabled": {"type": "boolean", "default": False},
            "partialIngestionPercent": {"type": "number"},
        }
        body["optionSpec"] = {
            "name": "OptionSpec",
            "spec": {"$schema": DRAFT, "type": "object", "properties": options},
        }
    attributes: Body = {"frequency": kind.frequency, "isSourceFlow": kind.kind == "source"}
    if kind.lists_runs is not None:
        attributes["uiAttributes"] = {"apiFeatures": {"flowRunsSupported": kind.lists_runs}}
    put(
        body,
        "attributes",
        draw.mostly("attributes", attributes, ABSENT, None, {"notification": None}, percent=75),
    )
    put(body, "permissionsInfo", _permissions(draw))
    return body


def _step(step: str, version: str) -> Body:
    if step == "Mapping":
        return {
            "$schema": DRAFT,
            "type": "object",
            "properties": {"mappingId": {"type": "string"}, "mappingVersion": {"type": version}},
        }
    return {"$schema": DRAFT, "type": "object", "properties": {}}


def _schedule() -> Body:
    properties = {
        "startTime": {"type": "integer"},
        "frequency": {"type": "string", "enum": ["once", "minute", "hour", "day", "week"]},
        "interval": {"type": "integer"},
        "backfill": {"type": "boolean", "default": True},
    }
    return {
        "$schema": DRAFT,
        "type": "object",
        "properties": properties,
        "required": ["startTime", "frequency"],
    }


def _permissions(draw: Draw) -> Any:
    one = {"@type": "lowLevel", "name": "EnterpriseSource", "permissions": ["read"]}
    return draw.mostly(
        "permissionsInfo", {"view": [one], "manage": [one]}, {"view": one, "manage": one}, ABSENT, None
    )


def _provider(connector: Connector) -> str:
    if connector.target is not None and connector.id != LAKE:
        return "14e34fac-d307-11e9-bb65-2a2ae2dbcce4"
    return (
        "521eee4d-8cbe-4906-bb48-fb6bd4450033"
        if connector.frequency == "streaming"
        else "0ed90a81-07f4-4586-8190-b40eccef1c5a"
    )
