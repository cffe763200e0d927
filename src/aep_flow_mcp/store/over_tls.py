"""TLS to the store of replicas: whose certificates are trusted, and what is said of one that is not."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import SSLConnection

_EXPIRED, _NOT_YET, _OTHER_HOST, _OTHER_ADDRESS = 10, 9, 62, 64
"""X509_V_ERR_…, as OpenSSL numbers them."""


class _Trusting(SSLConnection):
    """A connection that trusts whom the rest of this server trusts."""

    def __init__(self, *, trusts: ssl.SSLContext, **given: Any) -> None:
        super().__init__(**given)
        self.ssl_context.context = trusts


def trust(pool: ConnectionPool, url: str, trusts: ssl.SSLContext) -> None:
    """Have the connections of a pool trust like `trusts`; an address that says itself how (`ssl_…=`) is left alone."""
    own = any(name.startswith("ssl_") for name in parse_qs(urlsplit(url).query))
    if pool.connection_class is SSLConnection and not own:
        pool.connection_class = _Trusting
        pool.connection_kwargs["trusts"] = trusts


def refusal(error: BaseException) -> str | None:
    """What is wrong with TLS, as the rest of a sentence about the store; None where it is something else."""
    refused = next((one for one in _chain(error) if isinstance(one, ssl.SSLError)), None)
    if refused is None:
        return None
    if not isinstance(refused, ssl.SSLCertVerificationError):
        return "cannot be spoken to over TLS: check that its address (rediss://, and the port) is that of TLS"
    # The reason in OpenSSL's own words may name the host.
    if refused.verify_code == _EXPIRED:
        return "shows a certificate that has expired (TLS): renew it, or check this machine's clock"
    if refused.verify_code == _NOT_YET:
        return "shows a certificate that is not valid yet (TLS): check this machine's clock"
    if refused.verify_code in (_OTHER_HOST, _OTHER_ADDRESS):
        return (
            "shows a certificate for other names than the one in its address (TLS): use a name that it is for"
        )
    return (
        "shows a certificate that is not trusted (TLS): set AEP_CA_BUNDLE or SSL_CERT_FILE to a PEM file with the "
        "certificate of its authority"
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
