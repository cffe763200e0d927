"""A person's browser before the approval page: keeps cookies, follows the way over the issuer, presses buttons."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urljoin

import httpx

from guard.bed import Result, call
from serving.bed import Served, flow_of, opened
from serving.issuer import Issuer

NAVIGATION = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}


@dataclass
class Browser:
    """One browser. subject: who sits before it, and signs in wherever it is asked for."""

    http: httpx.AsyncClient
    issuer: Issuer
    subject: str
    visited: list[str] = field(default_factory=list)
    page: str = ""
    address: str = ""

    async def open(self, address: str) -> httpx.Response:
        """Go to an address, and wherever that leads."""
        self.issuer.signs_in = self.subject
        for _ in range(6):
            answer = await self.http.get(address, headers=NAVIGATION)
            self.visited.append(address)
            if not answer.is_redirect:
                self.page, self.address = answer.text, address
                return answer
            address = urljoin(address, answer.headers["location"])
        raise AssertionError(f"it leads on and on: {self.visited}")

    @property
    def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.page)
        return unescape(found[1]) if found else ""

    async def press(self, decision: str, **changed: Any) -> httpx.Response:
        """Press a button of the page that is shown, or something like it."""
        form = {"token": changed.get("token", self.token), "decision": decision, **changed.get("form", {})}
        headers = {
            "Origin": urljoin(self.address, "/").rstrip("/"),
            "Sec-Fetch-Site": "same-origin",
            **NAVIGATION,
            **changed.get("headers", {}),
        }
        headers = {name: value for name, value in headers.items() if value}
        return await self.http.post(changed.get("address", self.address), data=form, headers=headers)

    async def decide(self, address: str, decision: str) -> httpx.Response:
        """Open the page and press a button."""
        opened = await self.open(address)
        return await self.press(decision) if DECIDES in opened.text else opened


@asynccontextmanager
async def browser(issuer: Issuer, subject: str) -> AsyncIterator[Browser]:
    async with httpx.AsyncClient(timeout=30, follow_redirects=False) as http:
        yield Browser(http, issuer, subject)


DECIDES = 'name="decision"'
"""On the approval page, and on no page that only says something."""


def page_in(result: Result) -> str:
    """The address that the answer of a write tool gives."""
    found = re.search(r"https?://\S+/approvals/[\w-]{43}", result.data["next_step"])
    assert found, result.text
    return found[0]


@asynccontextmanager
async def with_page(issuer: Issuer, **settings: Any) -> AsyncIterator[Served]:
    async with opened(issuer, **{"mcp_auth_client_id": "approval-page", **settings}) as door:
        yield door


def others(issuer: Issuer, **settings: Any) -> Any:
    return with_page(issuer, **{"mcp_approvers": "others", **settings})


async def waits(door: Served, issuer: Issuer, tool: str = "delete_flow") -> str:
    async with door.client(issuer.token("ada")) as ada:
        return page_in(await call(ada, tool, {"flow_id": flow_of(door)}))
