"""A client of the emulator without any I/O, a clock that stands still, and the objects of a small pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from support.organisation import emulator_on_shared_seed

Json = Any
FLOW_SERVICE = "/data/foundation/flowservice"
S3 = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
LANDING_ZONE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
EXPORT_LAKE = "23598e46-f560-407b-88d5-ea6207e49db0"
DLZ_DESTINATION = "10440537-2a7b-4583-ac39-ed38d4b848e8"
POSTGRES = "74a1c565-4e59-48d7-9d67-7c03b8a13137"
STREAMING = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb"
CLOUD_STORAGE_TO_AEP = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
CRM_TO_AEP = "14518937-270c-4525-bdec-c2ba7cce3860"
DLZ_EXPORT = "cd2fc47e-e838-4f38-a581-8fff2f99b63a"
STREAM_MAPPED = "c1a19761-d2c7-4702-b9fa-fe91f0613e81"

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@dataclass
class StillClock:
    """Stands still until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass(frozen=True)
class Reply:
    status: int
    body: Json
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """The code at the end of a problem's type, such as FLOW-1403-400."""
        return str(self.body["type"]).rsplit("/", 1)[-1]


@dataclass
class Api:
    """Calls one emulator as an authorised client would, and tells one answer from another."""

    emulator: Emulator
    clock: StillClock = field(default_factory=StillClock)
    sandbox: str = "dev"
    token: str = "test-token"

    def headers(self) -> dict[str, str]:
        options = self.emulator.options
        return {
            "authorization": f"Bearer {self.token}",
            "x-api-key": options.client_id or "any-client",
            "x-gw-ims-org-id": options.org_id or "any-org",
            "x-sandbox-name": self.sandbox,
        }

    def raw(
        self,
        method: str,
        path: str,
        *,
        query: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str | None] | None = None,
        body: bytes = b"",
    ) -> Reply:
        """`headers` are added to the usual ones; None takes one away. A path may hold its own query."""
        own: dict[str, str] = self.headers()
        for name, value in (headers or {}).items():
            if value is None:
                own.pop(name, None)
            else:
                own[name] = value
        bare, _, inline = path.partition("?")
        text = "&".join(part for part in (inline, urlencode(list(query))) if part)
        delivery = self.emulator.handle(method, bare, text, own, body)
        payload = b"".join(delivery.chunks)
        is_json = delivery.headers.get("content-type") == "application/json"
        return Reply(delivery.status, json.loads(payload) if is_json else None, delivery.headers)

    def call(
        self,
        method: str,
        path: str,
        body: Json = None,
        *,
        query: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str | None] | None = None,
    ) -> Reply:
        """A Flow Service call; `path` is behind its root unless it starts at the host's."""
        full = path if path.startswith(("/data/", "/ims/", "/_emulator/")) else FLOW_SERVICE + path
        extra: dict[str, str | None] = dict(headers or {})
        payload = b""
        if body is not None:
            extra.setdefault("content-type", "application/json")
            payload = json.dumps(body).encode()
        return self.raw(method, full, query=query, headers=extra, body=payload)

    def get(
        self, path: str, *query: tuple[str, str], headers: Mapping[str, str | None] | None = None
    ) -> Reply:
        return self.call("GET", path, query=query, headers=headers)

    def items(self, path: str, *query: tuple[str, str]) -> list[Json]:
        reply = self.get(path, *query)
        assert reply.status == 200, reply
        items: list[Json] = reply.body["items"]
        return items

    def one(self, path: str) -> Json:
        (item,) = self.items(path)
        return item

    def walk(self, path: str, *query: tuple[str, str]) -> list[list[Json]]:
        """Every page of a list, following its links."""
        pages: list[list[Json]] = []
        reply = self.get(path, *query)
        while True:
            assert reply.status == 200, reply
            pages.append(reply.body["items"])
            following = (reply.body.get("_links") or {}).get("next")
            if not following:
                return pages
            reply = self.get(following["href"])

    def create(self, path: str, body: Json) -> Json:
        reply = self.call("POST", path, body)
        assert reply.status == 201, reply
        return reply.body

    def patch(self, path: str, operations: Json, *, etag: str | None = None) -> Reply:
        """PATCH with the object's current ETag unless another one is given."""
        return self.call("PATCH", path, operations, headers={"if-match": etag or self.one(path)["etag"]})

    def named(self, kind: str, name: str) -> Json:
        (item,) = self.items(f"/{kind}", ("property", f'name=="{name}"'))
        return item


