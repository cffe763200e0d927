"""A server on an emulator, and a client of each protocol era that talks to it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.gathering import times
from aep_flow_mcp.planning import objects as planning
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import Settings
from support.organisation import emulator_on_shared_seed
from tools.bed import NOW as NOW
from tools.bed import SANDBOX, Bed, in_its_own_task
from tools.far import OVER_SOCKETS, FarBed, FarServer

ERAS = {"2026-07-28": "auto", "2025-11-25": "legacy"}


@pytest.fixture(params=ERAS, scope="session")
def era(request: pytest.FixtureRequest) -> str:
    """The protocol revision that the client speaks."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server and the emulator agree on the time."""
    monkeypatch.setattr(planning, "now", NOW.timestamp)
    monkeypatch.setattr(times, "now", lambda: NOW)


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_outside(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Tests see neither the AEP_ variables nor the .env of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AEP_")]:
            patch.delenv(name)
        patch.chdir(tmp_path_factory.mktemp("empty"))
        yield


@pytest.fixture
def emulator_options() -> EmulatorOptions:
    """Override to emulate something else."""
    return EmulatorOptions(clock=lambda: NOW)


@pytest.fixture
def emulator(emulator_options: EmulatorOptions, far_server: FarServer | None) -> Emulator:
    if far_server is not None:
        pytest.skip("reaches into the emulator, which is another process here")
    return emulator_on_shared_seed(emulator_options)


@pytest.fixture(scope="session")
def all_runs() -> tuple[dict[str, Any], ...]:
    """Every run that the emulators of tests start with, made once. Look, don't change."""
    return tuple(Emulator(EmulatorOptions(clock=lambda: NOW)).store.collection(SANDBOX, "runs"))


async def no_wait(seconds: float) -> None:
    """Between tries nothing changes in an emulator with a clock that stands still."""
    del seconds


@pytest.fixture
def settings() -> Settings:
    """Override to set the server up differently."""
    return emulator_settings()


@pytest.fixture(scope="session")
def far_server() -> FarServer | None:
    """Where the tests run over real sockets instead of in one process (see test_over_sockets.py)."""
    address = os.environ.get(OVER_SOCKETS)
    return FarServer(*address.split()) if address else None


@pytest.fixture
async def bed(
    era: str, request: pytest.FixtureRequest, far_server: FarServer | None, settings: Settings
) -> AsyncIterator[Bed]:
    """A client of the era, connected to a server on the emulator."""
    if far_server is not None:
        far_server.start_afresh(plain=settings == emulator_settings())
        async with far_server.connected(ERAS[era]) as client:
            yield FarBed(client, far_server)
        return
    emulator: Emulator = request.getfixturevalue("emulator")
    platform = PlatformClient(platform_config(settings), transport=EmulatorTransport(emulator), sleep=no_wait)
    server = build_server(settings, client=platform, emulated=True)
    async with in_its_own_task(Client(server, mode=ERAS[era])) as client:
        yield Bed(client, emulator)
