"""What browsers are answered below `/approvals`: to sign in, to see what waits, to approve or decline it."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aep_flow_mcp.guard import on_page
from aep_flow_mcp.guard.approval.page import approval_page, leaving, message_page, new_nonce, security_headers
from aep_flow_mcp.guard.execution.audit import AuditError
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.serving.approvals.browsers import Browsers, Session
from aep_flow_mcp.serving.approvals.provider import Provider
from aep_flow_mcp.serving.asgi import Asgi, Receive
from aep_flow_mcp.serving.signing_in.documents import IssuerUnavailable
from aep_flow_mcp.serving.signing_in.parts import PAGES, SignIn
from aep_flow_mcp.serving.signing_in.tokens import Refused
from aep_flow_mcp.store.kept import StoreDown, TooMany

if TYPE_CHECKING:
    from aep_flow_mcp.app import App
    from aep_flow_mcp.guard import Guard
    from aep_flow_mcp.guard.approval.waiting import Waiting

SIGNED_IN, SIGN_OUT = f"{PAGES}/signed-in", f"{PAGES}/sign-out"
_CHANGE = re.compile(rf"{PAGES}/([A-Za-z0-9_-]{{43}})")
_BODY_LIMIT = 4_096
_AT_ONCE = 64
WORKS = "This page works once, for an hour. What is approved is sent when whoever asked has it carried out."

logger = logging.getLogger(__name__)


class Pages:
    """The approval page in front of an application, which gets everything else.

    Args:
        app: what is not below `/approvals`.
        shared: what the server's profiles share, each with its guard.
        sign_in: how callers sign in, and where the page is.
    """

    def __init__(self, app: Asgi, shared: App, sign_in: SignIn) -> None:
        public = urlsplit(sign_in.page or "")
        self._app = app
        self._shared = shared
        self._host = public.netloc
        self._origin = f"{public.scheme}://{public.netloc}"
        self._prefix = public.path.removesuffix(PAGES)
        """What the proxy takes off the path."""
        self._provider = Provider(
            shared.settings, sign_in, f"{self._origin}{self._prefix}{SIGNED_IN}", redactor=shared.redactor
        )
        self._running = 0

    @property
    def _browsers(self) -> Browsers:
        return Browsers(self._shared.guard.store, at=f"{self._origin}{self._prefix}")

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path == PAGES or path.startswith(f"{PAGES}/")):
            return await self._app(scope, receive, send)
        if self._running >= _AT_ONCE:
            return await _said(503, "Busy", "Too many ask at once. Load the page again.")(
                scope, receive, send
            )
        self._running += 1
        try:
            answer = await self._answer(Request(scope, receive))
        finally:
            self._running -= 1
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.headers.getlist("host") != [self._host]:
            return _said(421, "Refused", "This page has another address.")
        if request.headers.get("sec-fetch-dest", "document") != "document":
            return _said(403, "Refused", "This page is shown in a window of its own only.")
        try:
            return await self._routed(request)
        except StoreDown as error:
            logger.warning("%s", error)
            return _said(
                503, "Not now", "What waits cannot be looked up now. Nothing was decided; try again later."
            )
        except IssuerUnavailable as error:
            logger.warning("%s", error)
            return _said(
                503, "Not now", "Nobody can sign in now: the issuer does not answer. Try again later."
            )
        except AuditError as error:
            logger.error("%s", error)
            return _said(
                503, "Not now", "The audit log cannot be written, so nothing is approved or sent now."
            )

    async def _routed(self, request: Request) -> Response:
        path = request.url.path
        if path == SIGNED_IN and request.method == "GET":
            return await self._signed_in(request)
        if path == SIGN_OUT and request.method == "POST":
            return await self._sign_out(request)
        change = _CHANGE.fullmatch(path)
        if change is None:
            return _said(404, "Not found", "Nothing is here. Use the address that your assistant has given.")
        if request.method == "GET":
            return await self._show(request, change[1])
        if request.method == "POST":
            return await self._decide(request, change[1])
        return _said(405, "Refused", "Nothing else can be done here.")

    # --- signing in ----------------------------------------------------------------------------------

    async def _begin(self, request: Request) -> Response:
        """To the issuer. Nobody who has not signed in learns whether anything waits here."""
        prompt = "login" if self._browsers.has_left(request.headers.get("cookie", "")) else None
        address, begun = await self._provider.begin(request.url.path, prompt=prompt)
        return _leading(address, [self._browsers.keep(begun)])

    async def _signed_in(self, request: Request) -> Response:
        """From the issuer back to the page. A sign-in that another browser began is none of this one's."""
        said = {name: values[0] for name, values in _fields(request.url.query).items() if len(values) == 1}
        begun = self._browsers.kept(request.headers.get("cookie", ""), said.get("state", ""))
        if begun is None or not _CHANGE.fullmatch(begun.back):
            return _said(
                400,
                "Not signed in",
                "This browser began no such sign-in, or too long ago. Open the page again.",
            )
        forgotten = self._browsers.forget(begun)
        if "error" in said:
            why = clean_text(said["error"], limit=100)
            return _said(403, "Not signed in", f"The issuer says: {why}. Nothing was decided.", [forgotten])
        try:
            someone = await self._provider.end(begun, said)
            cookie = await self._browsers.open(someone)
        except Refused as refused:
            logger.info("sign-in to the approval page: %s", refused)
            return _said(403, "Not signed in", f"{refused} Nothing was decided.", [forgotten])
        except TooMany:
            return _said(503, "Busy", "Too many have signed in. Try again later.", [forgotten])
        return _leading(
            f"{self._origin}{self._prefix}{begun.back}", [forgotten, cookie, self._browsers.back()]
        )

    async def _sign_out(self, request: Request) -> Response:
        session = await self._browsers.whose(request.headers.get("cookie", ""))
        if session is None or not self._genuine(request, session, await _form(request)):
            return _said(403, "Refused", "This did not come from the approval page.")
        cookies = await self._browsers.close(request.headers.get("cookie", ""))
        return _said(200, "Signed out", "Open the page again to sign in as somebody else.", cookies)

    # --- deciding ------------------------------------------------------------------------------------

    async def _show(self, request: Request, name: str) -> Response:
        session = await self._browsers.whose(request.headers.get("cookie", ""))
        if session is None:
            return await self._begin(request)
        guard, _ = await self._waiting(name)
        seen = await on_page.shown(guard, name, session.person)
        if seen.waiting is None:
            return self._answered(seen, session)
        nonce, asker = new_nonce(), seen.waiting.asker.shown
        page = approval_page(
            seen.waiting.preview,
            action=f"{self._prefix}{request.url.path}",
            token=session.token,
            nonce=nonce,
            asked=f"{asker} asks for this. You are signed in as {_shown(session)}.",
            works=WORKS,
            leave=self._leaving(session),
        )
        return _page(200, page, nonce)

    async def _decide(self, request: Request, name: str) -> Response:
        session = await self._browsers.whose(request.headers.get("cookie", ""))
        # Who has not signed in is not waited for: a body may take as long as its sender likes.
        form = await _form(request) if session is not None else {}
        approve = {"approve": True, "decline": False}.get(form.get("decision", ""))
        if session is None or approve is None or not self._genuine(request, session, form):
            return _said(
                403,
                "Refused",
                "This did not come from the approval page, or you were signed out. Nothing was decided.",
            )
        guard, waiting = await self._waiting(name)
        typed = form.get("sandbox", "").strip()
        if approve and waiting and waiting.preview.production and typed != waiting.preview.sandbox:
            sentence = "The sandbox's name was not typed. Nothing was decided; go back and type it."
            return _said(403, "Not approved", sentence)
        return self._answered(await on_page.decide(guard, name, session.person, approve=approve), session)

    def _genuine(self, request: Request, session: Session, form: Mapping[str, str]) -> bool:
        """Whether something was sent from a page of ours, by the browser whose session it is."""
        return (
            request.headers.getlist("origin") == [self._origin]
            and request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
            and hmac.compare_digest(form.get("token", "").encode("utf-8", "replace"), session.token.encode())
        )

    async def _waiting(self, name: str) -> tuple[Guard, Waiting | None]:
        """What waits under a name, and the guard of its profile; any guard where nothing does."""
        for one in self._shared.all:
            if (found := await one.guard.waiting.read(name)) is not None:
                return one.guard, found
        return self._shared.guard, None

    def _answered(self, seen: on_page.Answered, session: Session) -> Response:
        sentence, nonce = f"{seen.sentence} You are signed in as {_shown(session)}.", new_nonce()
        page = message_page(seen.title, sentence, nonce=nonce, leave=self._leaving(session))
        return _page(seen.status, page, nonce)

    def _leaving(self, session: Session) -> str:
        return leaving(f"{self._prefix}{SIGN_OUT}", session.token)


