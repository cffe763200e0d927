"""Every request of the client and every answer it gets, of the Flow Service and its neighbours."""

from __future__ import annotations

import pytest

from aep_flow_mcp.platform.kept.audit_log import AuditLog
from aep_flow_mcp.platform.kept.data_access import DataAccess
from aep_flow_mcp.platform.kept.insights import Insights
from aep_flow_mcp.platform.neighbours import Neighbours
from aep_flow_mcp.platform.reader import FlowReader
from contract.known_neighbours import KNOWN_NEIGHBOUR_ERRORS
from contract.openapi import Contract, locate, needs
from contract.reading import KEPT_CALLS, NEIGHBOUR_CALLS, READER_CALLS, READER_HELPERS, public_methods
from contract.wire import Checker, Exchange


def test_every_public_method_of_the_readers_is_exercised() -> None:
    assert public_methods(FlowReader) == set(READER_CALLS) | READER_HELPERS
    assert public_methods(Neighbours) == set(NEIGHBOUR_CALLS)
    kept = {"audit_log": AuditLog, "insights": Insights, "data_access": DataAccess}
    named = {f"{name}.{method}" for name, reader in kept.items() for method in public_methods(reader)}
    assert named == set(KEPT_CALLS)


def test_every_call_reaches_the_wire_and_finds_something(client_exchanges: dict[str, list[Exchange]]) -> None:
    assert set(client_exchanges) >= set(READER_CALLS) | set(NEIGHBOUR_CALLS) | set(KEPT_CALLS)
    silent = [name for name, exchanges in client_exchanges.items() if not exchanges]
    assert silent == []


@needs("flow-service")
def test_what_the_client_sends_to_the_flow_service_keeps_to_the_file(
    checker: Checker, client_exchanges: dict[str, list[Exchange]]
) -> None:
    assert checker.surprises([e for exchanges in client_exchanges.values() for e in exchanges]) == []


@pytest.mark.parametrize("service", sorted(KNOWN_NEIGHBOUR_ERRORS))
def test_what_the_client_sends_to_a_neighbour_keeps_to_its_file(
    service: str, client_exchanges: dict[str, list[Exchange]]
) -> None:
    if locate(service) is None:
        pytest.skip(f"Adobe's {service}.yaml is not beside the Flow Service's file")
    contract = Contract.load(service)
    checker = Checker(contract, KNOWN_NEIGHBOUR_ERRORS[service])
    exchanges = [e for es in client_exchanges.values() for e in es if contract.operation(e.method, e.path)]
    assert exchanges
    assert checker.surprises(exchanges) == []
    assert [str(entry) for entry in checker.known.dead()] == []
