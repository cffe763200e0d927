"""Tokens from IMS: one for the process, renewed before it expires and once more when it is refused."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import anyio
import httpx

from aep_flow_mcp.observing import NOBODY, Observer, Request
from aep_flow_mcp.observing.routes import SIGN_IN

from .config import Credentials, PlatformConfig
from .errors import ErrorKind, NotSent, PlatformError, parse_error
from .models.common import to_int
from .redaction.values import Redactor
from .wire.bodies import ACCEPTED, read_json
from .wire.journey import TRACE, Journey

MAY_REPEAT = "aep_may_repeat"
"""The extension of a request that says whether it may be sent once more, with a fresh token."""
_LEFT = "aep_left"
# No token lives this many seconds (115 days): such an `expires_in` is in milliseconds.
_MILLISECONDS_FROM = 10_000_000
_DEFAULT_LIFETIME = 3_600.0
_MARGIN = 300.0
# A token with no lifetime left would be fetched again for every request.
_SHORTEST_USE = 1.0
_AHEAD_OF_WRITES = 1.0
"""A write takes a fresh token so many margins earlier than a read, which may be repeated."""

HOW_TO_SIGN_IN = (
    "Set AEP_CLIENT_ID, AEP_CLIENT_SECRET and AEP_ORG_ID, "
    "or AEP_CONFIG_FILE with the JSON from Developer Console"
)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and the wall-clock second from which it counts as old, `margin` seconds before it is."""

    value: str = field(repr=False)
    renew_at: float
    margin: float = 0.0


class ImsAuth(httpx.Auth):
    """Puts the token on requests to Platform and fetches it when needed.

    The token request travels through the client that sends the request itself, and only to the
    configured IMS; the token only to the configured Platform host. One fetch serves all who wait. A 401 makes
    one fetch and one repetition of what only reads. A write is never repeated: it starts with a token that will
    last, and its 401 is an answer like any other, after which the token is not used again. A token that was
    supplied from outside cannot be renewed, so there a 401 is an error at once.

    Raises (from the request):
        NotSent: no token could be had (kind `auth`, or `unavailable` when IMS does not work).
        PlatformError: (auth) a supplied token was refused.
    """

    def __init__(
        self,
        config: PlatformConfig,
        *,
        clock: Callable[[], float] = time.time,
        redactor: Redactor | None = None,
        observer: Observer = NOBODY,
    ) -> None:
        self._config = config
        self._observer = observer
        self._redactor = redactor or Redactor()
        credentials = config.credentials
        for given in (credentials.client_secret, credentials.access_token) if credentials else ():
            if given is not None:
                self._redactor.learn(given.get_secret_value())
        self._clock = clock
        self._token: Token | None = None
        self._lock = anyio.Lock(fast_acquire=True)
        self._platform = _origin(config.platform_url)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if _origin(str(request.url)) != self._platform:
            raise NotSent(
                ErrorKind.UNEXPECTED,
                f"the token is not sent to {request.url.host}: that is not the configured Platform host",
            )
        credentials = require_credentials(self._config)
        if credentials.access_token is not None:
            response = yield _signed(request, credentials.access_token.get_secret_value())
            if response.status_code == httpx.codes.UNAUTHORIZED:
                raise _supplied_token_refused(request, response, self._redactor.body(await response.aread()))
            return
        may_repeat = request.extensions.get(MAY_REPEAT) is True
        refused: Token | None = None
        for _ in range(2 if may_repeat else 1):
            async with self._lock:
                token = self._usable(refused, ahead=0.0 if may_repeat else _AHEAD_OF_WRITES)
                if token is None:
                    seen = Request("POST", SIGN_IN)
                    with self._observer.request(seen):
                        answer = yield self._token_request(credentials)
                        seen.status = answer.status_code
                        said = await answer.aread()
                    token = self._token = self._accept(answer.status_code, answer.headers, said)
            response = yield _signed(request, token.value)
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return
            refused = token
            if may_repeat:
                await response.aread()
            elif self._token is token:
                self._token = None

    async def sign_in(self, send: Callable[[httpx.Request], Awaitable[httpx.Response]]) -> float | None:
        """Fetch a token if there is none; the epoch second of its renewal, None for a supplied token.

        For checking a configuration. Raises what a request would.
        """
        credentials = require_credentials(self._config)
        if credentials.access_token is not None:
            return None
        async with self._lock:
            token = self._usable(None)
            if token is None:
                seen = Request("POST", SIGN_IN)
                with self._observer.request(seen):
                    answer = await send(self._token_request(credentials))
                    seen.status = answer.status_code
                    said = await answer.aread()
                token = self._token = self._accept(answer.status_code, answer.headers, said)
        return token.renew_at

    @property
    def has_token(self) -> bool:
        """Whether there is a token that is used as it is; one that was supplied always is."""
        credentials = self._config.credentials
        supplied = credentials is not None and credentials.access_token is not None
        return supplied or self._usable(None) is not None

    def _usable(self, refused: Token | None, *, ahead: float = 0.0) -> Token | None:
        """The token, unless it is old or will be within so many margins."""
        token = self._token
        if token is None or token is refused or self._clock() >= token.renew_at - ahead * token.margin:
            return None
        return token

    def _token_request(self, credentials: Credentials) -> httpx.Request:
        secret = credentials.client_secret
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": secret.get_secret_value() if secret else "",
            "scope": ",".join(credentials.scopes),
        }
        limits = self._config.timeouts
        timeout = httpx.Timeout(
            connect=limits.connect, read=limits.read, write=limits.write, pool=limits.connect
        ).as_dict()
        return httpx.Request(
            "POST",
            self._config.token_url,
            data=form,
            headers={
                "accept": "application/json",
                "accept-encoding": ACCEPTED,
                "user-agent": self._config.user_agent,
            },
            # A request made outside the client has no timeout unless it brings one.
            extensions={"timeout": timeout, TRACE: Journey()},
        )

    def _accept(self, status: int, headers: httpx.Headers, body: bytes) -> Token:
        if status != httpx.codes.OK:
            raise _token_refused(self._config, status, headers, self._redactor.body(body))
        try:
            answer = read_json(body)
        except ValueError:
            answer = None
        value = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(answer, dict) or not isinstance(value, str) or not value:
            raise NotSent(
                ErrorKind.UNAVAILABLE,
                "IMS answered without a token",
                status=status,
                hint="Check that AEP_IMS_URL is the token service's address",
            )
        self._redactor.learn_token(value)
        lifetime = _lifetime(to_int(answer.get("expires_in")))
        margin = min(_MARGIN, lifetime / 10)
        return Token(value, self._clock() + max(_SHORTEST_USE, lifetime - margin), margin)


