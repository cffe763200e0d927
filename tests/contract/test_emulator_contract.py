"""All 45 operations of the emulator against Adobe's OpenAPI, with every default and with each variant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from contract.caller import FLOW_SERVICE, signed_in
from contract.conftest import switches
from contract.exercise import explorable
from contract.openapi import Contract, needs
from contract.wire import Checker, Exchange

SWITCHES = [f"{name}={value}" for name, value in switches()]


@needs("flow-service")
def test_every_operation_of_the_file_is_answered_with_success(
    flow_service: Contract, emulator_exchanges: list[Exchange]
) -> None:
    answered = {
        operation.operation_id
        for exchange in emulator_exchanges
        if exchange.status < 300 and exchange.path.startswith(flow_service.base)
        for operation in [flow_service.operation(exchange.method, exchange.path)]
        if operation is not None
    }
    assert len(flow_service.operations) == 45
    assert answered == {operation.operation_id for operation in flow_service.operations}


@needs("flow-service")
def test_every_exchange_keeps_to_the_file(checker: Checker, emulator_exchanges: list[Exchange]) -> None:
    assert checker.surprises(emulator_exchanges) == []


@needs("flow-service")
@pytest.mark.parametrize("switch", SWITCHES)
def test_every_variant_keeps_to_the_file(
    checker: Checker, of_variant: Callable[[str], list[Exchange]], switch: str
) -> None:
    assert checker.surprises(of_variant(switch)) == []


async def test_the_parameters_of_a_rest_source_come_without_padding() -> None:
    """Adobe's pages write `e30` for `{}`: base64 whose padding is left out."""
    async with signed_in(Emulator(EmulatorOptions())) as call:
        base = await explorable(call, "*")
        asked = {"objectType": "rest", "object": "x", "sourceParams": "e30"}
        shown = await call("GET", f"/connections/{base['id']}/explore", query=asked)
    assert shown["format"] == "hierarchical"


def test_parameters_are_those_of_the_spec(emulator_exchanges: list[Exchange]) -> None:
    """What the file leaves free: credentials, source and target parameters are named by the connection spec."""
    specs = {spec["id"]: spec for spec in _items(emulator_exchanges, "connectionSpecs")}
    strangers, seen = set(), 0
    for collection, part in (("sourceConnections", "sourceSpec"), ("targetConnections", "targetSpec")):
        for item in _items(emulator_exchanges, collection):
            spec = specs[item["connectionSpec"]["id"]]
            allowed = _names(spec.get(part, {}).get("spec", {})) | SENT_UNDECLARED
            strangers |= {(spec["name"], name) for name in item.get("params", {}) if name not in allowed}
            seen += len(item.get("params", {}))
    for item in _items(emulator_exchanges, "connections"):
        spec = specs[item["connectionSpec"]["id"]]
        auth = item.get("auth", {"specName": None, "params": {}})
        ways = [way for way in spec.get("authSpec", ()) if way["name"] == auth["specName"]]
        allowed = _names(ways[0]["spec"]) | INLET if ways else set()
        strangers |= {(spec["name"], name) for name in auth["params"] if name not in allowed}
        seen += len(auth["params"])
    assert seen > 100
    assert strangers == set()


SENT_UNDECLARED = {"mode"}
"""What every page sends for a file destination although the printed spec does not declare it."""

INLET = {"sourceId", "inletUrl", "inletId", "authenticationRequired", "dataType", "name"}
"""What the service adds to the parameters of a streaming connection."""


def _items(exchanges: list[Exchange], collection: str) -> list[dict[str, Any]]:
    """The items of all answered lists of a collection."""
    path = f"{FLOW_SERVICE}/{collection}"
    answers = [e.answer for e in exchanges if e.method == "GET" and e.path == path and e.status == 200]
    return [item for answer in answers for item in answer.get("items", [])]


def _names(schema: dict[str, Any]) -> set[str]:
    return set(schema.get("properties", {}))
