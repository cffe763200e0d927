"""Cases from the field: inputs rebuilt from public pages and bug reports that once went wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import Settings
from support.organisation import emulator_on_shared_seed
from support.overlay import OverlaidTransport, Overlay
from tools.bed import NOW
from tools.conftest import no_settings_from_outside as no_settings_from_outside
from tools.conftest import no_wait


@dataclass(frozen=True)
class Told:
    """What one call answered, and the requests that it made."""

    text: str
    structured: dict[str, Any]
    is_error: bool
    sent: list[httpx.Request]
    emulator: Emulator


Ask = Callable[..., Awaitable[Told]]


@pytest.fixture
def ask() -> Ask:
    """`await ask(tool, arguments, overlay, settings, world)`: one call of a server on an overlaid emulator."""

    async def call(
        tool: str,
        arguments: dict[str, Any],
        overlay: Overlay = Overlay(),  # noqa: B008  (frozen)
        settings: Settings | None = None,
        world: Emulator | None = None,
    ) -> Told:
        emulator = world or emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
        chosen = settings or emulator_settings()
        transport = OverlaidTransport(emulator, overlay)
        platform = PlatformClient(platform_config(chosen), transport=transport, sleep=no_wait)
        async with Client(build_server(chosen, client=platform, emulated=True)) as client:
            result = await client.call_tool(tool, arguments)
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        return Told(text, result.structured_content or {}, bool(result.is_error), transport.sent, emulator)

    return call
