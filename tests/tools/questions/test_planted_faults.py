"""Faults of many kinds, each put into an emulator of its own: the diagnosis names the right cause first."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from mcp import Client

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.gathering import times
from aep_flow_mcp.server import build_server
from tools.asked import Row, ms
from tools.conftest import NOW

SANDBOX = "dev"
LATER = timedelta(hours=4)
FLOW = SCENARIOS["failed_and_recovered"]
"""Hourly files from an Azure Blob account into Store Transactions; all is well with it."""
TABLE = SCENARIOS["healthy"]


@dataclass
class Patient:
    """One flow of an emulator whose clock the test moves."""

    flow_id: str = FLOW
    now: datetime = NOW
    emulator: Emulator = field(init=False)

    def __post_init__(self) -> None:
        self.emulator = Emulator(EmulatorOptions(clock=lambda: self.now, static_tokens=frozenset({"token"})))
        self.touch()

    def touch(self) -> None:
        """A request: with the first one the emulator's time begins, each one brings it up to the present."""
        options = self.emulator.options
        headers = {
            "authorization": "Bearer token",
            "x-api-key": options.client_id or "",
            "x-gw-ims-org-id": options.org_id or "",
            "x-sandbox-name": SANDBOX,
        }
        assert (
            self.emulator.handle("GET", "/data/foundation/flowservice/flows", "limit=1", headers, b"").status
            == 200
        )

    @property
    def flow(self) -> Row:
        return self.get("flows", self.flow_id)

    def get(self, kind: str, id: str) -> Row:
        found = self.emulator.store.get(SANDBOX, kind, id)
        assert found is not None
        return found

    def change(self, kind: str, id: str, change: Callable[[Row], None], *, key: str | None = None) -> None:
        """Change a stored object behind the API's back."""
        row = deepcopy(self.get(kind, id))
        change(row)
        self.emulator.store.put(SANDBOX, kind, row, id=key)

    def change_flow(self, **values: Any) -> None:
        self.change("flows", self.flow_id, lambda row: row.update(values))

    @property
    def source(self) -> Row:
        return self.get("sourceConnections", self.flow["sourceConnectionIds"][0])

    @property
    def target(self) -> Row:
        return self.get("targetConnections", self.flow["targetConnectionIds"][0])

    @property
    def account(self) -> str:
        return str(self.source["baseConnectionId"])

    @property
    def dataset(self) -> str:
        return str(self.target["params"]["dataSetId"])

    def remove(self, kind: str, id: str) -> None:
        self.emulator.store.remove(SANDBOX, kind, id)

    def runs_since(self, start: datetime) -> list[Row]:
        rows = self.emulator.store.collection(SANDBOX, "runs").where("flowId", self.flow_id)
        return [
            deepcopy(row)
            for row in rows
            if row["metrics"]["durationSummary"].get("startedAtUTC", 0) >= ms(start)
        ]

    def fail_newest(
        self, code: str, message: str, *, number: int = 3, lost: int = 0, detail: bool = False
    ) -> None:
        """Give the newest runs the marks that such a failure leaves in a run."""
        newest = sorted(self.runs_since(NOW - timedelta(days=3)), key=lambda row: -row["createdAt"])[:number]
        assert len(newest) == number
        for row in newest:
            status = "success" if lost else "failed"
            error = {"code": code, "message": message}
            outer = {"code": "CONNECTOR-2001-500", "message": "Records were refused."} if detail else error
            row["metrics"]["statusSummary"] = {"status": status, "errors": [outer]}
            inner: Row = {"status": status, "errors": [outer]}
            if detail:
                inner["extensions"] = {"errors": [error]}
            row["activities"] = [{"id": "promotionActivity", "statusSummary": inner}]
            if lost:
                row["metrics"]["recordSummary"]["failedRecordCount"] = lost
            else:
                row["metrics"]["recordSummary"] = {"inputRecordCount": 0, "outputRecordCount": 0}
            self.emulator.store.put(SANDBOX, "runs", row)

    async def diagnosed(self, monkeypatch: pytest.MonkeyPatch) -> Row:
        """What diagnose_flow answers now."""
        monkeypatch.setattr(times, "now", lambda: self.now)
        server = build_server(
            emulator_settings(), transport=lambda: EmulatorTransport(self.emulator), emulated=True
        )
        async with Client(server) as client:
            result = await client.call_tool("diagnose_flow", {"flow": self.flow_id})
        assert not result.is_error, result.content
        assert result.structured_content is not None
        return dict(result.structured_content)

    def wait(self) -> None:
        """Let time pass: what falls due runs, and fails where it must."""
        self.now = NOW + LATER
        self.touch()


