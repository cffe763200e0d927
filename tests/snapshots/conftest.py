"""Snapshots of the seeded organisation, taken from an emulator whose clock stands still."""

from __future__ import annotations

from pathlib import Path

import pytest

from aep_flow_mcp import snapshot_command
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from support.organisation import emulator_on_shared_seed
from tools.bed import NOW
from tools.conftest import no_settings_from_outside as no_settings_from_outside


@pytest.fixture(scope="session")
def live() -> Emulator:
    """What the snapshot is taken of."""
    return emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))


@pytest.fixture(scope="session")
def taken(live: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of its sandbox dev."""
    path = tmp_path_factory.mktemp("snapshot") / "dev.snapshot"
    snapshot_command.take(
        emulator_settings(), path, transport=lambda: EmulatorTransport(live), now=NOW, days=60
    )
    return path
