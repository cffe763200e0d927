"""One pooled HTTP client for the process: headers, retries, limits, and errors of one kind."""

from __future__ import annotations

import itertools
import json as jsonlib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import anyio
import httpx

from aep_flow_mcp.observing import NOBODY, Observer, Request

from .auth import MAY_REPEAT, ImsAuth, has_left, require_credentials
from .cache import TtlCache
from .config import PlatformConfig
from .errors import ErrorKind, NotSent, PlatformError
from .redaction.values import Redactor
from .urls import Params, check_path, check_sandbox, encode_query, invalid, needs_sandbox
from .waiting.patience import NotSentInTime, out_of_time, sign_of_life, time_for_read, time_for_write
from .waiting.retrying import Sleep, repeated
from .wire import bodies
from .wire.journey import TRACE, Journey, as_http, is_about, never_sent
from .wire.large import LARGE, MOST_ASIDE, Arrival, Lane, NoTurnError, Slot
from .wire.network import Egress
from .wire.outcome import Answer, Planned, crowded_out, lost, no_token, read_answer, unbounded

_READS = frozenset({"GET", "HEAD"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_MAX_URL = 16_000


class PlatformClient:
    """The client that everything shares.

    Args:
        config: addresses, credentials, bounds.
        transport: what carries requests instead of the network, for an emulator inside the process.
        sleep: waits between tries.
        clock: wall-clock seconds, for the token's lifetime.
        observer: told of each try of each request.

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
        observer: Observer = NOBODY,
    ) -> None:
        self.config = config
        self._observer = observer
        self.redactor = redactor or Redactor()
        """Knows the credentials, and every token that was fetched."""
        self.requests_sent = 0
        self.specs = TtlCache(config.spec_ttl)
        self._transport = transport
        self.egress = None if transport else Egress(config.network, redactor=self.redactor)
        """The way to the network; None where a transport carries requests instead."""
        self._sleep = sleep
        self._auth = ImsAuth(config, clock=clock, redactor=self.redactor, observer=observer)
        self._limiter = anyio.CapacityLimiter(config.max_concurrency)
        self._large = Lane()
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
        within: int = bodies.MOST_BYTES,
        form: bodies.Form = bodies.WHOLE,
    ) -> Answer:
        """Send one request and return its answer.

        Args:
            path: below the Platform URL, encoded (`urls.join_path` builds it from ids).
            json: the body; None sends none.
            sandbox: instead of the configured one.
            retry: None repeats GET only; True for a POST that only reads; False never repeats.
            within: bytes that the answer to a read may have.
            form: how `data` is made of the body.

        Raises:
            PlatformError: of any kind; a subclass where a write is concerned:
            NotSent: it never left. AnswerLost: it left, and whether it happened is not known.
        """
        planned = replace(self._plan(method, path, params, json, headers, sandbox), within=within, form=form)
        reads = planned.method in _READS if retry is None else retry
        if not reads:
            return await self._once(planned, reads=planned.method in _READS)
        return await self._repeated(planned)

    async def read_start(
        self, path: str, *, params: Params | None = None, sandbox: str | None = None, most: int
    ) -> Answer:
        """GET a file of any kind and length: `data` is a `FileStart` of its first bytes, at most `most` of them,
        without what is known to be secret: a reader cuts them further.

        Raises:
            PlatformError: as `request_json`.
        """
        planned = replace(self._plan("GET", path, params, None, {"accept": "*/*"}, sandbox), most=most)
        return await self._repeated(planned)

    async def _repeated(self, planned: Planned) -> Answer:
        tries = itertools.count()
        return await repeated(
            lambda: self._once(replace(planned, again=next(tries)), reads=True), self.config, self._sleep
        )

    @property
    def signed_in(self) -> bool:
        """Whether a request would go out at once, without asking IMS for a token first."""
        return self._auth.has_token

    async def sign_in(self) -> float | None:
        """Make sure of a token; the epoch second until which it is used, None for a supplied one."""
        client = self._client()
        try:
            with anyio.fail_after(min(self.config.timeouts.total, time_for_read())):
                return await self._auth.sign_in(lambda request: client.send(request, auth=None))
        except (httpx.HTTPError, ssl.SSLError) as error:
            broken = as_http(error, self.config.token_url)
            raise await self._unreachable(broken, self.config.token_url) from error
        except TimeoutError:
            raise no_token("no complete answer in time") from None
        except bodies.UnboundedBody as error:
            raise no_token(str(error)) from None

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
            if self.egress is None:
                self._http = self._make(transport=self._transport)
            else:
                urls = (self.config.platform_url, self.config.token_url)
                self._http = self.egress.client_for(urls, self._make)
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
                # Answers that wait for their turn keep their connection while others are sent.
                max_connections=self.config.max_concurrency + MOST_ASIDE,
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
    ) -> Planned:
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
        return Planned(verb, path, url, all_headers, body)

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

    async def _once(self, planned: Planned, *, reads: bool) -> Answer:
        """One try, inside the bounds on concurrency, on time and on memory."""
        with self._large.arrival() as arrival:
            response, body = await self._carried(planned, arrival, reads=reads)
            sign_of_life()
            try:
                try:
                    return read_answer(planned, response, body, reads=reads, redactor=self.redactor)
                except bodies.OtherFormError:
                    planned = await _as_whole(planned, arrival, body, reads=reads)
                    return read_answer(planned, response, body, reads=reads, redactor=self.redactor)
            except PlatformError as error:
                failed = error.with_traceback(None)
            # The frames of an error would hold the body until it is told of, and so would what led to it.
            del body
            failed.__context__ = failed.__cause__ = None
            raise failed

    async def _carried(
        self, planned: Planned, arrival: Arrival, *, reads: bool
    ) -> tuple[httpx.Response, bytes | bytearray]:
        """The answer to a request as it came."""
        client = self._client()
        request: httpx.Request | None = None
        limit = min(self.config.timeouts.total, time_for_read() if reads else time_for_write())
        try:
            if limit <= 0:
                raise out_of_time(0, method=planned.method, path=planned.path)
            with anyio.fail_after(limit):
                async with Slot(self._limiter) as arrival.slot:
                    seen = Request(planned.method, planned.path, planned.again)
                    with self._observer.request(seen):
                        request = client.build_request(
                            planned.method,
                            planned.url,
                            headers={**planned.headers, **seen.headers},
                            content=planned.body,
                            extensions={
                                MAY_REPEAT: reads,
                                bodies.START_ONLY: planned.most is not None,
                                TRACE: Journey(),
                            },
                        )
                        response = await client.send(request, stream=True)
                        seen.status = response.status_code
                        if planned.most is not None:
                            return response, await bodies.start_of(response, planned.most + 1)
                        most = planned.within if reads else LARGE  # What a write answers is one object.
                        body = await bodies.whole(response, arrival.grown, most)
                    await arrival.weighed(body, planned.form.weigh)
                    return response, body
        except (httpx.HTTPError, ssl.SSLError) as error:
            about = planned.url if has_left(request) else self.config.token_url
            raise await self._broken(planned, as_http(error, about), reads=reads) from error
        except TimeoutError:
            raise self._too_slow(planned, request, limit, reads=reads) from None
        except NoTurnError as error:
            raise crowded_out(planned, str(error), reads=reads) from None
        except bodies.UnboundedBody as error:
            raise unbounded(planned, str(error), left=has_left(request), reads=reads) from None
        except (httpx.InvalidURL, UnicodeError) as error:
            raise invalid(f"The request cannot be sent: {type(error).__name__}.") from error

    def _too_slow(
        self, planned: Planned, request: httpx.Request | None, limit: float, *, reads: bool
    ) -> PlatformError:
        """Nothing complete in time: who was waited for, and whether the request had left."""
        if request is None:
            return NotSentInTime(
                ErrorKind.UNAVAILABLE,
                f"not sent: {self.config.max_concurrency} requests before it wait for Adobe's answer",
                hint="Adobe may be slow at the moment: try again in a minute",
            ).about(planned.method, planned.path)
        if not has_left(request):
            return no_token(f"no complete answer within {limit:.0f} seconds", planned)
        if reads and limit < self.config.timeouts.total:
            return out_of_time(limit, method=planned.method, path=planned.path)
        return lost(planned, f"no complete answer within {limit:g} seconds", reads=reads)

    async def _broken(self, planned: Planned, error: httpx.HTTPError, *, reads: bool) -> PlatformError:
        """No usable answer: decide between never sent and lost."""
        if is_about(error, self.config.token_url):
            return (await self._unreachable(error, self.config.token_url)).about(planned.method, planned.path)
        if never_sent(error):
            return (await self._unreachable(error, self.config.platform_url)).about(
                planned.method, planned.path
            )
        words = (
            "no answer in time" if isinstance(error, httpx.TimeoutException) else "the connection broke off"
        )
        return lost(planned, f"{words} ({type(error).__name__})", reads=reads)

    async def _unreachable(self, error: httpx.HTTPError, url: str) -> NotSent:
        """Why Platform or IMS, whichever is at `url`, was not reached."""
        token = url == self.config.token_url
        what, variable = ("IMS", "AEP_IMS_URL") if token else ("Platform", "AEP_PLATFORM_URL")
        egress = self.egress or Egress(self.config.network)
        return await egress.unreachable(error, url, what, variable)


async def _as_whole(planned: Planned, arrival: Arrival, body: bytes | bytearray, *, reads: bool) -> Planned:
    """A request whose answer has not the expected form: it is read as any other, in its turn."""
    try:
        await arrival.weighed(body)
    except NoTurnError as error:
        raise crowded_out(planned, str(error), reads=reads) from None
    except bodies.UnboundedBody as error:
        raise unbounded(planned, str(error), left=True, reads=reads) from None
    return replace(planned, form=bodies.WHOLE)


def _header(variable: str, value: str) -> str:
    if not value.isascii() or not value.isprintable() or not value.strip():
        raise NotSent(
            ErrorKind.AUTH,
            f"{variable} holds characters that it cannot have",
            hint=f"Copy {variable} again, without quotes or line breaks",
        )
    return value
