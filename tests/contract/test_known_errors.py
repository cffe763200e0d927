"""The list of known errors is needed, all of it, and it does not hide a field that changes its name."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from contract.conftest import switches
from contract.known_errors import KNOWN_ERRORS
from contract.openapi import Contract, needs
from contract.shapes import rename, walk
from contract.unseen import UNSEEN
from contract.wire import Checker, Exchange

pytestmark = needs("flow-service")


@pytest.fixture(scope="module")
def all_exchanges(
    emulator_exchanges: list[Exchange],
    of_variant: Callable[[str], list[Exchange]],
    client_exchanges: dict[str, list[Exchange]],
) -> list[Exchange]:
    variants = [of_variant(f"{name}={value}") for name, value in switches()]
    groups = [emulator_exchanges, *variants, *client_exchanges.values()]
    return [exchange for group in groups for exchange in group]


def test_every_known_error_is_met(checker: Checker, all_exchanges: list[Exchange]) -> None:
    checker.surprises(all_exchanges)
    assert [str(entry) for entry in checker.known.dead()] == []


def test_every_declared_property_is_answered_or_listed(
    flow_service: Contract, all_exchanges: list[Exchange]
) -> None:
    """A property renamed in the file is never answered under its new name, so it turns up here."""
    answered: dict[tuple[str, str], set[str]] = {}
    for exchange in all_exchanges:
        operation = flow_service.operation(exchange.method, exchange.path)
        if operation is not None and exchange.path.startswith(flow_service.base):
            seen = answered.setdefault((operation.name, str(exchange.status)), set())
            seen.update(walk(exchange.answer))
    missing = {
        f"{operation.name} {pointer}"
        for operation in flow_service.operations
        for status, schema in operation.responses.items()
        if schema is not None
        for pointer in set(flow_service.schemas.declared(schema)) - answered[operation.name, status]
    }
    unlisted = {name for name in missing if not any(re.fullmatch(pattern, name) for pattern in UNSEEN)}
    idle = [pattern for pattern in UNSEEN if not any(re.fullmatch(pattern, name) for name in missing)]
    assert sorted(unlisted) == []
    assert idle == []


FREE = re.compile(
    r".*/(auth/params|spec|requestSpec|responseSpec|extensions|latencySummary)/.*"
    r"|/data/.*|/schema/properties/.*|GET .*/configs /items/.*"
)
"""Below these nothing is named: credentials (another test sees to them), JSON Schemas, rows, datasets, extensions."""


def test_a_field_renamed_in_an_answer_is_noticed(
    checker: Checker, emulator_exchanges: list[Exchange]
) -> None:
    """In the smallest answer of each operation, every field in turn."""
    contract = checker.contract
    smallest: dict[str, Exchange] = {}
    for exchange in sorted(emulator_exchanges, key=lambda e: len(json.dumps(e.answer))):
        operation = contract.operation(exchange.method, exchange.path)
        answered = exchange.status < 300 and exchange.answer not in (None, {}, {"items": [], "_links": {}})
        if operation is not None and answered and "count" not in exchange.answer:
            smallest.setdefault(operation.name, exchange)
    renamed, missed = 0, []
    for name, exchange in smallest.items():
        for pointer in sorted(set(walk(exchange.answer))):
            if not FREE.fullmatch(pointer) and not FREE.fullmatch(f"{name} {pointer}"):
                renamed += 1
                changed = replace(exchange, answer=rename(exchange.answer, pointer))
                if not any(f"{pointer}Renamed " in line for line in checker.surprises([changed])):
                    missed.append(f"{name} {pointer}")
    assert len(smallest) >= 41, "every operation but the four deletes answers something"
    assert renamed > 600
    assert missed == []


def test_a_name_changed_in_a_request_is_noticed(
    checker: Checker, client_exchanges: dict[str, list[Exchange]], emulator_exchanges: list[Exchange]
) -> None:
    """Every member of a body and every query parameter in turn, once for each operation that has it."""
    first: dict[str, Exchange] = {}
    for exchange in [e for es in client_exchanges.values() for e in es] + emulator_exchanges:
        operation = checker.contract.operation(exchange.method, exchange.path)
        if operation is not None and exchange.status < 300:
            for name in {*walk(exchange.body), *(f"?{key}" for key, _ in parse_qsl(exchange.query))}:
                if not FREE_IN_REQUESTS.fullmatch(name):
                    first.setdefault(f"{operation.name} {name}", exchange)
    missed = []
    for place, exchange in first.items():
        name = place.rsplit(" ", 1)[1]
        if name.startswith("?"):
            query = re.sub(rf"(^|&){name[1:]}=", rf"\1{name[1:]}Renamed=", exchange.query)
            changed, expected = replace(exchange, query=query), f"query /{name[1:]}Renamed "
        else:
            changed, expected = replace(exchange, body=rename(exchange.body, name)), f"request {name}Renamed "
        if not any(expected in line for line in checker.surprises([changed])):
            missed.append(place)
    assert len(first) > 150
    assert missed == []


FREE_IN_REQUESTS = re.compile(
    r".*/(spec|requestSpec|responseSpec)/.*|/\*/value/.*|/attributes/.*|/permissionsInfo/\w+"
)
"""JSON Schemas, attributes and permissions of specs, and the values of a PATCH."""


RENAMED = [
    "ConnectionListResponse/items",
    "ConnectionItemDTO/connectionSpec",
    "SpecInfoDTO/version",
    "AuthInfoDTO/specName",
    "TestConnectionResponse/result",
    "ConnectionSpecItemDTO/providerId",
    "FlowSpecItemDTO/sourceConnectionSpecIds",
    "FlowItemDTO/lastRunDetails",
    "FlowMetaInfoDTO/targetConnections",
    "ScheduleSpecDTO/frequency",
    "TransformationSpecDTO/mappingId",
    "FlowRunItemDTO/metrics",
    "SourceConnectionItemDTO/baseConnectionId",
    "TargetConnectionDataDTO/schema",
    "PageLinksResponse/next",
    "CreateFlowResponse/etag",
    "CreateFlowRequest/targetConnectionIds",
    "CreateSourceConnectionRequest/data",
    "PatchInstruction/path",
    "FlowFilterRequest/queryString",
    "ExploreConnectionResponse/*/canPreview",
]


@pytest.mark.parametrize("renamed", RENAMED)
def test_a_property_renamed_in_the_file_is_noticed(
    flow_service: Contract, emulator_exchanges: list[Exchange], renamed: str
) -> None:
    document = copy.deepcopy(flow_service.document)
    schema, *steps, name = renamed.split("/")
    holder: Any = document["components"]["schemas"][schema]
    for _ in steps:
        holder = holder["items"]
    holder["properties"][name + "Renamed"] = holder["properties"].pop(name)
    found = Checker(Contract(document), KNOWN_ERRORS).surprises(emulator_exchanges)
    assert any(f"/{name} " in line for line in found), found[:5]


@pytest.mark.parametrize("name", ["listFlows", "listConnections", "listFlowRuns"])
def test_a_parameter_renamed_in_the_file_is_noticed(
    flow_service: Contract, emulator_exchanges: list[Exchange], name: str
) -> None:
    document = copy.deepcopy(flow_service.document)
    (operation,) = [
        op for item in document["paths"].values() for op in item.values() if op.get("operationId") == name
    ]
    (limit,) = [
        p for p in operation["parameters"] if p.get("name") == "limit" or p.get("$ref", "").endswith("/limit")
    ]
    limit.clear()
    limit.update({"name": "pageSize", "in": "query", "schema": {"type": "integer"}})
    found = Checker(Contract(document), KNOWN_ERRORS).surprises(emulator_exchanges)
    assert any("query /limit undeclared" in line for line in found), found[:5]
