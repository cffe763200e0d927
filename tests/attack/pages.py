"""A visit to the approval page, by the person and by others who have found its address."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio.to_thread
import httpx

from attack.callers import edited
from attack.wishes import Wish

if TYPE_CHECKING:
    from attack.story import Story

FORGERIES = (
    "no token", "edited token", "no cookie", "edited cookie", "other origin", "no origin", "other host",
    "other path", "other site", "other decision", "no form", "second place",
)  # fmt: skip


class Visit:
    """One call's pages. What is tried on each is drawn when it opens; in the end the person decides."""

    def __init__(self, story: Story, wish: Wish, caller: str) -> None:
        self._story = story
        self._wish = wish
        self._caller = caller
        self._visits: set[asyncio.Task[None]] = set()

    async def opened(self, address: str) -> bool:
        """The page is open; it is visited while the server waits."""
        rng = self._story.rng
        if rng.random() < 0.05:
            return False
        forgeries = rng.sample(FORGERIES, rng.randrange(4))
        visit = asyncio.create_task(self._visit(address, forgeries, rng.random() < 0.7))
        self._visits.add(visit)
        self._story.tasks.add(visit)
        visit.add_done_callback(self._story.tasks.discard)
        return True

    async def _visit(self, address: str, forgeries: list[str], approves: bool) -> None:
        story = self._story
        page = await anyio.to_thread.run_sync(_load, address)
        question = story.question(self._wish, self._caller, page.text)
        for kind in forgeries:
            story.report.attempts[f"page: {kind}"] += 1
            status = await anyio.to_thread.run_sync(page.forge, kind, edited(page.token, story.rng))
            if status < httpx.codes.BAD_REQUEST:
                story.report.found.append(f"the page took a forgery: {kind}, {status}")
            question.closed = question.closed or kind == "second place"
        story.report.attempts[f"page: {'approve' if approves else 'decline'}"] += 1
        if approves:
            now = asyncio.get_running_loop().time()
            story.judge.agreed(question, caller=self._caller, server=story.server_number, now=now)
        await anyio.to_thread.run_sync(page.press, "approve" if approves else "decline")
        story.report.attempts["page: decided before"] += 1
        await anyio.to_thread.run_sync(page.press, "approve")


class _Page:
    """What a browser knows of the page."""

    def __init__(self, address: str, loaded: httpx.Response) -> None:
        self.address = address
        self.text = loaded.text
        parts = urlsplit(address)
        self._origin, self._host = f"{parts.scheme}://{parts.netloc}", parts.netloc
        found = re.search(r'name="token" value="([^"]+)"', self.text)
        self.token = found[1] if found else ""
        self._cookie = loaded.headers.get("set-cookie", "").split(";")[0]

    def press(self, decision: str, **changed: Any) -> int:
        """Press a button, or something like it; the status of the answer."""
        form = {"token": changed.get("token", self.token), "decision": decision, "sandbox": "dev"}
        headers = {
            "Origin": changed.get("origin", self._origin),
            "Host": changed.get("host", self._host),
            "Cookie": changed.get("cookie", self._cookie),
            "Sec-Fetch-Site": changed.get("site", "same-origin"),
        }
        headers = {name: value for name, value in headers.items() if value}
        address = self.address + changed.get("tail", "")
        how: dict[str, Any] = {"json": form} if changed.get("json") else {"data": form}
        try:
            return httpx.post(address, headers=headers, timeout=20, **how).status_code
        except httpx.TransportError:
            return 599  # It listens no longer.

    def forge(self, kind: str, other_token: str) -> int:
        """An approval that is none."""
        if kind == "second place":
            return _get(self.address).status_code
        changed: dict[str, dict[str, Any]] = {
            "no token": {"token": ""},
            "edited token": {"token": other_token},
            "no cookie": {"cookie": ""},
            "edited cookie": {"cookie": f"{self._cookie[:-1]}~"},
            "other origin": {"origin": "http://127.0.0.1:1"},
            "no origin": {"origin": ""},
            "other host": {"host": "evil.example"},
            "other path": {"tail": "x"},
            "other site": {"site": "cross-site"},
            "other decision": {},
            "no form": {"json": True},
        }
        return self.press("approved" if kind == "other decision" else "approve", **changed[kind])


def _get(address: str) -> httpx.Response:
    headers = {"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"}
    return httpx.get(address, headers=headers, timeout=20)


def _load(address: str) -> _Page:
    return _Page(address, _get(address))
