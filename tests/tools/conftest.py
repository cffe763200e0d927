"""A server on an emulator, and a client of each protocol era that talks to it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from mcp import Client

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import Settings
from tools.bed import Bed, in_its_own_task

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ERAS = {"2026-07-28": "auto", "2025-11-25": "legacy"}


@pytest.fixture(params=ERAS, scope="session")
def era(request: pytest.FixtureRequest) -> str:
    """The protocol revision that the client speaks."""
    chosen: str = request.param
    return chosen


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
def emulator(emulator_options: EmulatorOptions) -> Emulator:
    return Emulator(emulator_options)


async def no_wait(seconds: float) -> None:
    """Between tries nothing changes in an emulator with a clock that stands still."""
    del seconds


@pytest.fixture
def settings() -> Settings:
    """Override to set the server up differently."""
    return emulator_settings()


@pytest.fixture
async def bed(era: str, emulator: Emulator, settings: Settings) -> AsyncIterator[Bed]:
    """A client of the era, connected to a server on the emulator."""
    platform = PlatformClient(platform_config(settings), transport=EmulatorTransport(emulator), sleep=no_wait)
    server = build_server(settings, client=platform, emulated=True)
    async with in_its_own_task(Client(server, mode=ERAS[era])) as client:
        yield Bed(client, emulator)
