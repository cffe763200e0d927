"""The `aepp` library and a plain HTTP client, both pointed at an emulator."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aepp
from aepp import config
from aepp.flowservice import FlowService

from peers.process import FlowApi

REPOSITORY = Path(__file__).resolve().parents[2]
CLIENT_ID = "emulator-client"
CLIENT_SECRET = "emulator-secret"
ORGANISATION = "0123456789ABCDEF01234567@AdobeOrg"
SANDBOX = "dev"
SCOPES = "openid,session,AdobeID,read_organizations,additional_info.projectedProductContext"


PYTHON = os.environ.get("AEP_FLOW_PYTHON", str(REPOSITORY / ".venv" / "bin" / "python"))
"""The project's own Python; the emulator runs in it, as a process of its own."""


def signed_in(url: str) -> FlowApi:
    return FlowApi.sign_in(
        url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        organisation=ORGANISATION,
        scopes=SCOPES,
        sandbox=SANDBOX,
    )


@contextmanager
def aepp_at(url: str) -> Iterator[FlowService]:
    """aepp, pointed at an emulator by two settings: its own `endpoint` argument and the token address.

    Its environment `support` alone takes an endpoint, and even there the token address is Adobe's. All of it
    is state of its modules, so what was there before comes back at the end.
    """
    before = [(held, copy.deepcopy(held)) for held in (config.config_object, config.header, config.endpoints)]
    aepp.configure(
        org_id=ORGANISATION,
        client_id=CLIENT_ID,
        secret=CLIENT_SECRET,
        scopes=SCOPES,
        sandbox=SANDBOX,
        environment="support",
        endpoint=url,
        retry=0,
    )
    config.config_object["oauthTokenEndpointV2"] = f"{url}/ims/token/v3"
    try:
        yield FlowService()
    finally:
        for held, kept in before:
            held.clear()
            held.update(kept)
