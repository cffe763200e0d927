"""IMS and Platform on a wire of the test's own: records what arrives, answers what the test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from pydantic import SecretStr

from aep_flow_mcp.platform.config import Credentials, PlatformConfig
from aep_flow_mcp.platform.transport import PlatformClient

SECRET = "s3cr3t-of-the-test"
TOKEN = "token-of-the-test"

Handler = Callable[[httpx.Request], Any]


class Wire:
    """Plays IMS and Platform: records what arrives, answers with what the test said."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.tokens: list[httpx.Request] = []
        self.answers: list[Any] = []
        self.handler: Handler | None = None
        self.expires_in: object = 86_399
        self.slept: list[float] = []
        self.now = 1_700_000_000.0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/ims/token/v3":
            self.tokens.append(request)
            number = len(self.tokens)
            return httpx.Response(
                200, json={"access_token": f"{TOKEN}-{number}", "expires_in": self.expires_in}
            )
        self.requests.append(request)
        if self.handler is not None:
            answer = self.handler(request)
        else:
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def client(self, **changes: Any) -> PlatformClient:
        values: dict[str, Any] = {
            "platform_url": "https://platform.test",
            "ims_url": "https://ims.test",
            "credentials": Credentials(
                client_id="me", org_id="ORG@AdobeOrg", client_secret=SecretStr(SECRET)
            ),
            "sandbox": "dev",
            "sandboxes": ("stage",),
            **changes,
        }
        return PlatformClient(
            PlatformConfig(**values),
            transport=httpx.MockTransport(self),
            sleep=self.sleep,
            clock=lambda: self.now,
        )
