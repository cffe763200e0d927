"""Bodies as Adobe's pages send them, against specs as pages print them, rebuilt small: none of them is refused."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from aep_flow_mcp.pipelines.checks.connections import check_auth, check_source, check_target
from aep_flow_mcp.pipelines.checks.flows import check_flow
from aep_flow_mcp.pipelines.checks.outcome import Checked
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec

TEXT, INTEGER, BOOLEAN = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
LAKE, PROFILES = "c604ff05-7f1a-43c0-8e18-33bf874cb11c", "8a9c3494-9708-43d7-ae3f-cda01e5030e1"


def shape(*required: str, **properties: Any) -> dict[str, Any]:
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": properties,
        "required": list(required),
    }


PERIODIC = {
    **shape(
        "startTime",
        "frequency",
        startTime=INTEGER,
        frequency={**TEXT, "enum": ["once", "minute", "hour", "day", "week"]},
        interval=INTEGER,
        backfill={**BOOLEAN, "default": True},
    ),
    "if": {"properties": {"frequency": {"const": "once"}}},
    "then": {"allOf": [{"not": {"required": ["interval"]}}, {"not": {"required": ["backfill"]}}]},
    "else": {
        "required": ["interval"],
        "if": {"properties": {"frequency": {"const": "minute"}}},
        "then": {"properties": {"interval": {"minimum": 15}}},
        "else": {"properties": {"interval": {"minimum": 1}}},
    },
}
COPY = shape("deltaColumn", deltaColumn=shape("name", name=TEXT, dateFormat=TEXT, timezone=TEXT))
MAPPING = shape(mappingId=TEXT, mappingVersion=TEXT)
OPTIONS = shape(
    errorDiagnosticsEnabled=BOOLEAN, partialIngestionPercent={"type": "number", "exclusiveMinimum": 0}
)
BATCH = FlowSpec.model_validate(
    {
        "id": "f",
        "name": "CRMToAEP",
        "sourceConnectionSpecIds": ["one"],
        "targetConnectionSpecIds": [LAKE],
        "optionSpec": {"name": "OptionSpec", "spec": OPTIONS},
        "scheduleSpec": {"name": "PeriodicSchedule", "type": "Periodic", "spec": PERIODIC},
        "transformationSpecs": [{"name": "Copy", "spec": COPY}, {"name": "Mapping", "spec": MAPPING}],
    }
)
STREAM = FlowSpec.model_validate(
    {"id": "s", "name": "Stream", "transformationSpecs": [{"name": "Mapping", "spec": shape(mappingId=TEXT)}]}
)


class Flow(NamedTuple):
    """A flow's body as a page sends it, and what of it is sent otherwise than it was given."""

    page: str
    schedule: dict[str, Any] | None = None
    steps: tuple[dict[str, Any], ...] = ()
    options: dict[str, Any] | None = None
    spec: FlowSpec = BATCH
    sent: dict[str, Any] | None = None


MAPPED = {"name": "Mapping", "params": {"mappingId": "m", "mappingVersion": 0}}
DELTA = {
    "name": "Copy",
    "params": {"deltaColumn": {"name": "d", "dateFormat": "YYYY-MM-DD", "timezone": "UTC"}},
}
FLOWS = [
    Flow(
        "collect/crm.md",
        {"startTime": "1567411548", "frequency": "minute", "interval": "30"},
        (DELTA, MAPPED),
        sent={"startTime": 1567411548, "interval": 30},
    ),
    Flow(
        "collect/database-nosql.md",
        {"startTime": "1612310466", "frequency": "minute", "interval": "15", "backfill": "true"},
        sent={"backfill": True},
    ),
    Flow(
        "collect/marketing-automation.md",
        {"startTime": "1591043454", "frequency": "once", "interval": "15"},
        (DELTA,),
    ),
    Flow("collect/cloud-storage.md", {"startTime": "1597784298", "frequency": "once"}, (MAPPED,)),
    Flow(
        "encrypt-data.md",
        {"startTime": "1675793392", "frequency": "once"},
        (MAPPED, {"name": "Encryption", "params": {"publicKeyId": "k", "signVerificationKeyId": "s"}}),
    ),
    Flow("filter.md", {"startTime": 1700202649, "frequency": "once"}, (), {"isSampleDataflow": False}),
    Flow("collect/streaming.md", None, (MAPPED,), spec=STREAM),
    Flow("aepp streams", {"startTime": 1, "frequency": "minute", "interval": "15"}, (MAPPED,), spec=STREAM),
]


@pytest.mark.parametrize("flow", FLOWS, ids=[flow.page for flow in FLOWS])
def test_a_flow_of_a_page_is_sent(flow: Flow) -> None:
    checked = check_flow(
        flow.spec,
        source_spec_id="another",
        target_spec_id="yet another",
        schedule=flow.schedule,
        transformations=flow.steps,
        options=flow.options,
        now=0,
    )
    assert checked.problems == ()
    schedule = checked.value["scheduleParams"]
    sent = flow.sent or {}
    assert {name: schedule[name] for name in sent} == sent
    assert len(checked.value["transformations"]) == len(flow.steps)


