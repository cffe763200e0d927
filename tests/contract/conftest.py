"""The files and the exchanges to hold against them, made once for a session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import get_args, get_type_hints

import pytest
from pydantic import SecretStr

from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Variants
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.platform.config import Credentials, PlatformConfig
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.transport import PlatformClient
from contract import exercise
from contract.caller import CLIENT_ID, CLIENT_SECRET, ORGANISATION, PLATFORM, signed_in
from contract.known_errors import KNOWN_ERRORS
from contract.openapi import Contract
from contract.reading import KEPT_CALLS, NEIGHBOUR_CALLS, READER_CALLS, Known
from contract.wire import Checker, Exchange, Recorder
from contract.writing import write_and_undo


def noon() -> datetime:
    """Time stands still, so that equal questions get equal answers and each answer is checked once."""
    return datetime(2026, 6, 1, 12, tzinfo=UTC)


def switches() -> list[tuple[str, object]]:
    """Each value of each variant that is not the default."""
    hints = get_type_hints(Variants)
    return [
        (f.name, value) for f in fields(Variants) for value in get_args(hints[f.name]) if value != f.default
    ]


@pytest.fixture(scope="session")
def flow_service() -> Contract:
    return Contract.load("flow-service")


@pytest.fixture(scope="session")
def checker(flow_service: Contract) -> Checker:
    """One for the session: what it has checked it does not check again."""
    return Checker(flow_service, KNOWN_ERRORS)


@pytest.fixture(scope="session")
def emulator_exchanges() -> list[Exchange]:
    """All operations and the documented errors, on an emulator with every default."""
    return asyncio.run(_exchanges(Variants()))


@pytest.fixture(scope="session")
def of_variant() -> Callable[[str], list[Exchange]]:
    """The same on an emulator with one switch of `Variants`, named as `name=value`."""
    values = {f"{name}={value}": {name: value} for name, value in switches()}

    @cache
    def exchanges(switch: str) -> list[Exchange]:
        return asyncio.run(_exchanges(Variants(**values[switch])))  # type: ignore[arg-type]

    return exchanges


async def _exchanges(variants: Variants) -> list[Exchange]:
    emulator = Emulator(EmulatorOptions(variants=variants, provider_access=True, clock=noon))
    async with signed_in(emulator) as call:
        await exercise.everything(call)
        await exercise.errors(call)
        await exercise.faults(emulator, call)
        return call.recorder.exchanges


@pytest.fixture(scope="session")
def client_exchanges() -> dict[str, list[Exchange]]:
    """What each public method of the readers sent and got, and under `writer` a flow's whole life."""
    return asyncio.run(_client_exchanges())


async def _client_exchanges() -> dict[str, list[Exchange]]:
    emulator = Emulator(EmulatorOptions(clock=noon))
    async with signed_in(emulator) as call:
        known = await Known.of(call)
    recorder = Recorder(EmulatorTransport(emulator))
    config = PlatformConfig(
        platform_url=PLATFORM,
        ims_url=PLATFORM,
        credentials=Credentials(
            client_id=CLIENT_ID,
            org_id=ORGANISATION,
            client_secret=SecretStr(CLIENT_SECRET),
        ),
        sandbox="dev",
    )
    exchanges: dict[str, list[Exchange]] = {}
    async with PlatformClient(config, transport=recorder) as client:
        await client.sign_in()
        for name, call_method in (READER_CALLS | NEIGHBOUR_CALLS | KEPT_CALLS).items():
            start = len(recorder.exchanges)
            client.specs.drop()
            assert await call_method(FlowReader(client), known), f"{name} found nothing"
            exchanges[name] = recorder.exchanges[start:]
        start = len(recorder.exchanges)
        await write_and_undo(client, known)
        return exchanges | {"writer": recorder.exchanges[start:]}