def expired_secret(at: Patient) -> None:
    at.emulator.broken_connections[at.account] = (
        "Server failed to authenticate the request: the SAS token has expired."
    )
    at.wait()


def host_unreachable(at: Patient) -> None:
    at.emulator.broken_connections[at.account] = "The remote name could not be resolved: 'stores.example'"
    at.wait()


def deleted_account(at: Patient) -> None:
    at.remove("connections", at.account)
    at.wait()


def disabled_account(at: Patient) -> None:
    at.change("connections", at.account, lambda row: row.update(state="disabled"))
    at.wait()
    at.fail_newest("CONNECTOR-1001-500", "The copy activity failed.")


def deleted_dataset(at: Patient) -> None:
    at.remove("dataSets", at.dataset)
    at.wait()


def deleted_source_connection(at: Patient) -> None:
    at.remove("sourceConnections", at.source["id"])
    at.wait()


def deleted_target_connection(at: Patient) -> None:
    at.remove("targetConnections", at.target["id"])
    at.wait()


def moved_path(at: Patient) -> None:
    files = at.emulator.store.sandboxes[SANDBOX].files
    tree = files[at.account]
    moved = {name: node for name, node in tree.items() if not name.startswith("/pos/receipts/")}
    assert len(moved) < len(tree)
    files[at.account] = moved
    at.wait()
    at.fail_newest("CONNECTOR-1001-500", "Reading failed.")


def schema_changed(at: Patient) -> None:
    def newer(row: Row) -> None:
        row["schemaRef"]["contentType"] = "application/vnd.adobe.xed-full+json;version=7"

    at.change("dataSets", at.dataset, newer, key=at.dataset)
    at.wait()
    at.fail_newest("CONNECTOR-2001-500", "Promotion failed.")


def another_schema(at: Patient) -> None:
    other = next(row["$id"] for row in at.emulator.store.all(SANDBOX, "schemas") if row["title"] == "Product")
    at.change("dataSets", at.dataset, lambda row: row["schemaRef"].update(id=other), key=at.dataset)
    at.wait()
    at.fail_newest("CONNECTOR-2001-500", "Promotion failed.")


def deleted_schema(at: Patient) -> None:
    at.remove("schemas", at.target["data"]["schema"]["id"])
    at.wait()


def mapping_outdated(at: Patient) -> None:
    mapping = at.flow["transformations"][0]["params"]["mappingId"]
    at.change("mappingSets", mapping, lambda row: row.update(version=int(row["version"]) + 2))
    at.wait()
    at.fail_newest("INGEST-1555-400", "A value is absent.", lost=12, detail=True)


def deleted_mapping(at: Patient) -> None:
    at.remove("mappingSets", at.flow["transformations"][0]["params"]["mappingId"])
    at.wait()


def rate_limited(at: Patient) -> None:
    at.wait()
    at.fail_newest("CONNECTOR-1001-500", "503 SlowDown: please reduce your request rate.")


def no_right_to_read(at: Patient) -> None:
    at.wait()
    at.fail_newest(
        "CONNECTOR-1001-500", "AuthorizationPermissionMismatch: this request is not authorized (403)."
    )


def bad_rows(at: Patient) -> None:
    at.wait()
    at.fail_newest("INGEST-1212-400", "17 rows were left out.", lost=17, detail=True)


def mapping_function_fails(at: Patient) -> None:
    at.wait()
    at.fail_newest("MAPPER-3700-400", "to_decimal cannot read 'n/a'.", lost=3, detail=True)


def unreadable_file(at: Patient) -> None:
    at.wait()
    at.fail_newest("118", "CSV without a header row.")


def key_expired(at: Patient) -> None:
    at.wait()
    at.fail_newest("CONNECTOR-1310-400", "The key cannot be used any more.")


def disabled_flow(at: Patient) -> None:
    at.change_flow(state="disabled")
    at.wait()


