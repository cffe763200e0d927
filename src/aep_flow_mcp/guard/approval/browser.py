"""Approval on a page that the server opens in the person's own browser, on this machine.

The address is known to the browser alone: it is in no answer, log line or error. It holds 256 random bits, works
for one page and one decision, for ten minutes. The first load is given a cookie, and whoever loads the page without
it afterwards ends the whole thing, so that a copied address is of no use and is noticed.
"""

from __future__ import annotations

import hmac
import secrets
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import anyio
import anyio.to_thread

from aep_flow_mcp.guard.approval.page import approval_page, message_page
from aep_flow_mcp.guard.changes.preview import Preview

LIFE = 600.0
"""Seconds for which the page waits."""
_LINGER = 5.0
"""Seconds for which a decided page still answers, with "no longer open"."""
_BODY_LIMIT = 4_096

Opener = Callable[[str], Awaitable[bool]]
"""Shows an address in a browser; False when there is none."""

NO_BROWSER = (
    "AEP_MCP_APPROVAL is browser, and no browser could be opened on this machine: nothing was sent. Run the server "
    "where a person has a browser, or set AEP_MCP_APPROVAL to human or two-step."
)
NOT_HERE = (
    "AEP_MCP_APPROVAL is browser, which works for a server on the person's own machine over stdio; this call came over "
    "HTTP: nothing was sent. Set AEP_MCP_APPROVAL to human or ask."
)


class Answer(Enum):
    """What came of the page."""

    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"
    SHARED = "shared"
    NO_BROWSER = "no browser"


SENTENCES = {
    Answer.EXPIRED: "Nobody decided on the approval page within ten minutes: nothing was sent.",
    Answer.SHARED: "The approval page was loaded from a second place, which ends it: nothing was sent.",
}


async def ask(preview: Preview, opener: Opener | None = None, *, life: float = LIFE) -> Answer:
    """Show the preview as a page, and wait for Approve or Decline."""
    desk = _Desk(preview)
    server = await anyio.to_thread.run_sync(_Server, desk)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        if not await (opener or open_browser)(desk.address):
            return Answer.NO_BROWSER
        # Closing the desk ends the wait of an abandoned thread.
        await anyio.to_thread.run_sync(desk.decided.wait, life, abandon_on_cancel=True)
        return desk.close()
    finally:
        desk.close()
        # A closed desk decides nothing; it stays for a moment to say so to a browser that reloads.
        closing = threading.Timer(_LINGER, server.end)
        closing.daemon = True
        closing.start()


