"""What failed when nobody was reached: the name, TCP, the proxy, TLS and its certificate; and what to set."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from ..errors import ErrorKind, NotSent
from ..models.text import clean_text
from .issuers import issuer_of
from .journey import Stage, journey_of, wants_certificate
from .proxies import Route, address
from .trust import Trust

_EXPIRED, _NOT_YET, _OTHER_HOST, _OTHER_ADDRESS = 10, 9, 62, 64
"""OpenSSL's numbers of what is wrong with a certificate; any other means that its issuer is not trusted."""
_PROXY_STATUS = re.compile(r"\A(\d{3})\b")
_AUTHENTICATION = 407
_GATEWAY = (502, 503, 504)


@dataclass(frozen=True, slots=True)
class Cause:
    """What failed, in words, and what to set. `repeatable`: the same may succeed a little later."""

    words: str
    hint: str
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A connection that was tried. `what` is reached at `url`, which `variable` sets."""

    url: str
    what: str
    variable: str
    route: Route
    trust: Trust | None

    @property
    def host(self) -> str:
        """The host's name."""
        return urlsplit(self.url).hostname or ""

    @property
    def place(self) -> str:
        """Host and port."""
        parts = urlsplit(self.url)
        return address(self.host, parts.port or (80 if parts.scheme == "http" else 443))


async def unreachable(error: Exception, attempt: Attempt, *, shows: str) -> NotSent:
    """Why there was no connection, as an error of a request that never left.

    shows: the proxy, the authorities and the client certificate that were used, in words.
    """
    stage = _stage(error, attempt)
    cause = await _certificate(error, attempt, stage) or _cause(error, attempt, stage)
    failure = NotSent(
        ErrorKind.UNAVAILABLE,
        f"{attempt.what} cannot be reached: {cause.words}" + (f". Used: {shows}" if shows else ""),
        hint=cause.hint,
    )
    failure.repeatable = cause.repeatable
    return failure


def _stage(error: Exception, attempt: Attempt) -> Stage:
    journey = journey_of(error) if isinstance(error, httpx.HTTPError) else None
    if journey is None:
        return Stage.CONNECTING
    direct = attempt.route.proxy is None
    return Stage.TLS if direct and journey.stage is Stage.FIRST_TLS else journey.stage


def _cause(error: Exception, attempt: Attempt, stage: Stage) -> Cause:
    if isinstance(error, httpx.ProxyError):
        return _refused_by_proxy(error, attempt)
    if isinstance(error, httpx.PoolTimeout):
        return Cause("no connection was free in time", "Try again in a moment", repeatable=True)
    if stage is Stage.TUNNEL:
        return _silent_proxy(error, attempt)
    if stage in (Stage.TLS, Stage.FIRST_TLS):
        return _tls(error, attempt, stage)
    if stage is Stage.SENT:
        return _broken_off(error, attempt)
    return _not_connected(error, attempt)


def _not_connected(error: Exception, attempt: Attempt) -> Cause:
    proxy = attempt.route.proxy
    whom = str(proxy) if proxy else attempt.place
    check = (
        f"Check {proxy.variable}, or name {attempt.host} in NO_PROXY"
        if proxy
        else f"Check the network and {attempt.variable}; behind a proxy set HTTPS_PROXY"
    )
    for inner in _chain(error):
        if isinstance(inner, socket.gaierror):
            name = (urlsplit(proxy.url).hostname or "") if proxy else attempt.host
            of = f", of {proxy}," if proxy else ""
            return Cause(f"the name {name}{of} cannot be resolved (DNS: {_os_words(inner)})", check, True)
    if isinstance(error, httpx.TimeoutException):
        return Cause(f"no connection in time to {whom} (TCP)", check, True)
    reasons = [_os_words(inner) for inner in _chain(error) if isinstance(inner, OSError)]
    if reasons:
        return Cause(f"no connection to {whom} (TCP: {reasons[-1]})", check, True)
    return Cause(f"no connection to {whom} ({_name(error)})", check, True)


def _refused_by_proxy(error: Exception, attempt: Attempt) -> Cause:
    proxy = attempt.route.proxy
    variable = proxy.variable if proxy else "HTTPS_PROXY"
    words = clean_text(str(error), limit=100)
    found = _PROXY_STATUS.match(words)
    status = int(found[1]) if found else None
    direct = f"or name {attempt.host} in NO_PROXY if it can be reached without"
    if status == _AUTHENTICATION or "credentials" in words.lower():
        what = "does not take the user and the password" if proxy and proxy.signs_in else "asks who you are"
        return Cause(
            f"{proxy}, {what} (proxy: {words})",
            f"Put both into {variable} as http://USER:PASSWORD@HOST:PORT, other characters than letters and digits "
            "percent-encoded. Only Basic is spoken: for NTLM or Kerberos put a proxy of your own between, such as px",
        )
    if status in _GATEWAY:
        return Cause(
            f"{proxy}, does not reach {attempt.place} (proxy: {words})",
            f"Check {attempt.variable}, and ask who runs the proxy whether it may reach that host; {direct}",
            repeatable=True,
        )
    return Cause(
        f"{proxy}, does not let this through to {attempt.place} (proxy: {words})",
        f"Ask who runs the proxy to allow {attempt.place}; {direct}",
    )