def require_credentials(config: PlatformConfig) -> Credentials:
    """The configured credentials.

    Raises:
        NotSent: (auth) there are none; the sentence names the variables to set.
    """
    if config.credentials is None:
        raise NotSent(
            ErrorKind.AUTH,
            config.credentials_problem or "No Adobe credentials are configured",
            hint=HOW_TO_SIGN_IN,
        )
    return config.credentials


def has_left(request: httpx.Request | None) -> bool:
    """Whether a request has begun to leave for Platform; before that it only waits for its token."""
    return request is not None and request.extensions.get(_LEFT) is True


def _lifetime(expires_in: int | None) -> float:
    """Seconds for which a token is good."""
    lifetime = _DEFAULT_LIFETIME if expires_in is None or expires_in <= 0 else float(expires_in)
    return lifetime / 1000 if lifetime > _MILLISECONDS_FROM else lifetime


def _signed(request: httpx.Request, token: str) -> httpx.Request:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise NotSent(
            ErrorKind.AUTH,
            "The access token holds characters that no token has",
            hint="Copy the token again, without quotes, spaces or line breaks",
        )
    request.headers["Authorization"] = f"Bearer {token}"
    request.extensions[_LEFT] = True
    return request


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _supplied_token_refused(request: httpx.Request, response: httpx.Response, body: bytes) -> PlatformError:
    error = parse_error(
        response.status_code,
        response.headers,
        body,
        method=request.method,
        path=request.url.path,
    )
    error.hint = (
        "The token in AEP_ACCESS_TOKEN was refused, it has probably expired: put a fresh one there, or "
        "configure AEP_CLIENT_ID and AEP_CLIENT_SECRET so that tokens are renewed"
    )
    return error


def _token_refused(config: PlatformConfig, status: int, headers: httpx.Headers, body: bytes) -> NotSent:
    error = parse_error(status, headers, body)
    # IMS refuses a request for a token only because of what the credential says.
    kind = ErrorKind.AUTH if 400 <= status < 500 and error.kind is not ErrorKind.RATE_LIMITED else error.kind
    return NotSent(
        kind,
        f"no token from IMS: {error.detail}",
        status=status,
        code=error.code,
        title=error.title,
        request_id=error.request_id,
        hint=error.hint if error.kind is kind else HOW_TO_SIGN_IN,
        method="POST",
        path=urlsplit(config.token_url).path,
        retry_after=error.retry_after,
    )
