"""Real arguments for every tool that writes, against the seeded organisation."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS

SANDBOX = "dev"
S3_SOURCE = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
S3_TARGET = "4fce964d-3f37-408f-9778-e597338a21ee"
HTTP_API = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb"
LANDING_ZONE_SOURCE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
LANDING_ZONE_TARGET = "10440537-2a7b-4583-ac39-ed38d4b848e8"
DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
DATA_LAKE_SOURCE = "23598e46-f560-407b-88d5-ea6207e49db0"
CLOUD_STORAGE = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"

PROVIDERS_ONLY = {
    "create_connection_spec",
    "update_connection_spec",
    "create_flow_spec",
    "update_flow_spec",
    "update_run",
}
"""The service refuses these to ordinary credentials; they must reach it all the same."""


_TILL_REFUNDS = """\
pipeline: Till refunds
connector: Amazon S3
account: Brightfjord ingest bucket
source: {path: /refunds/, type: folder}
format: delimited
dataset: Loyalty Members
mapping:
  - {source: refund_id, field: _id}
schedule: {every: 6 hours, start: "2036-04-01T00:00:00Z"}
"""


class World:
    """Ids of the organisation that fit the tools' arguments, with a few objects added that it lacks."""

    def __init__(self, emulator: Emulator, now: datetime) -> None:
        self.emulator = emulator
        self.now = now

    def all(self, kind: str) -> list[dict[str, Any]]:
        return self.emulator.store.all(SANDBOX, kind)

    def get(self, kind: str, object_id: str) -> dict[str, Any]:
        found = self.emulator.store.get(SANDBOX, kind, object_id)
        assert found is not None
        return found

    def first(self, kind: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        return next(item for item in self.all(kind) if fits(item))

    def of_spec(self, kind: str, spec_id: str) -> dict[str, Any]:
        return self.first(kind, lambda item: item["connectionSpec"]["id"] == spec_id)

    def copy(self, kind: str, like: dict[str, Any], **changed: Any) -> str:
        """A further object like another one, which nothing uses."""
        number = len(self.all(kind))
        item = {**copy.deepcopy(like), "id": f"00000000-0000-4000-8000-{number:012d}", **changed}
        self.emulator.store.put(SANDBOX, kind, item)
        return str(item["id"])

    def flow(self, story: str) -> dict[str, Any]:
        return self.get("flows", SCENARIOS[story])

    def ends(self, flow: dict[str, Any]) -> dict[str, str]:
        return {
            "source_connection_id": flow["sourceConnectionIds"][0],
            "target_connection_id": flow["targetConnectionIds"][0],
        }

    def mapping_of(self, flow: dict[str, Any]) -> str:
        step = next(step for step in flow["transformations"] if step["name"] == "Mapping")
        return str(step["params"]["mappingId"])

    @property
    def dataset(self) -> str:
        return SCENARIOS["dataset_fed_by_several"]

    @property
    def soon(self) -> str:
        # The server compares with the real clock, the emulator with its own: later than both.
        return str(int((max(self.now, datetime.now(self.now.tzinfo)) + timedelta(days=2)).timestamp()))

    @property
    def zone_account(self) -> str:
        return self.copy(
            "connections",
            {**self.get("connections", SCENARIOS["unused_account"])},
            connectionSpec={"id": LANDING_ZONE_TARGET, "version": "1.0"},
            auth=None,
        )

    def zone_flow(self) -> dict[str, Any]:
        """A flow that reads from the landing zone."""
        sources = {
            item["id"]
            for item in self.all("sourceConnections")
            if item["connectionSpec"]["id"] == LANDING_ZONE_SOURCE
        }
        return self.first(
            "flows", lambda flow: flow["sourceConnectionIds"][0] in sources and bool(flow["transformations"])
        )

    def zone_flow_ends(self) -> dict[str, str]:
        return self.ends_like(self.zone_flow())

    def export_ends(self) -> dict[str, str]:
        return self.ends_like(self.flow("export_to_landing_zone_ends_soon"))

    def ends_like(self, flow: dict[str, Any]) -> dict[str, str]:
        """Connections like those of a flow, which no flow uses."""
        return {
            "source_connection_id": self.copy(
                "sourceConnections", self.get("sourceConnections", flow["sourceConnectionIds"][0])
            ),
            "target_connection_id": self.copy(
                "targetConnections", self.get("targetConnections", flow["targetConnectionIds"][0])
            ),
        }

    def failed_run(self) -> str:
        flow = SCENARIOS["failed_and_recovered"]
        runs = self.emulator.store.collection(SANDBOX, "runs").where("flowId", flow)
        return str(next(run["id"] for run in runs if run["metrics"]["statusSummary"]["status"] == "failed"))


def _patch(path: str, value: Any, op: str = "replace") -> list[dict[str, Any]]:
    return [{"op": op, "path": path, "value": value}]


def _unused(world: World, kind: str, spec_id: str, **changed: Any) -> str:
    return world.copy(kind, world.of_spec(kind, spec_id), **changed)


CASES: dict[str, Callable[[World], dict[str, Any]]] = {
    "create_connection": lambda w: {
        "name": "Новый счёт",
        "connection_spec_id": S3_SOURCE,
        "auth_spec": "Access Key",
        "auth_params": {"s3AccessKey": "${AEP_SECRET_ID}", "s3SecretKey": "${AEP_SECRET_KEY}"},
    },
    "create_streaming_connection": lambda w: {"name": "clicks", "data_type": "raw"},
    "create_base_connection_s3": lambda w: {
        "name": "export bucket",
        "access_key": "${AEP_SECRET_ID}",
        "secret_key": "${AEP_SECRET_KEY}",
    },
    "create_base_connection_blob": lambda w: {"name": "blob", "connection_string": "${AEP_SECRET_KEY}"},
    "create_base_connection_landing_zone": lambda w: {"name": "zone"},
    "create_profile_connection": lambda w: {"name": "profile"},
    "update_connection": lambda w: {
        "connection_id": SCENARIOS["shared_account"],
        "operations": _patch("/auth/params/s3SecretKey", "${AEP_SECRET_KEY}"),
    },
    "delete_connection": lambda w: {"connection_id": SCENARIOS["unused_account"]},
    "publish_connection": lambda w: {"connection_id": _unused(w, "connections", S3_SOURCE, state="draft")},
    "create_source_connection": lambda w: {
        "name": "orders",
        "connection_spec_id": S3_SOURCE,
        "base_connection_id": SCENARIOS["shared_account"],
        "params": {"path": "/orders/", "type": "folder", "recursive": True},
        "data_format": "delimited",
        "data_properties": {"columnDelimiter": ","},
    },
    "create_source_connection_streaming": lambda w: {
        "name": "clicks",
        "base_connection_id": SCENARIOS["streaming_account"],
    },
    "create_source_connection_landing_zone": lambda w: {
        "name": "zone file",
        "path": w.of_spec("sourceConnections", LANDING_ZONE_SOURCE)["params"]["path"],
    },
    "create_source_connection_data_lake": lambda w: {"name": "lake", "dataset_ids": [w.dataset]},
    "update_source_connection": lambda w: {
        "source_connection_id": w.of_spec("sourceConnections", S3_SOURCE)["id"],
        "operations": _patch("/name", "renamed"),
    },
    "delete_source_connection": lambda w: {
        "source_connection_id": _unused(w, "sourceConnections", S3_SOURCE)
    },
    "publish_source_connection": lambda w: {
        "source_connection_id": _unused(w, "sourceConnections", S3_SOURCE, state="draft")
    },
    "create_target_connection": lambda w: {
        "name": "lake",
        "connection_spec_id": DATA_LAKE,
        "params": {"dataSetId": w.dataset},
        "data_format": "parquet_xdm",
        "schema_id": w.get("dataSets", w.dataset)["schemaRef"]["id"],
    },
    "create_target_connection_data_lake": lambda w: {"name": "lake", "dataset_id": w.dataset},
    "create_target_connection_landing_zone": lambda w: {
        "name": "zone folder",
        "base_connection_id": w.zone_account,
        "path": "out/files",
        "compression": "NONE",
    },
    "create_target_connection_dataset_to_landing_zone": lambda w: {
        "name": "zone folder",
        "base_connection_id": w.zone_account,
        "path": "out/datasets",
    },
    "update_target_connection": lambda w: {
        "target_connection_id": w.of_spec("targetConnections", DATA_LAKE)["id"],
        "operations": _patch("/name", "renamed"),
    },
    "delete_target_connection": lambda w: {
        "target_connection_id": _unused(w, "targetConnections", DATA_LAKE)
    },
    "publish_target_connection": lambda w: {
        "target_connection_id": _unused(w, "targetConnections", DATA_LAKE, state="draft")
    },
    "create_flow": lambda w: {
        "name": "a further flow",
        "flow_spec_id": CLOUD_STORAGE,
        "source_connection_id": _unused(w, "sourceConnections", S3_SOURCE),
        "target_connection_id": w.copy(
            "targetConnections", w.get("targetConnections", w.flow("healthy")["targetConnectionIds"][0])
        ),
        "schedule": {"start_time": w.soon, "frequency": "day", "interval": 1},
        "transformations": [
            {"name": "Mapping", "params": {"mappingId": w.mapping_of(w.flow("healthy")), "mappingVersion": 0}}
        ],
        "options": {"partial_ingestion_percent": 5, "error_diagnostics": True},
    },
    "create_streaming_flow": lambda w: {
        "name": "clicks flow",
        **w.ends(w.flow("streaming_raw")),
        "mapping_id": w.mapping_of(w.flow("streaming_raw")),
    },
    "create_flow_data_lake_to_landing_zone": lambda w: {
        "name": "export",
        **w.export_ends(),
        "start_time": w.soon,
        "every": "6 hours",
    },
    "create_flow_landing_zone_to_data_lake": lambda w: {
        "name": "zone import",
        **w.zone_flow_ends(),
        "start_time": w.soon,
        "frequency": "hour",
        "mapping_id": w.mapping_of(w.zone_flow()),
    },
    "update_flow": lambda w: {
        "flow_id": SCENARIOS["healthy"],
        "operations": _patch("/description", "reviewed", "add"),
    },
    "update_flow_policies": lambda w: {
        "flow_id": SCENARIOS["healthy"],
        "policies": ["/dulepolicy/marketingActions/1234"],
    },
    "update_flow_mapping": lambda w: {
        "flow_id": SCENARIOS["healthy"],
        "mapping_id": w.mapping_of(w.flow("healthy")),
        "mapping_version": _other_version(w),
    },
    "run_flow_action": lambda w: {"flow_id": SCENARIOS["healthy"], "action": "disable"},
    "delete_flow": lambda w: {"flow_id": SCENARIOS["disabled"]},
    "change_pipeline": lambda w: {
        "flow": SCENARIOS["healthy"],
        "every": "6 hours",
        "tolerated_percent": 12,
    },
    "copy_flow": lambda w: {
        "flow": SCENARIOS["healthy"],
        "from_sandbox": SANDBOX,
        "name": "Loyalty once more",
    },
    "delete_pipeline": lambda w: {"flow": SCENARIOS["disabled"]},
    "create_run": lambda w: {
        "flow_id": SCENARIOS["once"],
        "window_start": (w.now - timedelta(days=1)).isoformat(),
        "window_end": w.now.isoformat(),
    },
    "retry_run": lambda w: {"run_id": w.failed_run()},
    "update_run": lambda w: {"run_id": w.failed_run(), "body": {"metrics": {}}},
    "create_connection_spec": lambda w: {"name": "own", "provider_id": "p", "body": {"version": "1.0"}},
    "update_connection_spec": lambda w: {
        "connection_spec_id": S3_SOURCE,
        "name": "own",
        "provider_id": "p",
        "body": {"version": "1.0"},
    },
    "create_flow_spec": lambda w: {"name": "own", "provider_id": "p", "body": {"version": "1.0"}},
    "update_flow_spec": lambda w: {
        "flow_spec_id": CLOUD_STORAGE,
        "name": "own",
        "provider_id": "p",
        "body": {"version": "1.0"},
    },
    "refresh_landing_zone_credential": lambda w: {},
    "create_pipeline": lambda w: {
        "name": "Loyalty again",
        "connector": S3_SOURCE,
        "auth_params": {"s3AccessKey": "${AEP_SECRET_ID}", "s3SecretKey": "${AEP_SECRET_KEY}"},
        "path": "/loyalty/members/",
        "format": "csv",
        "datasets": [w.get("dataSets", w.dataset)["name"]],
        "fields": [{"source": "member_no", "target": "_id"}],
        "every": "day",
        "start_time": w.soon,
        "state": "disabled",
    },
    "apply_changes": lambda w: {"documents": _TILL_REFUNDS},
    "export_dataset_to_landing_zone": lambda w: {
        "name": "members out",
        "dataset_ids": [w.dataset],
        "path": "out/members",
        "start_time": w.soon,
    },
}


def _other_version(world: World) -> int:
    """A version of the mapping set that the flow does not use yet: the set gets one more."""
    mapping_id = world.mapping_of(world.flow("healthy"))
    mapping = copy.deepcopy(world.get("mappingSets", mapping_id))
    mapping["version"] = int(mapping["version"]) + 1
    world.emulator.store.put(SANDBOX, "mappingSets", mapping)
    return int(mapping["version"])
