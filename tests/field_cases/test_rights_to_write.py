"""What a write planner may not read is said in the preview; the service decides, and is sent what was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.settings import ApprovalMode
from field_cases.conftest import Ask, Told
from field_cases.test_rights import first, shut
from support.overlay import Overlay

NIGHTLY = "62d2e9d5-40d3-492e-95e4-e48928bd9536"
SOURCE, TARGET = "86ae933d-e384-4416-9828-693ebb93874c", "683cc7b6-4a80-4e53-a463-beed9f05de3d"
FILES = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
S3_SOURCE = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
S3_TARGET = wellknown.S3_TARGET
STAYS = {"start_time": "2026-03-03T00:00Z", "frequency": "day", "interval": 1}
NOBODY_ASKED = emulator_settings().model_copy(update={"mcp_approval": ApprovalMode.NONE})
REFUSED = [403, 500]
HIDDEN = [*REFUSED, 404]
"""Of what is there for sure, a 404 says no more than that it is not shown."""


def previewed(told: Told, *sentences: str) -> str:
    """The preview, with these sentences, of something that was not sent."""
    assert told.structured["status"] == "needs_confirmation", told.text
    preview: str = str(told.structured["preview"])
    for sentence in sentences:
        assert sentence in preview
    writes = [
        request.method
        for request in told.sent
        if "/flowservice/" in request.url.path and request.method != "GET"
    ]
    assert not writes
    return preview


async def mapping_of(ask: Ask) -> str:
    [row] = [
        row
        for row in (await ask("list_mapping_sets", {"limit": 100})).structured["items"]
        if "Loyalty members nightly" in (row.get("flows") or ())
    ]
    return str(row["id"])


@pytest.mark.parametrize("status", HIDDEN)
async def test_a_flow_whose_spec_is_hidden_is_changed(ask: Ask, status: int) -> None:
    operations = [{"op": "replace", "path": "/scheduleParams/interval", "value": 2}]
    told = await ask(
        "update_flow",
        {"flow_id": NIGHTLY, "operations": operations},
        shut("flowservice/flowSpecs", status=status),
        NOBODY_ASKED,
    )
    assert told.structured["status"] == "done", told.text
    flow = next(item for item in told.emulator.store.all("dev", "flows") if item["id"] == NIGHTLY)
    assert flow["scheduleParams"]["interval"] == 2


@pytest.mark.parametrize("status", HIDDEN)
async def test_a_mapping_is_changed_without_its_target_and_its_set(ask: Ask, status: int) -> None:
    mapping = await mapping_of(ask)
    arguments = {"flow_id": NIGHTLY, "mapping_id": mapping, "mapping_version": 7}
    hidden = shut(
        "conversion/mappingSets", "flowservice/targetConnections", "flowservice/flowSpecs", status=status
    )
    preview = previewed(
        await ask("update_flow_mapping", arguments, hidden),
        "The target connection could not be read",
        f"The mapping set {mapping} could not be read, so whether it fits the target was not checked",
        "Its spec could not be read",
        f"answered {status}",
    )
    assert "7" in preview
    latest = await ask("update_flow_mapping", {"flow_id": NIGHTLY, "mapping_id": mapping}, hidden)
    assert latest.is_error
    assert "mapping_version: give it" in latest.text


async def test_a_version_that_is_not_there_is_still_told(ask: Ask) -> None:
    mapping = await mapping_of(ask)
    arguments = {"flow_id": NIGHTLY, "mapping_id": mapping, "mapping_version": 999}
    hidden = shut(rf"conversion/mappingSets/{mapping}/[^?]*999", rf"conversion/mappingSets/{mapping}\?.*999")
    missing = Overlay(rules=tuple(_with(rule, status=404) for rule in hidden.rules))
    told = await ask("update_flow_mapping", arguments, missing)
    assert told.is_error
    assert f"there is no mapping set {mapping} in version 999" in told.text


def _with(rule: Any, **more: Any) -> Any:
    return type(rule)(**{**vars(rule), **more})


@pytest.mark.parametrize("status", REFUSED)
@pytest.mark.parametrize(
    ("tool", "arguments", "paths", "sentences"),
    [
        (
            "create_flow",
            {
                "name": "n",
                "flow_spec_id": FILES,
                "source_connection_id": SOURCE,
                "target_connection_id": TARGET,
                "schedule": STAYS,
            },
            ("flowservice/flowSpecs", "flowservice/sourceConnections", "flowservice/targetConnections"),
            (
                f"The flow spec {FILES} could not",
                "The source connection could not",
                "The target connection could",
            ),
        ),
        (
            "create_connection",
            {
                "name": "n",
                "connection_spec_id": S3_SOURCE,
                "auth_spec": "Access Key",
                "auth_params": {"s3AccessKey": "${AEP_SECRET_A}"},
            },
            ("flowservice/connectionSpecs",),
            (f"The connection spec {S3_SOURCE} could not", "the service decides alone", "s3AccessKey"),
        ),
        (
            "create_source_connection",
            {
                "name": "n",
                "connection_spec_id": S3_SOURCE,
                "base_connection_id": "ACCOUNT",
                "params": {"path": "/in/"},
            },
            ("flowservice/connectionSpecs", "flowservice/connections"),
            ("The connection spec", "The account", "whether it fits was not checked", "/in/"),
        ),
        (
            "create_source_connection_data_lake",
            {"name": "n", "dataset_ids": ["0123456789abcdef01234567"]},
            ("catalog/dataSets",),
            ("The datasets could not be read, so whether they are there was not checked",),
        ),
        (
            "create_target_connection_data_lake",
            {
                "name": "n",
                "dataset_id": "0123456789abcdef01234567",
                "schema_id": "https://ns.adobe.com/x/schemas/y",
            },
            ("catalog/dataSets",),
            ("its schema is not known",),
        ),
        (
            "export_dataset_to_landing_zone",
            {
                "name": "n",
                "dataset_ids": ["0123456789abcdef01234567"],
                "path": "out",
                "start_time": "2026-03-03T00:00Z",
            },
            ("flowservice/connectionSpecs", "flowservice/flowSpecs"),
            ("The datasets that can be exported could not be read", "The flow spec", "The connection spec"),
        ),
        (
            "update_source_connection",
            {
                "source_connection_id": SOURCE,
                "operations": [{"op": "replace", "path": "/params/path", "value": "/new/"}],
            },
            ("flowservice/connectionSpecs", "flowservice/flows"),
            (
                "Its spec could not be read",
                "The flows could not be read, so what uses this is not known",
                "/new/",
            ),
        ),
        (
            "update_connection",
            {
                "connection_id": "ACCOUNT",
                "operations": [
                    {"op": "replace", "path": "/auth/params/s3SecretKey", "value": "${AEP_SECRET_A}"}
                ],
            },
            ("flowservice/connectionSpecs", "flowservice/flows", "flowservice/targetConnections"),
            ("Its spec could not be read", "The flows could not", "The target connections could not"),
        ),
    ],
)
async def test_it_is_planned_all_the_same(
    ask: Ask,
    tool: str,
    arguments: dict[str, Any],
    paths: tuple[str, ...],
    sentences: tuple[str, ...],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AEP_SECRET_A", "not-told-to-anybody")
    account = (await first(ask, "list_connections", connection_spec_id=S3_SOURCE))["id"]
    given = {name: account if value == "ACCOUNT" else value for name, value in arguments.items()}
    told = await ask(tool, given, shut(*paths, status=status))
    assert "not-told-to-anybody" not in previewed(told, *sentences, f"answered {status}")


@pytest.mark.parametrize(
    ("tool", "id_name", "id"),
    [
        ("delete_source_connection", "source_connection_id", SOURCE),
        ("delete_target_connection", "target_connection_id", TARGET),
        ("delete_connection", "connection_id", None),
    ],
)
async def test_nothing_is_deleted_unseen_unless_that_is_said(
    ask: Ask, tool: str, id_name: str, id: str | None
) -> None:
    """The service deletes without asking who uses it."""
    closed = shut(
        "flowservice/flows", "flowservice/sourceConnections(?!/)", "flowservice/targetConnections(?!/)"
    )
    arguments = {id_name: id or (await first(ask, "list_connections"))["id"]}
    told = await ask(tool, arguments, closed)
    assert told.is_error
    assert "The flows could not be read" in told.text
    assert "delete_anyway=true" in told.text
    previewed(await ask(tool, {**arguments, "delete_anyway": True}, closed), "The flows could not be read")


async def test_a_run_is_repeated_though_its_flow_is_hidden(ask: Ask) -> None:
    run = (await ask("list_runs", {"status": "failed", "limit": 1})).structured["items"][0]
    previewed(
        await ask("retry_run", {"run_id": run["id"]}, shut("flowservice/flows")),
        "Its flow could not be read, so its state was not checked",
    )


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        (
            "create_connection",
            {"name": "n", "connector": "no-such"},
            "is the name or id of no connector",
        ),
        (
            "create_flow",
            {
                "name": "n",
                "flow_spec_id": FILES,
                "source_connection_id": "no-such",
                "target_connection_id": TARGET,
            },
            "there is no source connection no-such",
        ),
    ],
)
async def test_an_id_that_the_caller_names_and_that_is_not_there(
    ask: Ask, tool: str, arguments: dict[str, Any], says: str
) -> None:
    told = await ask(tool, arguments)
    assert told.is_error
    assert says in told.text


@pytest.mark.parametrize(
    ("status", "paths"), [(401, "flowservice/flowSpecs"), (429, "flowservice/flowSpecs")]
)
async def test_no_answer_about_it_is_no_permission_to_go_on(ask: Ask, status: int, paths: str) -> None:
    operations = [{"op": "replace", "path": "/scheduleParams/interval", "value": 2}]
    told = await ask(
        "update_flow", {"flow_id": NIGHTLY, "operations": operations}, shut(paths, status=status)
    )
    assert told.is_error
    assert str(status) in told.text


async def test_a_pipeline_tells_the_person_what_was_not_checked(ask: Ask) -> None:
    """Its account, whether the name is taken, and the exportable datasets may not be read: the service decides."""
    account = (await first(ask, "list_connections", connection_spec_id=S3_TARGET))["id"]
    wish = {
        "direction": "export",
        "connector": S3_TARGET,
        "account": account,
        "datasets": ["0123456789abcdef01234567"],
        "name": "n",
        "every": "day",
        "start_time": "2026-03-03T00:00Z",
        "path": "out",
        "params": {"bucketName": "bucket"},
        "format": "json",
    }
    closed = shut(
        "flowservice/connections",
        "flowservice/flows",
        "catalog/dataSets",
        "flowservice/connectionSpecs/[^?]*configs",
    )
    plan = await ask("plan_pipeline", wish, closed)
    assert plan.structured["ready"], plan.text
    previewed(
        await ask("create_pipeline", wish, closed),
        f"it was not checked: the account {account} (permission)",
        "it was not checked: the dataset 0123456789abcdef01234567 (permission)",
        "it was not checked: whether the name is taken (permission)",
        "it was not checked: which datasets can be exported (permission)",
    )