async def open_browser(address: str) -> bool:
    """Open the person's browser. It runs apart from our standard streams: stdout belongs to the protocol.

    The address goes to the child through a pipe, not as an argument.
    """
    if not _has_screen():
        return False
    code = "import sys, webbrowser; sys.exit(0 if webbrowser.open(sys.stdin.readline().strip()) else 1)"

    def run() -> bool:
        try:
            done = subprocess.run(  # noqa: S603  (our own interpreter, a fixed program)
                [sys.executable, "-c", code],
                input=address.encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=15,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True  # Some browsers stay in the foreground until they are closed.
        except OSError:
            return False
        return done.returncode == 0

    return await anyio.to_thread.run_sync(run, abandon_on_cancel=True)


def _has_screen() -> bool:
    """Whether a browser would be seen: a text browser without a terminal would not."""
    import os

    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


@dataclass
class _Desk:
    """One question: its secrets and its answer. Threads of the page's server meet here."""

    preview: Preview
    port: int = 0
    path: str = field(default_factory=lambda: f"/{secrets.token_urlsafe(32)}", repr=False)
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    decided: threading.Event = field(default_factory=threading.Event)
    _answer: Answer | None = None
    _loaded: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"http://{self.host}{self.path}"

    def load(self, *, own: bool) -> bool:
        """Whether the page may be shown: the first time, and again to whom it was shown first."""
        with self._lock:
            if self._answer is not None:
                return False
            if self._loaded and not own:
                self._settle(Answer.SHARED)
                return False
            self._loaded = True
            return True

    def decide(self, answer: Answer) -> bool:
        """Take the decision; False when there is one already."""
        with self._lock:
            if self._answer is not None:
                return False
            self._settle(answer)
            return True

    def close(self) -> Answer:
        """The decision; from now on none is taken."""
        with self._lock:
            return self._answer or self._settle(Answer.EXPIRED)

    def _settle(self, answer: Answer) -> Answer:
        self._answer = answer
        self.decided.set()
        return answer


class _Server(ThreadingHTTPServer):
    """Listens on the loopback interface, on a port that the system chooses."""

    daemon_threads = True

    def __init__(self, desk: _Desk) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.desk = desk
        desk.port = self.server_address[1]

    def end(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A broken connection is no news, and a traceback could hold the address."""


class _Handler(BaseHTTPRequestHandler):
    """Answers the page's two requests and refuses everything else."""

    server: _Server
    timeout = 5
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        desk = self.server.desk
        site = self.headers.get("Sec-Fetch-Site", "none")
        if not self._addressed() or site not in ("none", "same-origin") or self._framed():
            return self._say(403, "Refused", "This address is not for you.")
        if not desk.load(own=self._own_cookie()):
            return self._say(
                410, "No longer open", "This page was used already, or loaded from another place."
            )
        nonce = secrets.token_urlsafe(16)
        page = approval_page(desk.preview, action=desk.path, token=desk.token, nonce=nonce)
        cookie = f"approval={desk.cookie}; Path={desk.path}; HttpOnly; SameSite=Strict; Max-Age={int(LIFE)}"
        self._send(200, page, nonce, {"Set-Cookie": cookie})
        return None

    def do_POST(self) -> None:
        desk = self.server.desk
        origin = self.headers.get("Origin", "")
        site = self.headers.get("Sec-Fetch-Site", "same-origin")
        form = self._form()
        genuine = (
            self._addressed()
            and origin == f"http://{desk.host}"
            and site == "same-origin"
            and self._own_cookie()
            and _same(form.get("token", ""), desk.token)
        )
        decision = {"approve": Answer.APPROVED, "decline": Answer.DECLINED}.get(form.get("decision", ""))
        if not genuine or decision is None:
            return self._say(403, "Refused", "This did not come from the approval page. Nothing was decided.")
        named = form.get("sandbox", "").strip() == desk.preview.sandbox
        if decision is Answer.APPROVED and desk.preview.production and not named:
            return self._say(
                403,
                "Not approved",
                "The sandbox's name was not typed. Nothing was decided; go back and type it.",
            )
        if not desk.decide(decision):
            return self._say(410, "No longer open", "This was decided already.")
        if decision is Answer.APPROVED:
            return self._say(200, "Approved", "The change is being sent. You can close this page.")
        return self._say(200, "Declined", "Nothing was sent. You can close this page.")

    def _addressed(self) -> bool:
        """The right host, against DNS rebinding, and the right address."""
        hosts = self.headers.get_all("Host") or []
        desk = self.server.desk
        return hosts == [desk.host] and _same(self.path, desk.path)

    def _framed(self) -> bool:
        return self.headers.get("Sec-Fetch-Dest", "document") != "document"

    def _own_cookie(self) -> bool:
        try:
            jar = SimpleCookie(self.headers.get("Cookie", ""))
        except CookieError:
            return False
        return "approval" in jar and _same(jar["approval"].value, self.server.desk.cookie)

    def _form(self) -> dict[str, str]:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdecimal() or int(length) > _BODY_LIMIT:
            return {}
        if self.headers.get_content_type() != "application/x-www-form-urlencoded":
            return {}
        pairs = parse_qs(self.rfile.read(int(length)).decode("ascii", "replace"), max_num_fields=5)
        return {name: values[0] for name, values in pairs.items() if len(values) == 1}

    def _say(self, status: int, title: str, sentence: str) -> None:
        nonce = secrets.token_urlsafe(16)
        self._send(status, message_page(title, sentence, nonce=nonce), nonce, {})

    def _send(self, status: int, page: str, nonce: str, headers: dict[str, str]) -> None:
        body = page.encode()
        self.send_response(status)
        for name, value in {**_security(nonce), **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """No word about what runs here."""
        return "approval"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a request line holds the address."""


def _security(nonce: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        # Not no-referrer: a browser would then send "Origin: null" with the form.
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
