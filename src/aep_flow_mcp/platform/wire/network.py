"""How requests leave this machine: proxies, certificate authorities and client certificates, as they are set."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from urllib.parse import urlsplit

import httpx

from ..config import Network
from ..errors import ErrorKind, NotSent
from ..redaction.values import Redactor
from .connecting import Attempt, unreachable
from .issuers import issuer_of
from .proxies import Proxy, Route, route_to
from .trust import Trust, trusted


class Egress:
    """The way out for one client; read when it is first needed, and kept.

    Every part raises NotSent (invalid) with the name of the variable that cannot work.
    """

    def __init__(self, network: Network, *, redactor: Redactor | None = None) -> None:
        self._network = network
        self._redactor = redactor
        self._environ: Mapping[str, str] = os.environ if network.environ is None else network.environ
        if redactor is not None and network.client_key_password is not None:
            redactor.learn(network.client_key_password.get_secret_value())

    @cached_property
    def trust(self) -> Trust:
        """Whom to trust, and what this machine shows of itself."""
        return trusted(self._network, self._environ)

    def route(self, url: str) -> Route:
        """The way to `url`. What signs in at a proxy is never shown."""
        route = route_to(url, self._environ, system=True)
        if self._redactor is not None and route.proxy is not None and route.proxy.password:
            self._redactor.learn(route.proxy.password)
        return route

    def used(self, url: str) -> str:
        """In words: the proxy, the authorities, the client certificate."""
        shown = f"the client certificate of AEP_CLIENT_CERT ({self._network.client_cert})"
        secure = urlsplit(url).scheme == "https"
        return "; ".join(
            [
                str(self.route(url)),
                *([self.trust.words] if secure else ["no TLS"]),
                *([shown] if secure and self._network.client_cert else []),
            ]
        )

    async def issuer(self, url: str) -> str | None:
        """Who issued the certificate that answers at `url`, trusted or not; None where there is none to see."""
        if urlsplit(url).scheme != "https":
            return None
        return await issuer_of(url, self.route(url).proxy, trusts=self.trust.context)

    def client_for(self, urls: tuple[str, ...], make: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
        """A client that reaches `urls`; `make` gets `mounts`, `verify` and `trust_env`."""
        mounts: dict[str, httpx.AsyncBaseTransport] = {}
        for url in urls:
            proxy = self.route(url).proxy
            if proxy is not None:
                mounts[_origin(url)] = self._through(proxy)
        return make(mounts=mounts, verify=self.trust.context, trust_env=False)

    def _through(self, proxy: Proxy) -> httpx.AsyncHTTPTransport:
        context = self.trust.context
        try:
            secure = proxy.url.startswith("https:")
            return httpx.AsyncHTTPTransport(
                verify=context, proxy=httpx.Proxy(proxy.url, ssl_context=context if secure else None)
            )
        except (ValueError, ImportError) as error:
            raise NotSent(
                ErrorKind.INVALID, f"{proxy.variable} names a proxy that cannot be used: {error}."
            ) from error

    async def unreachable(self, error: Exception, url: str, what: str, variable: str) -> NotSent:
        """Why there was no connection to `url`, which is `what` and comes from `variable`; and what to set."""
        attempt = Attempt(url, what, variable, self.route(url), self.trust)
        return await unreachable(error, attempt, shows=self.used(url))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
