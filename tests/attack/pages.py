"""A visit to the approval page, by the person and by others who have found its address."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import anyio.to_thread
import httpx

from attack.callers import Caller, edited
from attack.wishes import Wish
from support.approver import forwarded, leads_to

if TYPE_CHECKING:
    from attack.story import Story

FORGERIES = (
    "no token", "edited token", "no cookie", "edited cookie", "other origin", "no origin", "other host",
    "other path", "other site", "other decision", "no form", "second place",
)  # fmt: skip

# It keeps no cookies: who sends which is the attack.
_HTTP = httpx.Client(timeout=20, trust_env=False, cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])))


async def visit(story: Story, wish: Wish, caller: Caller, file: str) -> bool:
    """The page is open, or there is no browser. What is tried on it is drawn now; in the end the person decides."""
    if story.rng.random() < 0.05:
        return False
    forgeries = story.rng.sample(FORGERIES, story.rng.randrange(4))
    task = asyncio.create_task(_visited(story, wish, caller, file, forgeries))
    story.tasks.add(task)
    task.add_done_callback(partial(_over, story))
    return True


def _over(story: Story, task: asyncio.Task[None]) -> None:
    story.tasks.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        story.report.found.append(f"the visit of a page met {type(error).__name__}: {error}")


async def _visited(story: Story, wish: Wish, caller: Caller, file: str, forgeries: list[str]) -> None:
    approves = story.rng.random() < 0.7
    page = await anyio.to_thread.run_sync(_load, file)
    question = story.question(wish, caller, page.text)
    for kind in forgeries:
        story.report.attempts[f"page: {kind}"] += 1
        status = await anyio.to_thread.run_sync(page.forge, kind, edited(page.token, story.rng))
        if status < httpx.codes.BAD_REQUEST:
            story.report.found.append(f"the page took a forgery: {kind}, {status}")
        question.closed = question.closed or kind == "second place"
    story.report.attempts[f"page: {'approve' if approves else 'decline'}"] += 1
    if approves:
        now = asyncio.get_running_loop().time()
        story.judge.agreed(question, caller=caller.name, server=story.server_number, now=now)
    await anyio.to_thread.run_sync(page.press, "approve" if approves else "decline")
    story.report.attempts["page: decided before"] += 1
    await anyio.to_thread.run_sync(page.press, "approve")


class _Page:
    """What a browser knows of the page."""

    def __init__(self, address: str, cookie: str, loaded: httpx.Response) -> None:
        self.address = address
        self.text = loaded.text
        parts = urlsplit(address)
        self._origin, self._host = f"{parts.scheme}://{parts.netloc}", parts.netloc
        found = re.search(r'name="token" value="([^"]+)"', self.text)
        self.token = found[1] if found else ""
        self._cookie = cookie

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
            return _HTTP.post(address, headers=headers, **how).status_code
        except httpx.TransportError:
            return 599  # It listens no longer.

    def forge(self, kind: str, other_token: str) -> int:
        """An approval that is none."""
        if kind == "second place":
            return _get(self.address, "same-origin").status_code
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


def _get(address: str, site: str, cookie: str = "") -> httpx.Response:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "document", **({"Cookie": cookie} if cookie else {})}
    return _HTTP.get(address, headers=headers)


def _load(file: str) -> _Page:
    """From the file that a browser opens, by the ticket in it, to the page."""
    ticket = forwarded(file)
    entered = _get(ticket, "cross-site")
    cookie = entered.headers.get("set-cookie", "").split(";")[0]
    address = urljoin(ticket, leads_to(entered.text))
    return _Page(address, cookie, _get(address, "same-origin", cookie))
