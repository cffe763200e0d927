"""One pooled HTTP client for the process: headers, retries, limits, and errors of one kind."""

from __future__ import annotations

import json as jsonlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn
from urllib.parse import urlsplit

import anyio
import httpx

from .auth import MAY_REPEAT, ImsAuth, has_left, require_credentials
from .cache import TtlCache
from .config import PlatformConfig
from .errors import AnswerLost, ErrorKind, NotSent, PlatformError, first_bytes, outcome_unknown, parse_error
from .redaction.values import Redactor
from .urls import Params, check_path, check_sandbox, encode_query, invalid, needs_sandbox
from .waiting.patience import NotSentInTime, out_of_time, sign_of_life, time_for_read, time_for_write
from .waiting.retrying import Sleep, repeated
from .wire import bodies
from .wire.network import client_for, unreachable

_READS = frozenset({"GET", "HEAD"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_MAX_URL = 16_000


ReadBody = Callable[[bytes], Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: `data` is the parsed body or None. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    data: Any

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")


@dataclass(frozen=True, slots=True)
class _Planned:
    """A request before it is sent."""

    method: str
    path: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = None
    most: int | None = None
    """Read no more bytes of the answer than this, and leave them as they are."""
    read: ReadBody = bodies.read_json


class PlatformClient:
    """The client that everything shares.

    Args:
        config: addresses, credentials, bounds.
        transport: what carries requests instead of the network, for an emulator inside the process.
        sleep: waits between tries.
        clock: wall-clock seconds, for the token's lifetime.

    Nothing is opened before the first request. `requests_sent` counts every HTTP request that went out,
    token requests included. `specs` is the cache of what changes rarely, shared by readers and writer.
    """

    def __init__(
        self,
        config: PlatformConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Sleep = anyio.sleep,
        clock: Callable[[], float] = time.time,
        redactor: Redactor | None = None,
    ) -> None:
        self.config = config
        self.redactor = redactor or Redactor()
        """Knows the credentials, and every token that was fetched."""
        self.requests_sent = 0
        self.specs = TtlCache(config.spec_ttl)
        self._transport = transport
        self._sleep = sleep
        self._auth = ImsAuth(config, clock=clock, redactor=self.redactor)
        self._limiter = anyio.CapacityLimiter(config.max_concurrency)
        self._http: httpx.AsyncClient | None = None
        self._closed = False

    async def request_json(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        sandbox: str | None = None,
        retry: bool | None = None,
        read: ReadBody = bodies.read_json,
    ) -> Answer:
        """Send one request and return its answer.

        Args:
            path: below the Platform URL, encoded (`urls.join_path` builds it from ids).
            json: the body; None sends none.
            sandbox: instead of the configured one.
            retry: None repeats GET only; True for a POST that only reads; False never repeats.
            read: makes `data` of the body; raises what `bodies.read_json` does.

        Raises:
            PlatformError: of any kind; a subclass where a write is concerned:
            NotSent: it never left. AnswerLost: it left, and whether it happened is not known.
        """
        planned = self._plan(method, path, params, json, headers, sandbox)
        if read is not bodies.read_json:
            planned = replace(planned, read=read)
        reads = planned.method in _READS if retry is None else retry
        if not reads:
            return await self._once(planned, reads=planned.method in _READS)
        return await repeated(lambda: self._once(planned, reads=True), self.config, self._sleep)

    async def read_start(
        self, path: str, *, params: Params | None = None, sandbox: str | None = None, most: int
    ) -> Answer:
        """GET a file of any kind and length: `data` is a `FileStart` of its first bytes, at most `most` of them,
        without what is known to be secret: a reader cuts them further.

        Raises:
            PlatformError: as `request_json`.
        """
        planned = replace(self._plan("GET", path, params, None, {"accept": "*/*"}, sandbox), most=most)
        return await repeated(lambda: self._once(planned, reads=True), self.config, self._sleep)

    async def sign_in(self) -> float | None:
        """Make sure of a token; the epoch second until which it is used, None for a supplied one."""
        client = self._client()
        try:
            with anyio.fail_after(min(self.config.timeouts.total, time_for_read())):
                return await self._auth.sign_in(lambda request: client.send(request, auth=None))
        except httpx.HTTPError as error:
            raise unreachable(error, self.config.token_url, "IMS", "AEP_IMS_URL") from error
        except TimeoutError:
            raise _no_token("no complete answer in time") from None
        except bodies.UnboundedBody as error:
            raise _no_token(str(error)) from None

    async def aclose(self) -> None:
        """Close the pool. Further requests fail."""
        self._closed = True
        if self._http is not None:
            await self._http.aclose()

    async def __aenter__(self) -> PlatformClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _client(self) -> httpx.AsyncClient:
        if self._closed:
            raise NotSent(
                ErrorKind.UNEXPECTED, "The connection to Platform was closed; the server is stopping"
            )
        if self._http is None:
            if self._transport is not None:
                self._http = self._make(transport=self._transport)
            else:
                self._http = client_for((self.config.platform_url, self.config.token_url), self._make)
        return self._http

    def _make(self, **how: Any) -> httpx.AsyncClient:
        limits = self.config.timeouts
        return httpx.AsyncClient(
            auth=self._auth,
            follow_redirects=False,
            timeout=httpx.Timeout(
                connect=limits.connect, read=limits.read, write=limits.write, pool=limits.total
            ),
            limits=httpx.Limits(
                max_connections=self.config.max_concurrency,
                max_keepalive_connections=self.config.max_concurrency,
            ),
            event_hooks={"request": [self._count], "response": [bodies.bound]},
            **how,
        )

    async def _count(self, _: httpx.Request) -> None:
        self.requests_sent += 1

    def _plan(
        self,
        method: str,
        path: str,
        params: Params | None,
        json: Any,
        headers: Mapping[str, str] | None,
        sandbox: str | None,
    ) -> _Planned:
        """Everything that can be decided without I/O: URL, headers, body."""
        verb = method.upper()
        if verb not in _METHODS:
            raise invalid(f"{verb} is not a method that is used here.")
        check_path(path)
        query = encode_query(params)
        url = f"{self.config.platform_url.rstrip('/')}{path}" + (f"?{query}" if query else "")
        if len(url) > _MAX_URL:
            raise invalid("The request is too long; filter by fewer values at a time.")
        all_headers = self._headers(path, sandbox)
        body = None
        if json is not None:
            body = jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
            all_headers["content-type"] = "application/json"
        all_headers.update({name.lower(): value for name, value in (headers or {}).items()})
        return _Planned(verb, path, url, all_headers, body)

    def _headers(self, path: str, sandbox: str | None) -> dict[str, str]:
        credentials = require_credentials(self.config)
        headers = {
            "accept": "application/json",
            "accept-encoding": bodies.ACCEPTED,
            "user-agent": self.config.user_agent,
            "x-api-key": _header("AEP_CLIENT_ID", credentials.client_id),
            "x-gw-ims-org-id": _header("AEP_ORG_ID", credentials.org_id),
        }
        name = sandbox or self.config.sandbox
        if name:
            headers["x-sandbox-name"] = check_sandbox(name)
        elif needs_sandbox(path):
            # Without the header Adobe falls back to the production sandbox.
            raise invalid(
                "No sandbox is configured, and none is guessed.", hint="Set AEP_SANDBOX to a sandbox's name"
            )
        return headers

    async def _once(self, planned: _Planned, *, reads: bool) -> Answer:
        """One try, inside the bounds on concurrency and on time."""
        client = self._client()
        request: httpx.Request | None = None
        limit = min(self.config.timeouts.total, time_for_read() if reads else time_for_write())
        try:
            if limit <= 0:
                raise out_of_time(0, method=planned.method, path=planned.path)
            with anyio.fail_after(limit):
                async with self._limiter:
                    request = client.build_request(
                        planned.method,
                        planned.url,
                        headers=planned.headers,
                        content=planned.body,
                        extensions={MAY_REPEAT: reads, bodies.START_ONLY: planned.most is not None},
                    )
                    if planned.most is None:
                        response = await client.send(request)
                        body = bodies.check_read(response.content)
                        # The stream knows its response: a circle that would keep the body until a collection.
                        response.stream = httpx.ByteStream(b"")
                    else:
                        response = await client.send(request, stream=True)
                        body = await bodies.start_of(response, planned.most + 1)
        except httpx.HTTPError as error:
            self._raise_broken(planned, error, reads=reads)
        except TimeoutError:
            raise self._too_slow(planned, request, limit, reads=reads) from None
        except bodies.UnboundedBody as error:
            raise _unbounded(planned, str(error), left=has_left(request), reads=reads) from None
        except (httpx.InvalidURL, UnicodeError) as error:
            raise invalid(f"The request cannot be sent: {type(error).__name__}.") from error
        sign_of_life()
        return _read(planned, response, body, reads=reads, redactor=self.redactor)

    def _too_slow(
        self, planned: _Planned, request: httpx.Request | None, limit: float, *, reads: bool
    ) -> PlatformError:
        """Nothing complete in time: who was waited for, and whether the request had left."""
        if request is None:
            return NotSentInTime(
                ErrorKind.UNAVAILABLE,
                f"not sent: {self.config.max_concurrency} requests before it wait for Adobe's answer",
                hint="Adobe may be slow at the moment: try again in a minute",
            ).about(planned.method, planned.path)
        if not has_left(request):
            return _no_token(f"no complete answer within {limit:.0f} seconds", planned)
        if reads and limit < self.config.timeouts.total:
            return out_of_time(limit, method=planned.method, path=planned.path)
        return _lost(planned, f"no complete answer within {limit:g} seconds", reads=reads)

    def _raise_broken(self, planned: _Planned, error: httpx.HTTPError, *, reads: bool) -> NoReturn:
        """No usable answer: decide between never sent and lost."""
        if _on_the_way_to_token(error, self.config.token_url):
            failure = unreachable(error, self.config.token_url, "IMS", "AEP_IMS_URL")
            raise failure.about(planned.method, planned.path) from error
        if isinstance(error, _NEVER_SENT):
            failure = unreachable(error, self.config.platform_url, "Platform", "AEP_PLATFORM_URL")
            raise failure.about(planned.method, planned.path) from error
        words = (
            "no answer in time" if isinstance(error, httpx.TimeoutException) else "the connection broke off"
        )
        raise _lost(planned, f"{words} ({type(error).__name__})", reads=reads) from error


_REFUSED_WRITE = (
    "It was not carried out, and not sent again: the next call takes a fresh token, so call the tool again"
)
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


def _header(variable: str, value: str) -> str:
    if not value.isascii() or not value.isprintable() or not value.strip():
        raise NotSent(
            ErrorKind.AUTH,
            f"{variable} holds characters that it cannot have",
            hint=f"Copy {variable} again, without quotes or line breaks",
        )
    return value


def _on_the_way_to_token(error: httpx.HTTPError, token_url: str) -> bool:
    try:
        url = error.request.url
    except RuntimeError:
        return False
    return str(url).split("?")[0] == token_url


def _no_token(words: str, planned: _Planned | None = None) -> NotSentInTime:
    failure = NotSentInTime(
        ErrorKind.UNAVAILABLE,
        f"not sent: no token from IMS, {words}",
        hint="Check the network, any proxy, and AEP_IMS_URL; IMS may be slow at the moment",
    )
    return failure.about(planned.method, planned.path) if planned else failure


def _unbounded(planned: _Planned, words: str, *, left: bool, reads: bool) -> PlatformError:
    """An answer that was not read to its end. The same again would be as long."""
    if not left:
        return _no_token(words, planned)
    if not reads:
        return _lost(planned, words, reads=False)
    return PlatformError(
        ErrorKind.UNEXPECTED,
        f"{words}, and was not read",
        hint="Ask for less at once: a smaller limit, or a single object",
    ).about(planned.method, planned.path)


def _lost(planned: _Planned, words: str, *, reads: bool, status: int | None = None) -> PlatformError:
    if reads:
        return PlatformError(
            ErrorKind.UNAVAILABLE,
            words,
            status=status,
            hint="Try again in a moment; ask for less at once if it stays",
        ).about(planned.method, planned.path)
    return AnswerLost(
        ErrorKind.UNAVAILABLE,
        f"{words}, so it is not known whether it happened",
        status=status,
        hint="Look at the current state before you repeat it",
    ).about(planned.method, planned.path)


def _read(
    planned: _Planned, response: httpx.Response, body: bytes, *, reads: bool, redactor: Redactor
) -> Answer:
    """The answer behind a complete response, or the error that it is."""
    status = response.status_code
    if 300 <= status < 400:
        target = urlsplit(response.headers.get("location", "")).hostname or "another place"
        redirected = PlatformError(
            ErrorKind.UNEXPECTED,
            f"a redirect to {target} was not followed: the token goes to the configured host only",
            status=status,
            hint="Check AEP_PLATFORM_URL",
        ).about(planned.method, planned.path)
        raise redirected if reads else _as_lost(planned, redirected)
    if status >= 400 or status < 200:
        # Before anything is cut: half a secret can no longer be found.
        body = redactor.body(body)
        error = parse_error(status, response.headers, body, method=planned.method, path=planned.path)
        if status == httpx.codes.UNAUTHORIZED and not reads:
            error.hint = f"{_REFUSED_WRITE}. {error.hint}"
        raise _as_lost(planned, error) if not reads and outcome_unknown(error) else error
    headers = {name.lower(): value for name, value in response.headers.items()}
    if planned.most is not None:
        start = bodies.FileStart(redactor.body(body[: planned.most]), len(body) <= planned.most)
        return Answer(status, headers, start)
    if not body.strip() and (not reads or status == httpx.codes.NO_CONTENT or planned.method == "HEAD"):
        return Answer(status, headers, None)
    try:
        return Answer(status, headers, planned.read(body))
    except bodies.UnboundedJson as error:
        raise _unbounded(planned, str(error), left=True, reads=reads) from None
    except ValueError:
        raise _unreadable(planned, status, redactor.body(body), reads=reads) from None


def _as_lost(planned: _Planned, error: PlatformError) -> AnswerLost:
    return AnswerLost(
        error.kind,
        f"{error.detail}; it is not known whether it happened",
        status=error.status,
        code=error.code,
        title=error.title,
        request_id=error.request_id,
        hint="Look at the current state before you repeat it",
        retry_after=error.retry_after,
    ).about(planned.method, planned.path)


def _unreadable(planned: _Planned, status: int, body: bytes, *, reads: bool) -> PlatformError:
    """A success whose body cannot be read: cut JSON is a broken connection, anything else is no Platform."""
    start = body.lstrip()[:1]
    if not body.strip():
        words = "the answer has no body"
    elif start in (b"{", b"["):
        words = "the answer's JSON is incomplete or damaged"
    elif reads:
        error = PlatformError(
            ErrorKind.UNEXPECTED,
            f"the answer is not JSON; it begins with: {first_bytes(body)}",
            status=status,
            hint="Check AEP_PLATFORM_URL and any proxy in front of it",
        ).about(planned.method, planned.path)
        error.repeatable = True
        return error
    else:
        words = f"the answer is not JSON ({first_bytes(body, limit=80)})"
    return _lost(planned, words, reads=reads, status=status)
