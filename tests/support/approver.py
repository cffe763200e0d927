"""The person's browser at the approval page: one cookie jar, and headers as a browser sends them."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx

Headers = dict[str, str]


def forwarded(address: str) -> str:
    """Where the file leads that a browser was given."""
    assert address.startswith("file:///"), "an address that works must not be given to a browser"
    return leads_to(Path(url2pathname(urlsplit(address).path)).read_text("utf-8"))


def leads_to(page: str) -> str:
    """Where a page leads by itself."""
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page)
    assert found is not None, page
    return unescape(found[1])


class Page:
    """Opens the file, and follows it to the page; `address` is the page's own once it was loaded."""

    def __init__(self, file: str) -> None:
        self.ticket = forwarded(file)
        self.address = ""
        self.entered: httpx.Response | None = None
        found = re.match(r"http://[^/]+", self.ticket)
        assert found is not None
        self.origin = found[0]
        self.http = httpx.AsyncClient()

    async def enter(self, **headers: str) -> httpx.Response:
        """What the file leads to."""
        sent = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document", **_named(headers)}
        return await self.http.get(self.ticket, headers=sent)

    async def load(self, **headers: str) -> httpx.Response:
        """The page, by the way of the ticket the first time."""
        if not self.address:
            entered = self.entered = await self.enter(**headers)
            if entered.status_code != 200:
                return entered
            self.address = f"{self.origin}{leads_to(entered.text)}"
        sent = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document", **_named(headers)}
        return await self.http.get(self.address, headers=sent)

    async def press(
        self, decision: str, page: httpx.Response, *, token: str | None = None, **headers: str
    ) -> httpx.Response:
        """Press a button of the page; other headers or another token, where they are given."""
        found = re.search(r'name="token" value="([^"]+)"', page.text)
        form = {"token": token if token is not None else found[1] if found else "", "decision": decision}
        sent = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin", **_named(headers)}
        return await self.http.post(self.address, data=form, headers=sent)


def _named(headers: Headers) -> Headers:
    return {name.replace("_", "-"): value for name, value in headers.items()}
