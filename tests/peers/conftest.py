"""The emulator as a process of its own, and the `aepp` library configured to call it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aepp.flowservice import FlowService

from peers.pointing import PYTHON, REPOSITORY, aepp_at, signed_in
from peers.process import EmulatorProcess, FlowApi, running


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmulatorProcess]:
    """`aep-flow-mcp emulator` on a free port."""
    with running([PYTHON, "-m", "aep_flow_mcp", "emulator"], cwd=REPOSITORY) as process:
        yield process


@pytest.fixture(scope="session")
def api(emulator: EmulatorProcess) -> FlowApi:
    """The Flow Service by plain HTTP: what aepp says is compared with what this reads."""
    return signed_in(emulator.url)


@pytest.fixture(scope="session")
def aepp_flows(emulator: EmulatorProcess) -> Iterator[FlowService]:
    with aepp_at(emulator.url) as flows:
        yield flows
