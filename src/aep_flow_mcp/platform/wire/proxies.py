"""Which proxy a request goes through: HTTPS_PROXY, ALL_PROXY and NO_PROXY in either case, else the system's settings.

One that cannot work ends in a sentence with its name; a client would raise whatever its libraries raise.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import httpx

from aep_flow_mcp.environment import cleaned, unfilled_sentence

from ..config import is_loopback
from ..errors import ErrorKind, NotSent
from ..models.text import clean_text

_PORTS = {"http": 80, "https": 443}
_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it (`the system's settings` where none does)."""

    variable: str
    url: str = field(repr=False)

    @property
    def shown(self) -> str:
        """The proxy without the user and the password that its address may hold."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{address(parts.hostname or '', parts.port)}"

    @property
    def password(self) -> str | None:
        """The password in its address, as the proxy gets it."""
        found = urlsplit(self.url).password
        return unquote(found) if found else None

    @property
    def signs_in(self) -> bool:
        """Whether its address holds a user."""
        return bool(urlsplit(self.url).username)

    def __str__(self) -> str:
        return f"{self.shown}, the proxy of {self.variable}"


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one address: through a proxy, or directly; `why` no proxy is asked where one is set."""

    proxy: Proxy | None = None
    why: str = "no proxy is set"

    def __str__(self) -> str:
        return str(self.proxy) if self.proxy else f"no proxy ({self.why})"


def address(host: str, port: int | None) -> str:
    """`host:port` as a person reads it, an IPv6 address in brackets."""
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port}" if port else name


def route_to(url: str, environ: Mapping[str, str], *, system: bool = False) -> Route:
    """How requests to `url` go.

    A proxy elsewhere is not asked for what is on this machine, which it cannot reach; and none for plain http, since
    the token would stand in clear in what it gets.

    Args:
        environ: the variables.
        system: look at what macOS or Windows is set to where they name none.

    Raises:
        NotSent: (invalid) a variable does not name a proxy, or names one for plain http; the sentence names the
            variable.
    """
    parts = urlsplit(url)
    found = _named_proxy((f"{parts.scheme}_proxy", "all_proxy"), environ)
    if found is None and system:
        found = _system_proxy(parts.scheme, environ)
    if found is None:
        return Route()
    if _goes_direct(parts.hostname or "", parts.port or _PORTS.get(parts.scheme), environ):
        return Route(why="NO_PROXY names it")
    sentence = unfilled_sentence(found.variable, found.url.removeprefix("http://")) or _proxy_problem(found)
    if sentence:
        raise NotSent(ErrorKind.INVALID, sentence)
    if is_loopback(parts.hostname or "") and not is_loopback(urlsplit(found.url).hostname or ""):
        return Route(why="it is on this machine")
    if parts.scheme == "http":
        raise NotSent(
            ErrorKind.INVALID,
            f"{parts.hostname} is not asked over plain http through {found}: it would get the token in clear",
            hint=f"Name {parts.hostname} in NO_PROXY",
        )
    return Route(found)


def _named_proxy(names: tuple[str, ...], environ: Mapping[str, str]) -> Proxy | None:
    for name in names:
        for variable in (name, name.upper()):
            value = cleaned(environ.get(variable))
            if value is not None:
                return Proxy(variable, value if "://" in value else f"http://{value}")
    return None


def _system_proxy(scheme: str, environ: Mapping[str, str]) -> Proxy | None:
    """What macOS or Windows is set to, where no variable says anything."""
    if _named_proxy(("http_proxy", "https_proxy", "all_proxy"), environ):
        return None
    from urllib.request import getproxies

    url = getproxies().get(scheme)
    return Proxy("the system's settings", url if "://" in url else f"http://{url}") if url else None


def _goes_direct(host: str, port: int | None, environ: Mapping[str, str]) -> bool:
    """Whether NO_PROXY names `host` (with its port or without), a domain above it, or its network."""
    names = cleaned(environ.get("no_proxy")) or cleaned(environ.get("NO_PROXY")) or ""
    for name in names.replace(",", " ").lower().split():
        domain = name.lstrip("*").lstrip(".")
        if name == "*" or (domain and (domain in (host, address(host, port)) or host.endswith(f".{domain}"))):
            return True
        if _in_network(host, name):
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
