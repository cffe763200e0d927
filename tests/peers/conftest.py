"""The emulator as a process of its own, and the `aepp` library configured to call it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import aepp
import pytest
from aepp.flowservice import FlowService

from peers.process import EmulatorProcess, FlowApi, running

REPOSITORY = Path(__file__).resolve().parents[2]
CLIENT_ID = "emulator-client"
CLIENT_SECRET = "emulator-secret"
ORGANISATION = "0123456789ABCDEF01234567@AdobeOrg"
SANDBOX = "dev"
SCOPES = "openid,session,AdobeID,read_organizations,additional_info.projectedProductContext"


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmulatorProcess]:
    """`aep-flow-mcp emulator` on a free port, by the project's own Python (AEP_FLOW_PYTHON: another)."""
    python = os.environ.get("AEP_FLOW_PYTHON", str(REPOSITORY / ".venv" / "bin" / "python"))
    with running([python, "-m", "aep_flow_mcp", "emulator"], cwd=REPOSITORY) as process:
        yield process


@pytest.fixture(scope="session")
def api(emulator: EmulatorProcess) -> FlowApi:
    """The Flow Service by plain HTTP: what aepp says is compared with what this reads."""
    return FlowApi.sign_in(
        emulator.url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        organisation=ORGANISATION,
        scopes=SCOPES,
        sandbox=SANDBOX,
    )


@pytest.fixture(scope="session")
def aepp_flows(emulator: EmulatorProcess) -> FlowService:
    """aepp, pointed at the emulator by two settings: its own `endpoint` argument and the token address.

    Its environment `support` alone takes an endpoint, and even there the token address is Adobe's.
    """
    aepp.configure(
        org_id=ORGANISATION,
        client_id=CLIENT_ID,
        secret=CLIENT_SECRET,
        scopes=SCOPES,
        sandbox=SANDBOX,
        environment="support",
        endpoint=emulator.url,
        retry=0,
    )
    aepp.config.config_object["oauthTokenEndpointV2"] = f"{emulator.url}/ims/token/v3"
    return FlowService()
