"""Another MCP server, as a process of its own, on the emulator of an organisation over a real socket."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import uvicorn
from mcp import Client, StdioServerParameters

from evals.loop import Person
from evals.organisation import Organisation
from evals.plan import OTHER, SANDBOX
from support.processes import EMULATOR_CREDENTIALS, free_port


def present() -> datetime:
    """The time of an organisation whose server has a clock of its own, to the minute."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


@asynccontextmanager
async def peer(command: str, organisation: Organisation, person: Person) -> AsyncIterator[Client]:
    """A client of the server that a command starts. It is told where Adobe is by AEP_PLATFORM_URL and AEP_IMS_URL."""
    port = free_port()
    config = uvicorn.Config(organisation.emulator.app, port=port, log_level="critical", lifespan="off")
    serving = uvicorn.Server(config)
    task = asyncio.create_task(serving.serve())
    url = f"http://127.0.0.1:{port}"
    first, *rest = shlex.split(command)
    environment = {
        **os.environ,
        **EMULATOR_CREDENTIALS,
        "AEP_SANDBOX": SANDBOX,
        "AEP_SANDBOXES": f"{SANDBOX},{OTHER}",
        "AEP_PLATFORM_URL": url,
        "AEP_IMS_URL": url,
    }
    try:
        while not serving.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.02)
        parameters = StdioServerParameters(command=first, args=rest, env=environment)
        async with Client(parameters, elicitation_callback=person) as client:
            yield client
    finally:
        serving.should_exit = True
        await task
