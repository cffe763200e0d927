from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aep_flow_mcp.platform.transport import PlatformClient
from support.platform_wire import Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def client(wire: Wire) -> AsyncIterator[PlatformClient]:
    async with wire.client() as client:
        yield client
