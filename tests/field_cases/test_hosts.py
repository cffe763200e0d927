"""What hosts and models send: nulls, numbers as text, names in any case, values that nobody filled in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from aep_flow_mcp.app import App, platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.half_characters import LOST, without_halves
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.settings import read_settings
from aep_flow_mcp.surface.arguments import broken_text, fitted
from aep_flow_mcp.surface.listed import ListedTool
from aep_flow_mcp.surface.snapshot import definition_of, load_cards
from field_cases.conftest import Ask

CARDS = {card["name"]: card for card in load_cards()}
NAMES = sorted(CARDS)
HALF = "a\ud83d"


def least(schema: dict[str, Any]) -> Any:
    """The smallest value that a schema takes: required members only."""
    if "anyOf" in schema:
        return least(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {})
            return {name: least(members[name]) for name in schema.get("required", [])}
        case "array":
            return [least(schema["items"])] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return False
    return "/x" if schema.get("pattern") == "^/." else "x" * max(1, schema.get("minLength", 1))


def most(schema: dict[str, Any]) -> Any:
    """A value of a schema with every member and one item in every list."""
    if "anyOf" in schema:
        return most(schema["anyOf"][-1])
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {name: most(child) for name, child in schema["properties"].items()}
        case "array" if isinstance(schema.get("items"), dict):
            return [most(schema["items"])]
    return least(schema)


def with_null(value: Any, schema: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """For every place of a value that is optional in its schema: (null there, the place left out)."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            for nulled, without in with_null(item, schema.get("items") or {}):
                yield [*value[:index], nulled], [*value[:index], without]
        yield [*value, None], value
    if not isinstance(value, dict) or "properties" not in schema:
        return
    for name, child in schema["properties"].items():
        if name not in value:
            continue
        rest = {key: item for key, item in value.items() if key != name}
        if name not in schema.get("required", []) and (child.get("type") or "anyOf" in child):
            yield {**rest, name: None}, rest
        for nulled, without in with_null(value[name], child):
            yield {**rest, name: nulled}, {**rest, name: without}


@pytest.mark.parametrize("name", NAMES)
def test_null_means_left_out_for_every_optional_argument_of_every_tool(name: str) -> None:
    schema = CARDS[name]["input"]
    check = definition_of(CARDS[name]).build(output_schema=False).fn_metadata.validate_arguments
    small, large = least(schema), most(schema)
    optional = set(schema["properties"]) - set(schema.get("required", []))
    assert check(fitted({**small, **dict.fromkeys(optional)}, schema)) == check(small)
    places = list(with_null(large, schema))
    assert len(places) >= len(optional)
    for nulled, without in places:
        assert fitted(nulled, schema) == fitted(without, schema)


@pytest.mark.parametrize("name", NAMES)
def test_a_required_argument_that_is_null_is_named(name: str) -> None:
    schema = CARDS[name]["input"]
    check = definition_of(CARDS[name]).build(output_schema=False).fn_metadata.validate_arguments
    for required in schema.get("required", []):
        with pytest.raises(ValidationError, match=required):
            check(fitted({**least(schema), required: None}, schema))


@pytest.mark.parametrize("name", NAMES)
def test_what_fits_already_is_not_changed(name: str) -> None:
    schema = CARDS[name]["input"]
    for value in (least(schema), most(schema)):
        assert fitted(value, schema) == value


@pytest.mark.parametrize("name", NAMES)
def test_numbers_choices_and_lists_as_hosts_write_them(name: str) -> None:
    """Every number as text, every choice in capitals, every object and list as JSON: the same arguments."""
    schema = CARDS[name]["input"]
    assert fitted(distorted(most(schema), schema), schema) == most(schema)


