"""The approval page as HTTP on the loopback interface: what is answered, and to whom."""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from aep_flow_mcp.guard.approval import peers
from aep_flow_mcp.guard.approval.desk import LIFE, Answer, Desk
from aep_flow_mcp.guard.approval.forwarding import forwarding_page
from aep_flow_mcp.guard.approval.page import approval_page, message_page, new_nonce, security_headers

_BODY_LIMIT = 4_096
_HEARD = 10.0
"""Seconds for which a decision waits for the call to take it, before the page says what it came to."""


class PageServer(ThreadingHTTPServer):
    """Listens on the loopback interface, on a port that the system chooses."""

    daemon_threads = True

    def __init__(self, desk: Desk) -> None:
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
    """Answers the three requests of the page and refuses everything else."""

    server: PageServer
    timeout = 5
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        desk = self.server.desk
        if not self._own_user():
            return self._foreign()
        if self._framed() or not self._hosted():
            return self._refuse()
        # A file has no origin, so that a browser calls what it leads to cross-site. The ticket is the proof.
        if _same(self.path, desk.ticket):
            return self._enter()
        if not _same(self.path, desk.path) or self._site("none") not in ("none", "same-origin"):
            return self._refuse()
        if not desk.show(own=self._own_cookie()):
            return self._closed()
        nonce = new_nonce()
        page = approval_page(desk.preview, action=desk.path, token=desk.token, nonce=nonce)
        return self._send(200, page, nonce, {})

    def do_POST(self) -> None:
        desk = self.server.desk
        if not self._own_user():
            return self._foreign()
        form = self._form()
        genuine = (
            self._hosted()
            and _same(self.path, desk.path)
            and self.headers.get("Origin", "") == f"http://{desk.host}"
            and self._site("same-origin") == "same-origin"
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
        return self._decide(decision)

    def _enter(self) -> None:
        """Let the first one in, by a page that leads on: from here on the browser is on its own site."""
        desk = self.server.desk
        if not desk.enter():
            return self._closed()
        nonce = new_nonce()
        page = forwarding_page("Approve a change?", desk.path)
        cookie = f"approval={desk.cookie}; Path={desk.path}; HttpOnly; SameSite=Strict; Max-Age={int(LIFE)}"
        return self._send(200, page, nonce, {"Set-Cookie": cookie})

    def _decide(self, decision: Answer) -> None:
        """Decide, and say what came of it: the call may have ended in the same moment."""
        desk = self.server.desk
        if not desk.decide(decision):
            return self._closed()
        desk.heard.wait(_HEARD)
        if desk.answer is not decision:
            return self._closed()
        if decision is Answer.APPROVED:
            return self._say(
                200,
                "Approved",
                "The change is being sent. If what it is about has changed meanwhile, you are asked again instead. "
                "You can close this page.",
            )
        return self._say(200, "Declined", "Nothing was sent. You can close this page.")

    def _own_user(self) -> bool:
        theirs, ours = self.client_address, self.connection.getsockname()
        return peers.is_own((ours[0], ours[1]), (theirs[0], theirs[1]))

    def _hosted(self) -> bool:
        """The right host, against DNS rebinding."""
        return self.headers.get_all("Host") == [self.server.desk.host]

    def _site(self, default: str) -> str:
        return self.headers.get("Sec-Fetch-Site", default)

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

    def _closed(self) -> None:
        self._say(410, "No longer open", self.server.desk.closed)

    def _refuse(self) -> None:
        self._say(403, "Refused", "This address is not for you.")

    def _foreign(self) -> None:
        self._say(403, "Refused", "This page belongs to another user of this machine. Nothing was decided.")

    def _say(self, status: int, title: str, sentence: str) -> None:
        nonce = new_nonce()
        self._send(status, message_page(title, sentence, nonce=nonce), nonce, {})

    def _send(self, status: int, page: str, nonce: str, headers: dict[str, str]) -> None:
        body = page.encode()
        self.send_response(status)
        for name, value in {**security_headers(nonce), **headers}.items():
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


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