@pytest.mark.parametrize("draft", [True, False])
def test_a_draft_and_a_flow_of_audiences_need_no_schedule(draft: bool) -> None:
    checked = check_flow(
        BATCH,
        source_spec_id=None if draft else PROFILES,
        target_spec_id=None,
        schedule=None,
        transformations=None,
        options=None,
        now=0,
        draft=draft,
    )
    assert checked.problems == ()


class Login(NamedTuple):
    """A base connection's `auth` as a page sends it, the printed auth specs, and what is sent."""

    page: str
    specs: list[dict[str, Any]]
    auth: dict[str, Any]
    sent: dict[str, Any]


def one(name: str, schema: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"name": name, "spec": schema, **more}]


S3_KEYS = shape(
    "accessKeyId", "secretAccessKey", s3AccessKey=TEXT, s3SecretKey={**TEXT, "format": "password"}
)
LOGINS = [
    Login(
        "s3.md: requires what it does not describe",
        one("Access Key", S3_KEYS),
        {"specName": "Access Key", "params": {"s3AccessKey": "a", "s3SecretKey": "b"}},
        {"s3AccessKey": "a", "s3SecretKey": "b"},
    ),
    Login(
        "s3.md: another way than the printed one",
        one("Access Key", S3_KEYS),
        {"specName": "IAMRole Based", "params": {"bucketName": "b"}},
        {"bucketName": "b"},
    ),
    Login(
        "sources-sdk: host is required and not described",
        one("OAuth2 Refresh Code", shape("host", "accessToken", accessToken=TEXT)),
        {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "t"}},
        {"accessToken": "t"},
    ),
    Login(
        "mailchimp-members.md: the way is written as its type",
        [
            *one("OAuth2 Refresh Code", shape(), type="OAuth2RefreshCode"),
            *one("Basic Authentication", shape()),
        ],
        {"specName": "oAuth2RefreshCode", "params": {"accessToken": "t"}},
        {"accessToken": "t"},
    ),
    Login(
        "azure-file-storage.md: another case",
        one("Basic Authentication", shape("host", "userid", host=TEXT, userid=TEXT)),
        {"specName": "Basic Authentication", "params": {"host": "h", "userId": "u"}},
        {"host": "h", "userid": "u"},
    ),
    Login(
        "sftp.md: a port as a number",
        one("Basic Authentication for sftp", shape("host", host=TEXT, port=TEXT)),
        {"specName": "Basic Authentication for sftp", "params": {"host": "h", "port": 22}},
        {"host": "h", "port": "22"},
    ),
    Login(
        "mysql.md: a port as text",
        one("Basic Authentication", shape("server", server=TEXT, port=INTEGER, sslMode=BOOLEAN)),
        {"specName": "Basic Authentication", "params": {"server": "s", "port": "3306", "sslMode": "false"}},
        {"server": "s", "port": 3306, "sslMode": False},
    ),
    Login(
        "api-migration-guide: a name that no spec lists",
        one("Access Key", shape("s3AccessKey", s3AccessKey=TEXT)),
        {"specName": "Access Key", "params": {"s3AccessKey": "a", "authorizedDate": "2022-10-26"}},
        {"s3AccessKey": "a", "authorizedDate": "2022-10-26"},
    ),
    Login(
        "bigquery: a type beside the name",
        one("Basic Authentication", shape(project=TEXT)),
        {"specName": "Basic Authentication", "type": "OAuth2.0", "params": {"project": "p"}},
        {"project": "p"},
    ),
]


@pytest.mark.parametrize("login", LOGINS, ids=[login.page for login in LOGINS])
def test_a_login_of_a_page_is_sent(login: Login) -> None:
    spec = ConnectionSpec.model_validate({"id": "c", "name": "n", "authSpec": login.specs})
    checked = check_auth(spec, login.auth)
    assert checked.problems == ()
    assert checked.value["params"] == login.sent
    assert {name: type(value) for name, value in checked.value["params"].items()} == {
        name: type(value) for name, value in login.sent.items()
    }
    assert set(checked.value) == set(login.auth)


def test_source_and_target_connections_of_pages_are_sent() -> None:
    files = ConnectionSpec.model_validate(
        {
            "id": "c",
            "name": "n",
            "authSpec": [],
            "sourceSpec": {"spec": shape("path", path=TEXT, recursive=BOOLEAN)},
        }
    )
    recursive = check_source(files, params={"path": "some/path", "recursive": "true"}, has_base=True)
    assert recursive == Checked({"path": "some/path", "recursive": True}, (), recursive.notes)
    rows = {"path": "p", "filters": {"type": "PQL", "value": {"nodeType": "literal"}}, "selector": {"a": [1]}}
    assert check_source(files, params=rows, has_base=True).value == rows
    as_target = check_target(files, params={"dataSetId": "{ID}"})
    assert (as_target.problems, as_target.value) == ((), {"dataSetId": "{ID}"})
    profiles = ConnectionSpec.model_validate({"id": PROFILES, "name": "profiles", "authSpec": []})
    assert check_source(profiles, params=None, has_base=True) == Checked()