def distorted(value: Any, schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return f" {value.upper().replace('_', '-')} "
    if isinstance(value, bool):
        return str(value).upper() if schema.get("type") == "boolean" else value
    if isinstance(value, int | float):
        return f" {value} " if schema.get("type") in ("integer", "number") else value
    if isinstance(value, dict) and "properties" in schema:
        return {key: as_host(item, schema["properties"][key]) for key, item in value.items()}
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [distorted(item, schema["items"]) for item in value]
    return value


def as_host(value: Any, schema: dict[str, Any]) -> Any:
    distorting = distorted(value, schema)
    # Where a text is taken too, JSON is a text.
    return json.dumps(distorting) if isinstance(value, dict | list) and "anyOf" not in schema else distorting


@pytest.mark.parametrize(
    ("schema", "given", "taken"),
    [
        ({"type": "string"}, 1_700_000_000, "1700000000"),
        ({"type": "string"}, 1_700_000_000.0, "1700000000"),
        ({"type": "string"}, 1.5, "1.5"),
        ({"type": "string"}, True, True),
        ({"type": "string"}, "null", "null"),
        ({"type": "integer"}, "20.0", 20),
        ({"type": "integer"}, "20.5", "20.5"),
        ({"type": "integer"}, "1e3", "1e3"),
        ({"type": "integer"}, "9" * 40, "9" * 40),
        ({"type": "number"}, "0.25", 0.25),
        ({"type": "number"}, "nan", "nan"),
        ({"type": "boolean"}, "False", False),
        ({"type": "boolean"}, "maybe", "maybe"),
        ({"enum": ["two-step", "none"], "type": "string"}, "Two Step", "two-step"),
        ({"enum": ["AB", "ab"], "type": "string"}, "aB", "aB"),
        ({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, [1, None], ["1"]),
        ({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, 7, "7"),
        ({}, None, None),
        ({"type": "object", "additionalProperties": True}, {"a": None}, {"a": None}),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"a": None, "b": 1}, {"b": "1"}),
    ],
)
def test_only_what_is_unambiguous_is_changed(schema: dict[str, Any], given: Any, taken: Any) -> None:
    arguments = fitted({"it": given}, {"type": "object", "properties": {"it": schema}})
    assert arguments == {"it": taken}
    assert type(arguments["it"]) is type(taken)


async def test_null_and_a_number_reach_the_tool(ask: Ask) -> None:
    told = await ask("list_flows", {"limit": None, "state": "Enabled", "name": None, "cursor": None})
    assert not told.is_error, told.text
    assert {item["state"] for item in told.structured["items"]} == {"enabled"}
    told = await ask("list_runs", {"since": 1_700_000_000, "limit": "2"})
    assert not told.is_error, told.text
    assert len(told.structured["items"]) == 2
    assert [one for one in told.sent if "1700000000000" in str(one.url)]


async def test_null_in_a_patch_is_a_value(ask: Ask) -> None:
    flow = (await ask("list_flows", {"limit": 1})).structured["items"][0]["id"]
    change = {"op": "Replace", "path": "/description", "value": None}
    told = await ask("update_flow", {"flow_id": flow, "operations": [change, None], "etag": None})
    assert "null" in told.text


@pytest.mark.parametrize("name", NAMES)
async def test_half_a_character_gets_a_sentence_from_every_tool(name: str) -> None:
    from mcp.server.mcpserver.exceptions import ToolError

    tool = ListedTool.from_card(CARDS[name])
    for argument in CARDS[name]["input"]["properties"]:
        for value in (HALF, [HALF], {"inner": {HALF: 1}}):
            with pytest.raises(ToolError, match=f"{argument}.* holds half of a character"):
                await tool.run({argument: value}, None)


def test_half_a_character_is_told_from_a_whole_one() -> None:
    assert broken_text({"a": "\N{GRINNING FACE}", "b": ["\N{REPLACEMENT CHARACTER}"]}) is None
    assert broken_text({"a": {"b": ["x", LOST]}}) == "a.b.1"


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        (rb'["\ud83d\ude00"]', ["\N{GRINNING FACE}"]),
        (rb'["\ud83d"]', [LOST]),
        (rb'["\uDE00 \uD83D"]', [f"{LOST} {LOST}"]),
        (rb'["\ud83d\ud83d\ude00"]', [f"{LOST}\N{GRINNING FACE}"]),
        (rb'["\\ud83d"]', ["\\ud83d"]),
        (rb'["\\\ud83d"]', [f"\\{LOST}"]),
    ],
)
def test_only_halves_are_replaced_on_the_wire(line: bytes, parsed: list[str]) -> None:
    assert json.loads(without_halves(line)) == parsed


@pytest.mark.parametrize(
    "name", ["client_id", "client_secret", "org_id", "scopes", "access_token", "config_file"]
)
async def test_a_credential_that_nobody_filled_in_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for known in ("CLIENT_ID", "CLIENT_SECRET", "ORG_ID"):
        monkeypatch.setenv(f"AEP_{known}", "x")
    monkeypatch.setenv("AEP_SANDBOX", "dev")
    monkeypatch.setenv(f"AEP_{name.upper()}", "${user_config.it}")
    async with PlatformClient(platform_config(read_settings())) as client:
        with pytest.raises(PlatformError, match=rf"AEP_{name.upper()} still reads \$\{{…\}}"):
            await client.request_json("GET", "/data/foundation/flowservice/flows")
        assert client.requests_sent == 0


def test_secrets_of_a_write_are_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_SECRET_KEY", ' "k3y"\n')
    assert App(emulator_settings()).guard.environ["AEP_SECRET_KEY"] == "k3y"


async def test_the_server_describes_itself_without_any_configuration(ask: Ask) -> None:
    """Its answer must fit its own output schema, or a client that checks never shows the sentence."""
    from jsonschema import validate

    bare = emulator_settings().model_copy(
        update={"client_id": None, "client_secret": None, "org_id": None, "sandbox": None}
    )
    told = await ask("get_server_info", {}, settings=bare)
    validate(told.structured, CARDS["get_server_info"]["output"])
    assert "AEP_CLIENT_ID" in told.text
    assert told.sent == []


async def test_no_answer_has_to_have_what_may_be_missing() -> None:
    """What is null is left out of answers, so a schema that requires it would refuse them."""
    assert [found for name in NAMES for found in _required_nulls(name)] == []


def _required_nulls(name: str) -> Iterator[str]:
    schema = definition_of(CARDS[name]).build().output_schema or {}
    for holder in (schema, *schema.get("$defs", {}).values()):
        for member in holder.get("required", []):
            if {"type": "null"} in holder["properties"][member].get("anyOf", []):
                yield f"{name}: {member}"


async def test_a_file_of_credentials_that_nobody_filled_in(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(
        '{"client_id": "<client_id>", "org_id": "<orgID>", "client_secret": "s"}', encoding="utf-8"
    )
    problem = platform_config(read_settings(config_file=file)).credentials_problem
    assert problem == (
        f"{file} still holds a placeholder for client_id, org_id: put the values of an OAuth Server-to-Server "
        "credential from Developer Console there."
    )


async def test_a_secret_with_a_line_break_signs_in(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    for name, value in (("CLIENT_ID", "emulator-client"), ("ORG_ID", "'0123456789ABCDEF01234567@AdobeOrg'")):
        monkeypatch.setenv(f"AEP_{name}", value)
    monkeypatch.setenv("AEP_CLIENT_SECRET", "emulator-secret\n")
    monkeypatch.setenv("AEP_SANDBOX", ' "dev" ')
    settings = read_settings(platform_url="https://emulator.invalid", ims_url="https://emulator.invalid")
    assert settings.client_secret == SecretStr("emulator-secret")
    told = await ask("list_flows", {"limit": 1}, settings=settings)
    assert not told.is_error, told.text