def reference(id: str) -> Json:
    return {"id": id, "version": "1.0"}


def s3_account(**changes: Json) -> Json:
    return {
        "name": "Receipts account",
        "connectionSpec": reference(S3),
        "auth": {
            "specName": "Access Key",
            "params": {"s3AccessKey": "AKIAEXAMPLE", "s3SecretKey": "not-a-secret"},
        },
    } | changes


def file_source(base: str, **changes: Json) -> Json:
    return {
        "name": "Receipt files",
        "baseConnectionId": base,
        "connectionSpec": reference(S3),
        "data": {"format": "delimited"},
        "params": {"path": "/receipts/", "type": "folder", "recursive": True},
    } | changes


def lake_target(data_set: str, schema: str, **changes: Json) -> Json:
    return {
        "name": "Receipts in the lake",
        "connectionSpec": reference(DATA_LAKE),
        "data": {"format": "parquet_xdm", "schema": {"id": schema, "version": "1"}},
        "params": {"dataSetId": data_set},
    } | changes


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def hourly(clock: StillClock, **changes: Json) -> Json:
    return {
        "startTime": seconds(clock.now + timedelta(minutes=30)),
        "frequency": "hour",
        "interval": 1,
        "backfill": True,
    } | changes


@dataclass(frozen=True)
class Pipeline:
    """Ids of what a flow needs, and the body that creates it."""

    base: str
    source: str
    target: str
    data_set: str
    schema: str
    mapping: str
    flow: Json


def pipeline(api: Api) -> Pipeline:
    """Everything for a flow of files into a new dataset, up to the flow itself."""
    schema = api.emulator.store.all(api.sandbox, "schemas")[0]["$id"]
    reply = api.call(
        "POST",
        "/data/foundation/catalog/dataSets",
        {"name": "Receipts", "schemaRef": {"id": schema, "contentType": "application/json"}},
    )
    data_set = reply.body[0].removeprefix("@/dataSets/")
    mapping = api.create(
        "/data/foundation/conversion/mappingSets",
        {"outputSchema": {"schemaRef": {"id": schema}}, "mappings": [{"source": "id", "destination": "_id"}]},
    )["id"]
    base = api.create("/connections", s3_account())["id"]
    source = api.create("/sourceConnections", file_source(base))["id"]
    target = api.create("/targetConnections", lake_target(data_set, schema))["id"]
    flow = {
        "name": "Receipts",
        "flowSpec": reference(CLOUD_STORAGE_TO_AEP),
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": [{"name": "Mapping", "params": {"mappingId": mapping, "mappingVersion": 0}}],
        "scheduleParams": hourly(api.clock),
    }
    return Pipeline(base, source, target, data_set, schema, mapping, flow)


def table_pipeline(api: Api) -> Pipeline:
    """The same from a table; its flow has a delta column."""
    files = pipeline(api)
    base = api.create(
        "/connections",
        {
            "name": "Orders database",
            "connectionSpec": reference(POSTGRES),
            "auth": {
                "specName": "Connection String Based Authentication",
                "params": {"connectionString": "not-a-secret"},
            },
        },
    )["id"]
    source = api.create(
        "/sourceConnections",
        {
            "name": "Orders table",
            "baseConnectionId": base,
            "connectionSpec": reference(POSTGRES),
            "data": {"format": "tabular"},
            "params": {"tableName": "public.orders"},
        },
    )["id"]
    copy_step = {"name": "Copy", "params": {"deltaColumn": {"name": "updated_at"}}}
    flow = files.flow | {
        "flowSpec": reference(CRM_TO_AEP),
        "sourceConnectionIds": [source],
        "transformations": [copy_step, *files.flow["transformations"]],
    }
    return Pipeline(base, source, files.target, files.data_set, files.schema, files.mapping, flow)


def written(api: Api) -> dict[str, Json]:
    """All that was written over the seed: equal before and after means that nothing was stored."""
    kinds = api.emulator.store.sandboxes[api.sandbox].kinds
    return {kind: (dict(held.written), set(held.hidden)) for kind, held in kinds.items()}


def make_api(clock: StillClock | None = None, **options: Any) -> Api:
    """A fresh emulator with a clock that stands still, and a client of it."""
    clock = clock or StillClock()
    emulator = emulator_on_shared_seed(
        EmulatorOptions(clock=clock, static_tokens=frozenset({"test-token"}), **options)
    )
    return Api(emulator, clock)
