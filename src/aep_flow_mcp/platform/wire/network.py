"""How requests leave this machine: the proxy and the certificate authorities that the environment names.

The usual variables: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY in either case; SSL_CERT_FILE and SSL_CERT_DIR,
else REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, which other tools of the same people read. One that cannot work ends in a
sentence with its name; a client would raise whatever its libraries raise.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from aep_flow_mcp.environment import cleaned, unfilled_sentence

from ..errors import ErrorKind, NotSent
from ..models.text import clean_text

_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
_OUR_TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OTHERS_TRUST = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it (`the system's settings` where none does)."""

    variable: str
    url: str

    @property
    def shown(self) -> str:
        """The proxy without the user and the password that its address may hold."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _wrong(sentence: str) -> NotSent:
    return NotSent(ErrorKind.INVALID, sentence)


def proxy_for(url: str, environ: Mapping[str, str] = os.environ) -> Proxy | None:
    """The proxy through which requests to `url` go, or None.

    Raises:
        NotSent: (invalid) a variable does not name a proxy; the sentence names the variable.
    """
    parts = urlsplit(url)
    found = _named_proxy((f"{parts.scheme}_proxy", "all_proxy"), environ) or _system_proxy(
        parts.scheme, environ
    )
    if found is None or _goes_direct(parts.netloc.rpartition("@")[2], environ):
        return None
    sentence = unfilled_sentence(found.variable, found.url.removeprefix("http://")) or _proxy_problem(found)
    if sentence:
        raise _wrong(sentence)
    return found


def _named_proxy(names: tuple[str, ...], environ: Mapping[str, str]) -> Proxy | None:
    for name in names:
        for variable in (name, name.upper()):
            value = cleaned(environ.get(variable))
            if value is not None:
                return Proxy(variable, value if "://" in value else f"http://{value}")
    return None


def _system_proxy(scheme: str, environ: Mapping[str, str]) -> Proxy | None:
    """What macOS or Windows is set to, where no variable says anything."""
    if environ is not os.environ or _named_proxy(("http_proxy", "https_proxy", "all_proxy"), environ):
        return None
    from urllib.request import getproxies

    url = getproxies().get(scheme)
    return Proxy("the system's settings", url if "://" in url else f"http://{url}") if url else None


def _goes_direct(host: str, environ: Mapping[str, str]) -> bool:
    """Whether NO_PROXY names `host` (with its port, if it has one), a domain above it, or its network."""
    names = cleaned(environ.get("no_proxy")) or cleaned(environ.get("NO_PROXY")) or ""
    bare = (urlsplit(f"//{host}").hostname or "").lower()
    for name in (name.strip().lower() for name in names.split(",")):
        domain = name.lstrip("*").lstrip(".")
        if name == "*" or (domain and (domain in (host.lower(), bare) or bare.endswith(f".{domain}"))):
            return True
        if _in_network(bare, name):
            return True
    return False


def _in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return False


def _proxy_problem(proxy: Proxy) -> str | None:
    takes = f"{proxy.variable} takes a proxy's address such as http://proxy.example.com:3128"
    try:
        parts = urlsplit(proxy.url)
        scheme, host, _ = parts.scheme, parts.hostname, parts.port
        httpx.Proxy(proxy.url)
    except (ValueError, httpx.InvalidURL):
        return f"{takes}: what it holds is none, or of another kind than {', '.join(_PROXY_SCHEMES)}."
    if scheme not in _PROXY_SCHEMES:
        return f"{takes}, not one of kind {clean_text(scheme, limit=20)}: the kinds are {', '.join(_PROXY_SCHEMES)}."
    return None if host else f"{takes}: what it holds names no host."


def trusted(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Whom to trust: the authorities that the variables name, else those that come with the client.

    Raises:
        NotSent: (invalid) a file is missing or holds no certificate; the sentence names the variable.
    """
    named = [(variable, cleaned(environ[variable]) or "") for variable in trust_variables(environ)]
    if not named:
        return httpx.create_ssl_context(trust_env=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for variable, value in named:
        sentence = unfilled_sentence(variable, value)
        if sentence:
            raise _wrong(sentence)
        for part in value.split(os.pathsep) if variable == "SSL_CERT_DIR" else [value]:
            _trust(context, variable, Path(part).expanduser())
    return context


def trust_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The variables that decide whom to trust, in force."""
    ours = [name for name in _OUR_TRUST if cleaned(environ.get(name))]
    return ours or [name for name in _OTHERS_TRUST if cleaned(environ.get(name))][:1]


def _trust(context: ssl.SSLContext, variable: str, path: Path) -> None:
    folder = path.is_dir()
    if variable == "SSL_CERT_DIR" and not folder:
        raise _wrong(f"{variable} names {path}, which is not a folder: correct it, or remove it.")
    if not path.exists():
        raise _wrong(f"{variable} names {path}, which does not exist: correct it, or remove it.")
    try:
        if folder:
            context.load_verify_locations(capath=str(path))
        else:
            context.load_verify_locations(cafile=str(path))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = "holds no certificate in PEM form" if isinstance(error, ssl.SSLError) else "cannot be read"
        raise _wrong(f"{variable} names {path}, which {reason}: correct it, or remove it.") from None


def client_for(urls: tuple[str, ...], make: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
    """A client that reaches `urls` as the environment says; `make` gets `mounts`, `verify` and `trust_env`.

    Raises:
        NotSent: (invalid) as `proxy_for` and `trusted`.
    """
    context = trusted()
    mounts: dict[str, httpx.AsyncBaseTransport] = {}
    for url in urls:
        proxy = proxy_for(url)
        if proxy is not None:
            try:
                mounts[_origin(url)] = httpx.AsyncHTTPTransport(verify=context, proxy=httpx.Proxy(proxy.url))
            except (ValueError, ImportError) as error:
                raise _wrong(f"{proxy.variable} names a proxy that cannot be used: {error}.") from error
    return make(mounts=mounts, verify=context, trust_env=False)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def unreachable(error: Exception, url: str, what: str, variable: str) -> NotSent:
    """Why there was no connection to `url`, which is `what` and comes from `variable`; and what to check."""
    host = urlsplit(url).hostname
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        named = " and ".join(trust_variables())
        checks = (
            f"what {named} names"
            if named
            else "SSL_CERT_FILE, which takes a PEM file with the issuer's certificate"
        )
        failure = NotSent(
            ErrorKind.UNAVAILABLE,
            f"{what} cannot be reached: the certificate of {host} is not trusted ({_verify_reason(error)})",
            hint=f"If a proxy of your network answers in its place, check {checks}",
        )
        failure.repeatable = False
        return failure
    reason = "no connection in time" if isinstance(error, httpx.TimeoutException) else "no connection"
    proxy = proxy_for(url)
    through = f" through {proxy.shown}, the proxy of {proxy.variable}" if proxy else ""
    return NotSent(
        ErrorKind.UNAVAILABLE,
        f"{what} cannot be reached: {reason}{through} ({type(error).__name__})",
        hint=f"Check {proxy.variable}, or name {host} in NO_PROXY"
        if proxy
        else f"Check the network and {variable}",
    )


def _verify_reason(error: Exception) -> str:
    """OpenSSL's own words, out of `[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: … (_ssl.c:1006)`."""
    return (
        clean_text(str(error).partition("verify failed:")[2].partition("(_ssl")[0], limit=200)
        or "no reason given"
    )


async def issuer_of(url: str) -> str | None:
    """Who issued the certificate that answers at `url`, trusted or not; None where that cannot be seen.

    For saying why a certificate is refused. Two requests without any credential, whose answers are not read.
    """
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    der = await _certificate(url, unchecked, binary=True)
    if not isinstance(der, bytes):
        return None
    # Only a certificate that was verified is decoded; so this very one is trusted, for a second look.
    itself = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    itself.check_hostname = False
    itself.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    itself.load_verify_locations(cadata=der)
    seen = await _certificate(url, itself, binary=False)
    issuer = seen.get("issuer", ()) if isinstance(seen, dict) else ()
    names = [f"{key}={value}" for part in issuer for key, value in part]
    return clean_text(", ".join(names), limit=200) or None


async def _certificate(url: str, context: ssl.SSLContext, *, binary: bool) -> object:
    proxy = proxy_for(url)
    via = {_origin(url): httpx.AsyncHTTPTransport(verify=context, proxy=proxy.url)} if proxy else None
    try:
        async with (
            httpx.AsyncClient(verify=context, mounts=via, trust_env=False, timeout=10) as client,
            client.stream("HEAD", _origin(url)) as answer,
        ):
            tls = answer.extensions["network_stream"].get_extra_info("ssl_object")
            return tls.getpeercert(binary_form=binary) if tls else None
    except (httpx.HTTPError, OSError):
        return None
