"""How far a request came: what the HTTP client tells of it, so that an error says what failed, and whether it left."""

from __future__ import annotations

import ssl
from enum import IntEnum
from typing import Any

import httpx

TRACE = "trace"
"""The extension of a request by which the client tells."""


class Stage(IntEnum):
    """What a request was about to do when it ended."""

    WAITING = 0
    CONNECTING = 1
    FIRST_TLS = 2
    """TLS with whoever was connected to: the proxy, if there is one."""
    TUNNEL = 3
    """The proxy was asked for a tunnel."""
    TLS = 4
    """TLS with the host through the tunnel."""
    SENT = 5


class Journey:
    """The `trace` of one request."""

    __slots__ = ("stage",)

    def __init__(self) -> None:
        self.stage = Stage.WAITING

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        if not event.endswith(".started"):
            return
        source, _, step = event.removesuffix(".started").partition(".")
        if step == "connect_tcp":
            self.stage = Stage.CONNECTING
        elif step == "start_tls":
            self.stage = Stage.FIRST_TLS if source == "connection" else Stage.TLS
        elif step == "setup_socks5_connection":
            self.stage = Stage.TUNNEL
        elif step == "send_request_headers":
            self.stage = Stage.TUNNEL if info["request"].method == b"CONNECT" else Stage.SENT


def journey_of(error: httpx.HTTPError) -> Journey | None:
    """The journey of the request that an error is about; None where nobody told of it."""
    try:
        found = error.request.extensions.get(TRACE)
    except RuntimeError:
        return None
    return found if isinstance(found, Journey) else None


_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


def never_sent(error: httpx.HTTPError) -> bool:
    """Whether a request certainly did not leave: it failed while a way was being made for it."""
    if isinstance(error, _NEVER_SENT) or wants_certificate(error.__cause__):
        return True
    journey = journey_of(error)
    return journey is not None and Stage.WAITING < journey.stage < Stage.SENT


def wants_certificate(error: BaseException | None) -> bool:
    """Whether the other side ended the handshake for want of a client certificate. With TLS 1.3 it says so when the
    first request is on its way, which it then has not taken."""
    return isinstance(error, ssl.SSLError) and "CERTIFICATE_REQUIRED" in (error.reason or "")


def is_about(error: httpx.HTTPError, url: str) -> bool:
    """Whether an error is one of a request to this address."""
    try:
        return str(error.request.url).split("?")[0] == url
    except RuntimeError:
        return False


def as_http(error: httpx.HTTPError | ssl.SSLError, url: str) -> httpx.HTTPError:
    """An error of the client as it is; one of TLS, which the client lets through, as one of a request to `url`."""
    if isinstance(error, httpx.HTTPError):
        return error
    journey = Journey()
    journey.stage = Stage.SENT
    broken = httpx.ReadError(str(error), request=httpx.Request("GET", url, extensions={TRACE: journey}))
    broken.__cause__ = error
    return broken
