"""Who issued a certificate, trusted or not: most often the proxy of a network that answers in Adobe's place."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

from ..models.text import clean_text
from .journey import TRACE
from .proxies import Proxy

_PATIENCE = 5.0


class _SeenEnoughError(Exception):
    """The certificate was shown; nothing is sent."""


async def issuer_of(
    url: str, proxy: Proxy | None = None, *, of_proxy: bool = False, trusts: ssl.SSLContext | None = None
) -> str | None:
    """The issuer of the certificate that answers at `url`, by its names; None where that cannot be seen.

    of_proxy: of the certificate that the proxy itself shows. trusts: whom a proxy spoken to over TLS has to be known
    by before it is asked. One connection, over which nothing is sent but the question to the proxy for a tunnel:
    with the user and the password of the proxy in it, so never to one whose certificate is not trusted.
    """
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    seen: list[bytes] = []
    skipped = 0 if of_proxy or proxy is None or not proxy.url.startswith("https:") else 1

    async def look(event: str, info: dict[str, Any]) -> None:
        nonlocal skipped
        if not event.endswith("start_tls.complete"):
            return
        if skipped:
            skipped -= 1
            return
        tls = info["return_value"].get_extra_info("ssl_object")
        seen.append(tls.getpeercert(binary_form=True) or b"")
        await info["return_value"].aclose()
        raise _SeenEnoughError

    via = _way(proxy, unchecked if of_proxy else trusts or ssl.create_default_context()) if proxy else None
    try:
        async with httpx.AsyncHTTPTransport(verify=unchecked, proxy=via) as transport:
            timeout = httpx.Timeout(_PATIENCE).as_dict()
            request = httpx.Request("HEAD", url, extensions={TRACE: look, "timeout": timeout})
            await transport.handle_async_request(request)
    except (_SeenEnoughError, httpx.HTTPError, OSError, ValueError):
        pass
    return _issuer(seen[0]) if seen else None


def _way(proxy: Proxy, context: ssl.SSLContext) -> httpx.Proxy:
    if not proxy.url.startswith("https:"):
        return httpx.Proxy(proxy.url)
    checked = context.verify_mode is ssl.CERT_REQUIRED
    return httpx.Proxy(proxy.url if checked else proxy.shown, ssl_context=context)


def _issuer(der: bytes) -> str | None:
    from cryptography import x509

    try:
        issuer = x509.load_der_x509_certificate(der).issuer
    except ValueError:
        return None
    names = [f"{part.rfc4514_attribute_name}={part.value!s}" for part in issuer]
    return clean_text(", ".join(names), limit=200) or None
