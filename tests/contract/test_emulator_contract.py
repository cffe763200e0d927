"""All 45 operations of the emulator against Adobe's OpenAPI, with every default and with each variant."""

from __future__ import annotations

import pytest

from contract.conftest import switches
from contract.known import KnownErrors
from contract.openapi import Contract, needs
from contract.wire import Exchange, surprises

pytestmark = needs("flow-service")


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


def test_every_exchange_keeps_to_the_file(known: KnownErrors, emulator_exchanges: list[Exchange]) -> None:
    assert surprises(known, emulator_exchanges) == []


@pytest.mark.parametrize("switch", [f"{name}={value}" for name, value in switches()])
def test_every_variant_keeps_to_the_file(
    known: KnownErrors, variant_exchanges: dict[str, list[Exchange]], switch: str
) -> None:
    assert surprises(known, variant_exchanges[switch]) == []
