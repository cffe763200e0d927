"""A plain HTTP client of an emulator, for tests that speak to it without the client of this package."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from contract.bodies import Json
from contract.wire import Recorder

PLATFORM = "https://platform.test"
FLOW_SERVICE = "/data/foundation/flowservice"
CLIENT_ID = "emulator-client"
CLIENT_SECRET = "emulator-secret"
ORGANISATION = "0123456789ABCDEF01234567@AdobeOrg"


@dataclass
class Caller:
    """A plain HTTP client of one emulator that insists on success, or on the error it asked for."""

    client: httpx.AsyncClient
    recorder: Recorder

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Any = None,
        expect: int = 0,
        **headers: str,
    ) -> Any:
        """The JSON answer. `expect` is a status, or 0 for any success; `If_Match=` is that header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("/data/") else FLOW_SERVICE + path
        answer = await self.client.request(method, url, json=body, params=query, headers=named)
        fine = answer.status_code == expect if expect else answer.is_success
        assert fine, f"{method} {path} {query} -> {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    async def first(self, collection: str, *filters: str) -> Json:
        """The first item of a collection that meets all filters."""
        answer = await self("GET", f"/{collection}", query=[("property", f) for f in filters])
        assert answer["items"], f"no {collection} with {filters}"
        item: Json = answer["items"][0]
        return item

    async def item(self, path: str) -> Json:
        (item,) = (await self("GET", path))["items"]
        found: Json = item
        return found

    async def patch(self, path: str, *operations: Json) -> Any:
        return await self("PATCH", path, body=list(operations), If_Match=(await self.item(path))["etag"])


@asynccontextmanager
async def signed_in(emulator: Emulator, *, sandbox: str = "dev") -> AsyncIterator[Caller]:
    """A caller with a token of the emulator's own IMS; what it sends and gets is in its recorder."""
    recorder = Recorder(EmulatorTransport(emulator))
    async with httpx.AsyncClient(transport=recorder, base_url=PLATFORM) as client:
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "scope": "openid,AdobeID",
        }
        token = (await client.post("/ims/token/v3", data=form)).json()["access_token"]
        client.headers.update(
            {
                "Authorization": f"Bearer {token}",
                "x-api-key": CLIENT_ID,
                "x-gw-ims-org-id": ORGANISATION,
                "x-sandbox-name": sandbox,
            }
        )
        yield Caller(client, recorder)
