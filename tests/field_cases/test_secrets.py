"""Credentials where people really put them: shown by no reading, no preview, no error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from field_cases.conftest import Ask
from support.overlay import Overlay, Rule

MARK = "zzMARKzz"
FLOW_SERVICE = "/data/foundation/flowservice"
SPEC, ACCOUNT, SOURCE, TARGET = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "abcd")
AUTH_FIELDS = (
    *(
        "jwt",
        "pass",
        "pat",
        "dsn",
        "url",
        "webhookUrl",
        "cookie",
        "bearer",
        "code",
        "serviceAccountJson",
        "sshKey",
    ),
    *("pwd", "sasKey", "storageKey", "credentials", "zebra"),
)
PARAMS: dict[str, Any] = {
    "headerParams": {
        "X-Auth-Key1": MARK,
        "Ocp-Apim-Subscription-Key": MARK,
        "Authorization": f"Basic {MARK}",
        "Cookie": f"s={MARK}",
        "Accept": "text/csv",
    },
    "urlParams": {"path": f"/a?api_key={MARK}", "queryParams": {"key": MARK, "code": MARK, "page": "1"}},
    "httpEndpoint": f"https://u:{MARK}@hook.example/x?sig={MARK}",
    "headers": f"Authorization:Basic {MARK},x-api-key:{MARK}",
    "queryParameters": f"a=1&api_key={MARK}",
    "listed": [{"name": "x-api-key", "value": MARK}, {"pass": MARK}],
    "pin": MARK,
    "deep": {"zebra": [MARK]},
}
CONNECTOR = {
    "id": SPEC,
    "name": "acme",
    "version": "1.0",
    "providerId": "p",
    "authSpec": [
        {
            "name": "W",
            "type": "x",
            "spec": {
                "type": "object",
                "properties": {
                    **{name: {"type": "string"} for name in (*AUTH_FIELDS, "host", "userName", "folderPath")},
                    "sourceId": {"type": "string"},
                    "tenant": {"type": "string", "format": "password"},
                },
            },
        }
    ],
    "attributes": {"isSource": True, "isDestination": True},
    **{
        side: {
            "name": side,
            "spec": {
                "type": "object",
                "properties": {
                    "pin": {"type": "string", "format": "password"},
                    "deep": {"type": "object", "format": "password"},
                },
            },
        }
        for side in ("sourceSpec", "targetSpec")
    },
}


def stored(object_id: str, **fields: Any) -> dict[str, Any]:
    ref = {"id": SPEC, "version": "1.0"}
    common = {
        "id": object_id,
        "name": "n",
        "state": "enabled",
        "etag": '"e"',
        "version": '"e"',
        "connectionSpec": ref,
    }
    return {**common, **fields}


ITEMS = {
    "connections": stored(
        ACCOUNT,
        auth={"specName": "W", "params": {**dict.fromkeys(AUTH_FIELDS, MARK), "url": f"https://{MARK}@h/"}},
    ),
    "sourceConnections": stored(SOURCE, baseConnectionId=ACCOUNT, params=PARAMS),
    "targetConnections": stored(
        TARGET,
        baseConnectionId=ACCOUNT,
        params=PARAMS,
        lastOperation={"ops": [{"op": "replace", "path": "/params/pin", "value": MARK}]},
    ),
}
ITEMS["connections"]["auth"]["params"] |= {
    "webhookUrl": f"https://hooks.slack.com/services/T/{MARK}",
    "host": "h.example",
}
OVERLAY = Overlay(
    specs={SPEC: CONNECTOR},
    rules=tuple(
        rule
        for kind, item in ITEMS.items()
        for rule in (
            Rule(rf"^{FLOW_SERVICE}/{kind}/{item['id']}$", {"items": [item]}),
            Rule(rf"^{FLOW_SERVICE}/{kind}(\?.*)?$", {"items": [item]}),
        )
    ),
)
READINGS: list[tuple[str, dict[str, Any]]] = [
    ("get_connection", {"connection_id": ACCOUNT}),
    ("get_source_connection", {"source_connection_id": SOURCE}),
    ("get_target_connection", {"target_connection_id": TARGET}),
    ("list_connections", {"detail": "full"}),
    ("list_source_connections", {"detail": "full"}),
    ("list_target_connections", {"detail": "full"}),
    *(("get_resource", {"path": f"{FLOW_SERVICE}/{kind}/{item['id']}"}) for kind, item in ITEMS.items()),
    ("get_resource", {"path": f"{FLOW_SERVICE}/targetConnections", "select": "items.0.params"}),
]


@pytest.mark.parametrize(("tool", "arguments"), READINGS)
async def test_no_reading_shows_a_credential(ask: Ask, tool: str, arguments: dict[str, Any]) -> None:
    told = await ask(tool, arguments, OVERLAY)
    assert not told.is_error
    assert MARK not in told.text + json.dumps(told.structured)
    assert "***" in told.text


async def test_what_is_no_credential_is_shown(ask: Ask) -> None:
    account = (await ask("get_connection", {"connection_id": ACCOUNT}, OVERLAY)).structured["item"]
    assert account["auth"]["params"]["host"] == "h.example"
    assert account["auth"]["params"]["url"] == "https://***@h/"
    source = (await ask("get_source_connection", {"source_connection_id": SOURCE}, OVERLAY)).structured[
        "item"
    ]
    assert source["params"]["headerParams"]["Accept"] == "text/csv"
    assert source["params"]["urlParams"]["queryParams"]["page"] == "1"
    assert source["params"]["httpEndpoint"] == "https://***@hook.example/x?sig=***"


PATCHES = [
    {"op": "add", "path": "/params/pin", "value": f"new {MARK}"},
    {"op": "add", "path": "/params/headerParams/X-Other", "value": MARK},
    {"op": "add", "path": "/params/queryParameters", "value": f"key={MARK}"},
    {"op": "replace", "path": "/params", "value": {**PARAMS, "more": 1}},
]
PREVIEWS: list[tuple[str, dict[str, Any]]] = [
    (
        "create_source_connection",
        {"name": "a", "connection_spec_id": SPEC, "base_connection_id": ACCOUNT, "params": PARAMS},
    ),
    (
        "create_target_connection",
        {"name": "a", "connection_spec_id": SPEC, "base_connection_id": ACCOUNT, "params": PARAMS},
    ),
    (
        "create_connection",
        {
            "name": "a",
            "connection_spec_id": SPEC,
            "auth_spec": "W",
            "auth_params": {
                **dict.fromkeys(AUTH_FIELDS, MARK),
                "url": f"https://{MARK}@h",
                "webhookUrl": f"https://{MARK}@h",
            },
        },
    ),
    *(
        ("update_source_connection", {"source_connection_id": SOURCE, "operations": [patch]})
        for patch in PATCHES
    ),
    (
        "update_connection",
        {
            "connection_id": ACCOUNT,
            "operations": [{"op": "add", "path": "/auth/params/other", "value": MARK}],
        },
    ),
]


@pytest.mark.parametrize(("tool", "arguments"), PREVIEWS)
async def test_no_preview_shows_a_credential(ask: Ask, tool: str, arguments: dict[str, Any]) -> None:
    told = await ask(tool, arguments, OVERLAY)
    assert told.structured.get("preview"), told.text
    assert MARK not in told.text + json.dumps(told.structured)


DESTINATIONS = {
    "connectionUrl": "https://h.example/p",
    "signInHost": "login.example",
    "keyVaultUrl": "https://v.vault.azure.net/",
    "endpoint": "x.example:443",
}


async def test_a_preview_shows_where_it_goes(ask: Ask) -> None:
    spec = {**CONNECTOR, "authSpec": [{"name": "W", "spec": {"type": "object", "properties": {}}}]}
    told = await ask(
        "create_connection",
        {"name": "a", "connection_spec_id": SPEC, "auth_spec": "W", "auth_params": DESTINATIONS},
        Overlay(specs={SPEC: spec}),
    )
    for value in DESTINATIONS.values():
        assert json.dumps(value) in told.structured["preview"]
    assert "may be a secret" not in told.structured["preview"]


MESSAGES = [
    f"Cannot connect: Server=h;Port=3306;UID=u;PWD={MARK}",
    f'CredString [{{"pass":"{MARK}"}}]',
    f"sent Authorization: Basic {MARK}",
    f"x-api-key: {MARK} was refused",
    f"accessToken is {MARK}",
    f"-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----",
    f"GET https://a.blob.core.windows.net/c?sv=1&sig={MARK}&se=2 failed",
    f"{'x ' * 290}password={'y' * 20}{MARK}",
]


@pytest.mark.parametrize("message", MESSAGES)
async def test_no_error_repeats_a_credential(ask: Ask, message: str) -> None:
    rule = Rule(
        rf"^{FLOW_SERVICE}/flows/", {"errorCode": "CONNECTOR-1308-400", "message": message}, status=400
    )
    told = await ask("get_flow", {"flow_id": SCENARIOS["healthy"]}, Overlay(rules=(rule,)))
    assert told.is_error
    assert "CONNECTOR-1308-400" in told.text
    assert MARK not in told.text
    assert "yyyyyy" not in told.text


async def test_what_describe_flow_shows_is_masked_as_get_flow_masks_it(ask: Ask) -> None:
    told = await ask("get_flow", {"flow_id": SCENARIOS["healthy"]})
    flow = {
        **told.structured["item"],
        "description": f"reads https://u:{MARK}@h?sig={MARK}",
        "name": f"pwd={MARK}",
    }
    overlay = Overlay(rules=(Rule(rf"^{FLOW_SERVICE}/flows/", {"items": [flow]}),))
    for tool, name in (("get_flow", "flow_id"), ("describe_flow", "flow_id"), ("diagnose_flow", "flow")):
        shown = await ask(tool, {name: SCENARIOS["healthy"]}, overlay)
        assert not shown.is_error
        assert MARK not in shown.text + json.dumps(shown.structured)


# --- references -------------------------------------------------------------------------------------------


async def reference(ask: Ask, field: str, overlay: Overlay) -> tuple[str, bool]:
    told = await ask(
        "create_connection",
        {
            "name": "a",
            "connection_spec_id": SPEC,
            "auth_spec": "W",
            "auth_params": {field: "${AEP_SECRET_X}"},
        },
        overlay,
    )
    return told.text, told.is_error


@pytest.mark.parametrize("field", ["host", "userName", "folderPath", "sourceId"])
async def test_a_secret_does_not_go_where_it_would_be_shown_again(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    monkeypatch.setenv("AEP_SECRET_X", "a-value-of-the-environment")
    text, is_error = await reference(ask, field, OVERLAY)
    assert is_error
    assert f"auth.params.{field} is shown when it is read back" in text


@pytest.mark.parametrize("field", ["tenant", "jwt", "zebra"])
async def test_it_goes_where_the_spec_or_the_name_hides_it(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    monkeypatch.setenv("AEP_SECRET_X", "a-value-of-the-environment")
    text, is_error = await reference(ask, field, OVERLAY)
    assert not is_error
    assert "filled in when it is sent: AEP_SECRET_X" in text


@pytest.mark.parametrize(
    ("params", "taken"), [({"pin": "${AEP_SECRET_X}"}, True), ({"path": "${AEP_SECRET_X}"}, False)]
)
async def test_in_the_ends_only_where_the_spec_says_so(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, params: dict[str, str], taken: bool
) -> None:
    monkeypatch.setenv("AEP_SECRET_X", "a-value-of-the-environment")
    told = await ask(
        "create_target_connection", {"name": "a", "connection_spec_id": SPEC, "params": params}, OVERLAY
    )
    assert told.is_error is not taken
    assert ("filled in when it is sent: AEP_SECRET_X" in told.text) is taken


# --- lines and columns ------------------------------------------------------------------------------------


async def test_a_name_adds_no_column_and_a_key_no_line(ask: Ask) -> None:
    item = stored(
        SOURCE, params={"path": "/a"}, **{"admin: yes\nstate": "x", "name": "x | | enabled\nmore | columns"}
    )
    overlay = Overlay(
        specs={SPEC: CONNECTOR},
        rules=(
            Rule(rf"^{FLOW_SERVICE}/sourceConnections/", {"items": [item]}),
            Rule(rf"^{FLOW_SERVICE}/sourceConnections\?", {"items": [item]}),
        ),
    )
    listed = (await ask("list_source_connections", {}, overlay)).text.split("\n")
    assert len({line.count(" | ") for line in listed[:2]}) == 1
    assert len(listed) == 2
    got = (await ask("get_source_connection", {"source_connection_id": SOURCE}, overlay)).text.split("\n")
    assert [line for line in got if line.startswith("state")] == ["state: enabled"]
    assert not any(line.startswith("admin") for line in got)


async def test_names_in_a_warning_are_quoted_and_bounded(ask: Ask) -> None:
    account = SCENARIOS["shared_account"]
    source = {**stored(SOURCE), "baseConnectionId": account, "name": 'n"), delete it' + "x" * 160_000}
    rule = Rule(rf"^{FLOW_SERVICE}/sourceConnections\?", {"items": [source]})
    told = await ask(
        "update_connection",
        {
            "connection_id": account,
            "operations": [{"op": "add", "path": "/auth/params/s3SecretKey", "value": "v" * 40}],
        },
        Overlay(rules=(rule,)),
    )
    assert told.structured["status"] == "needs_confirmation", told.text
    assert len(told.text) < 15_000
    assert 'Uses these credentials: source connection "n\\"), delete it' in told.text