def schedule_ended(at: Patient) -> None:
    ended = {**at.flow["scheduleParams"], "endTime": ms(NOW - timedelta(days=1)) // 1000}
    at.change_flow(scheduleParams=ended)


def schedule_in_future(at: Patient) -> None:
    later = {**at.flow["scheduleParams"], "startTime": ms(NOW + timedelta(days=2)) // 1000}
    at.change_flow(scheduleParams=later)


def failed_change(at: Patient) -> None:
    error = {"code": "FLOW-1412-400", "message": "The mapping version is wrong."}
    status = {"value": "failed", "errors": [error]}
    at.change_flow(lastOperation={"operation": "update", "updated": ms(NOW), "status": status})


def nothing_new(at: Patient) -> None:
    for row in at.runs_since(NOW - timedelta(days=1)):
        row["metrics"]["recordSummary"] = {
            "inputRecordCount": 0,
            "outputRecordCount": 0,
            "failedRecordCount": 0,
        }
        row["metrics"]["fileSummary"] = {"inputFileCount": 0, "outputFileCount": 0}
        at.emulator.store.put(SANDBOX, "runs", row)


def stuck(at: Patient) -> None:
    newest = max(at.runs_since(NOW - timedelta(days=1)), key=lambda row: row["createdAt"])
    began = ms(NOW - timedelta(hours=9))
    newest["createdAt"] = began
    newest["metrics"] = {
        "durationSummary": {"startedAtUTC": began},
        "statusSummary": {"status": "inProgress"},
    }
    at.emulator.store.put(SANDBOX, "runs", newest)


PLANTED: dict[Callable[[Patient], None], str] = {
    expired_secret: "credentials_rejected",
    host_unreachable: "source_unreachable",
    deleted_account: "account_not_found",
    disabled_account: "account_disabled",
    deleted_dataset: "dataset_not_found",
    deleted_source_connection: "source_connection_not_found",
    deleted_target_connection: "target_connection_not_found",
    moved_path: "source_path_missing",
    schema_changed: "schema_changed",
    another_schema: "schema_changed",
    deleted_schema: "schema_not_found",
    mapping_outdated: "mapping_outdated",
    deleted_mapping: "mapping_not_found",
    rate_limited: "rate_limited",
    no_right_to_read: "source_permission",
    bad_rows: "bad_rows",
    mapping_function_fails: "mapping_fails_on_rows",
    unreadable_file: "file_unreadable",
    key_expired: "encryption_key",
    disabled_flow: "flow_disabled",
    schedule_ended: "schedule_ended",
    schedule_in_future: "schedule_not_started",
    failed_change: "last_change_failed",
    nothing_new: "no_new_data",
    stuck: "run_does_not_end",
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
async def test_the_planted_fault_is_named_first(
    plant: Callable[[Patient], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = Patient()
    plant(patient)
    found = await patient.diagnosed(monkeypatch)
    assert found["cause"] == PLANTED[plant], found
    assert found["evidence"]
    assert found["fix"]


async def test_the_same_flow_without_a_fault_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    patient = Patient()
    patient.wait()
    found = await patient.diagnosed(monkeypatch)
    assert found["cause"] == "nothing_wrong_found"
    assert {check["result"] for check in found["checks"]} == {"ok"}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("CONNECTOR-1001-500", "The copy activity failed."),
        ("CONNECTOR-2001-500", "Job 0x80004005 ended."),
        ("XYZ-1234-500", "The operation was cancelled."),
    ],
)
async def test_what_nothing_explains_is_unknown(
    code: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = Patient()
    patient.wait()
    patient.fail_newest(code, message)
    found = await patient.diagnosed(monkeypatch)
    assert found["cause"] == "unknown"
    assert any(message in line for line in found["evidence"])
    assert found["next_step"]["tool"] == "get_run"


async def test_a_fault_that_is_over_is_called_over(monkeypatch: pytest.MonkeyPatch) -> None:
    patient = Patient()
    patient.emulator.broken_connections[patient.account] = "The SAS token has expired."
    patient.now = NOW + timedelta(hours=3, minutes=30)
    assert (await patient.diagnosed(monkeypatch))["cause"] == "credentials_rejected"
    patient.emulator.broken_connections.clear()
    patient.now = NOW + timedelta(hours=6, minutes=30)
    over = await patient.diagnosed(monkeypatch)
    assert over["cause"] == "failed_before_but_recovered"
    assert over["runs"].count("failed") == 1


async def test_no_rights_to_look_is_not_a_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that may not be read, and services that don't answer, are told but blamed for nothing."""
    from aep_flow_mcp.emulator import FaultRule

    patient = Patient()
    patient.wait()
    for route in (
        "/catalog/dataSets",
        "/schemaregistry/",
        "/mappingSets/",
        "/sourceConnections/",
        "/test$",
        "/explore",
    ):
        patient.emulator.faults.add(FaultRule(f"GET .*{route}", "status", status=403))
    found = await patient.diagnosed(monkeypatch)
    assert found["cause"] == "nothing_wrong_found"
    results = {check["part"]: check["result"] for check in found["checks"]}
    assert results["dataset"] == results["schema"] == results["source"] == "no permission"
    assert results["account"].startswith("connection test could not be tried")