def _silent_proxy(error: Exception, attempt: Attempt) -> Cause:
    late = isinstance(error, httpx.TimeoutException)
    did = "did not answer in time" if late else "closed the connection, or does not speak HTTP,"
    proxy = attempt.route.proxy
    return Cause(
        f"{proxy}, {did} when it was asked for {attempt.place} (proxy: {_name(error)})",
        f"Check {proxy.variable if proxy else 'HTTPS_PROXY'}: host, port, and whether it is http:// or https://",
        repeatable=True,
    )


def _tls(error: Exception, attempt: Attempt, stage: Stage) -> Cause:
    proxy = attempt.route.proxy
    whom = str(proxy) if proxy and stage is Stage.FIRST_TLS else attempt.place
    variable = proxy.variable if proxy and stage is Stage.FIRST_TLS else attempt.variable
    if isinstance(error, httpx.TimeoutException):
        return Cause(f"no TLS handshake with {whom} in time (TLS)", f"Check the network and {variable}", True)
    for inner in _chain(error):
        if isinstance(inner, ssl.SSLError) and inner.reason:
            asked = "CERTIFICATE_REQUIRED" in inner.reason or "HANDSHAKE_FAILURE" in inner.reason
            return Cause(
                f"no TLS handshake with {whom} (TLS: {_words(inner.reason)})",
                _SHOW_ONE if asked else f"Check whether {variable} names the right host and port",
            )
    return Cause(
        f"{whom} closed the connection during the TLS handshake (TLS: {_name(error)})",
        f"Check whether a firewall or a proxy of your network refuses {attempt.place}",
        repeatable=True,
    )


_SHOW_ONE = "Set AEP_CLIENT_CERT (and AEP_CLIENT_KEY), if your network asks for a certificate of this machine"


def _broken_off(error: Exception, attempt: Attempt) -> Cause:
    """After the handshake; with TLS 1.3 only then a host says that it wants a certificate."""
    if wants_certificate(error.__cause__):
        return Cause(f"{attempt.place} asks for a client certificate (TLS: certificate required)", _SHOW_ONE)
    late = isinstance(error, httpx.TimeoutException)
    words = "no answer in time from" if late else "the connection broke off to"
    return Cause(
        f"{words} {attempt.place} ({_name(error)})", f"Check the network and {attempt.variable}", True
    )


async def _certificate(error: Exception, attempt: Attempt, stage: Stage) -> Cause | None:
    """What is wrong with a certificate, with its issuer's name; None where no certificate was refused."""
    refused = next(
        (inner for inner in _chain(error) if isinstance(inner, ssl.SSLCertVerificationError)), None
    )
    if refused is None:
        return None
    proxy = attempt.route.proxy
    of_proxy = proxy is not None and stage is Stage.FIRST_TLS
    host = proxy.shown if proxy and of_proxy else attempt.host
    issuer = await issuer_of(
        attempt.url, proxy, of_proxy=of_proxy, trusts=attempt.trust.context if attempt.trust else None
    )
    reason = clean_text(getattr(refused, "verify_message", "") or str(refused), limit=200)
    told = f"(TLS: {reason}; issued by {issuer or 'an unknown issuer'})"
    code = getattr(refused, "verify_code", None)
    if code == _EXPIRED:
        return Cause(
            f"the certificate of {host} has expired {told}",
            "Check this machine's clock; if a proxy of your network issued it, tell who runs the proxy",
        )
    if code == _NOT_YET:
        return Cause(f"the certificate of {host} is not valid yet {told}", "Check this machine's clock")
    if code in (_OTHER_HOST, _OTHER_ADDRESS):
        return Cause(
            f"the certificate that answers is for other names than {host} {told}",
            f"Check {proxy.variable if proxy and of_proxy else attempt.variable}, and whether a proxy or a login page "
            "of your network answers in its place",
        )
    return Cause(f"the certificate of {host} is not trusted {told}", _whom_to_trust(attempt.trust))


def _whom_to_trust(trust: Trust | None) -> str:
    if trust and trust.variables:
        named = " and ".join(trust.variables)
        return f"If a proxy of your network answers in its place, add the issuer's certificate to what {named} names"
    return (
        "If a proxy of your network answers in its place, set AEP_CA_BUNDLE to a PEM file with the issuer's "
        "certificate, or have it put into the system's store"
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it, also inside of groups (each address of a name that was tried)."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(each.exceptions)
        waiting += [each.__cause__, each.__context__]


def _os_words(error: OSError) -> str:
    """`Connection refused`, whatever an event loop has put around it."""
    if isinstance(error, socket.gaierror):
        return clean_text(error.strerror or "not known", limit=100)
    code = errno.errorcode.get(error.errno or 0)
    return clean_text(_ERRNO.get(code or "", "") or error.strerror or type(error).__name__, limit=100)


_ERRNO = {
    "ECONNREFUSED": "Connection refused",
    "ENETUNREACH": "Network is unreachable",
    "EHOSTUNREACH": "No route to host",
    "ETIMEDOUT": "Connection timed out",
    "ECONNRESET": "Connection reset by peer",
}


def _words(reason: str | None) -> str:
    return clean_text((reason or "no reason given").replace("_", " ").lower(), limit=100)


def _name(error: Exception) -> str:
    return type(error).__name__
