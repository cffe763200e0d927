from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aep_flow_mcp.emulator.seed import SandboxSeed, Seed, build_seed
from emulator.kit import Api, make_api

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
"""When the fixtures below look at the seed."""


@pytest.fixture
def api() -> Api:
    """A client of a fresh emulator whose clock stands at noon."""
    return make_api()


@pytest.fixture(scope="session")
def seed() -> Seed:
    return build_seed(seed=7, now=NOW)


@pytest.fixture(scope="session")
def dev(seed: Seed) -> SandboxSeed:
    return seed.by_sandbox["dev"]


@pytest.fixture(scope="session")
def now_ms() -> int:
    return int(NOW.timestamp() * 1000)