def _shown(session: Session) -> str:
    someone = session.person
    return f"{someone.name} ({someone.subject})" if someone.name else someone.subject


async def _form(request: Request) -> dict[str, str]:
    """The fields of a short form; nothing where it is none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _BODY_LIMIT:
            return {}
    if kind != "application/x-www-form-urlencoded":
        return {}
    fields = _fields(body.decode("ascii", "replace"))
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def _fields(text: str) -> dict[str, list[str]]:
    try:
        return parse_qs(text, max_num_fields=10)
    except ValueError:
        return {}


def _leading(address: str, cookies: Iterable[str]) -> Response:
    """Elsewhere, by GET."""
    answer = RedirectResponse(address, 303, security_headers(new_nonce()))
    return _with(answer, cookies)


def _said(status: int, title: str, sentence: str, cookies: Iterable[str] = ()) -> Response:
    nonce = new_nonce()
    return _with(_page(status, message_page(title, sentence, nonce=nonce), nonce), cookies)


def _page(status: int, page: str, nonce: str) -> Response:
    return Response(
        page.encode("utf-8", "replace"), status, security_headers(nonce), "text/html; charset=utf-8"
    )


def _with(answer: Response, cookies: Iterable[str]) -> Response:
    for cookie in cookies:
        answer.headers.append("Set-Cookie", cookie)
    return answer
