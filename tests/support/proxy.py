"""A proxy of a corporate network, for tests: tunnels, or opens them with certificates of its own authority."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import trustme

Address = tuple[str, int]
HEAD_ENDS = b"\r\n\r\n"


@dataclass
class CorporateProxy:
    """What the proxy does, and what it saw.

    hosts: where the names that it is asked for are; it resolves nothing else. authority: opens tunnels and answers
    with certificates of its own. login: `user:password` that it insists on. status: refuses every tunnel so.
    closes: hangs up instead of an answer. shows: the names on the certificates of opened tunnels, where they are not
    those that were asked for.
    """

    hosts: dict[str, Address]
    authority: trustme.CA | None = None
    login: str | None = None
    status: tuple[int, str] | None = None
    closes: bool = False
    secure: ssl.SSLContext | None = None
    shows: tuple[str, ...] = ()
    client_ca: trustme.CA | None = None
    asked: list[str] = field(default_factory=list)
    """What tunnels were asked for to, in order."""
    seen: list[bytes] = field(default_factory=list)
    """Whatever reached the proxy in clear: the heads of requests for tunnels, and anything else."""
    inside: list[bytes] = field(default_factory=list)
    """What went through the tunnels that it opened."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.port}"

    def with_login(self, login: str) -> str:
        return self.url.replace("://", f"://{login}@")

    @contextmanager
    def running(self, address: str = "127.0.0.1") -> Iterator[CorporateProxy]:
        """Listen on a free port until the block ends."""
        server = _Server((address, 0), _Handler, bind_and_activate=False)
        server.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server.socket.close()
        server.socket = socket.socket(server.address_family, socket.SOCK_STREAM)
        server.server_bind()
        server.server_activate()
        server.proxy = self
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    proxy: CorporateProxy


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        proxy = self.server.proxy
        with contextlib.suppress(OSError):
            client: Any = self.request
            if proxy.secure is not None:
                client = proxy.secure.wrap_socket(client, server_side=True)
            head = _head(client)
            proxy.seen.append(head)
            if not head.startswith(b"CONNECT ") or proxy.closes:
                return
            target = head.split(b" ")[1].decode()
            proxy.asked.append(target)
            refusal = self._refusal(head, target)
            if refusal is not None:
                client.sendall(_answer(*refusal))
                return
            upstream: Any = socket.create_connection(proxy.hosts[_name(target)], timeout=10)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with upstream:
                if proxy.authority is None:
                    _relay(client, upstream, None)
                    return
                _relay(self._opened(client, target), _unchecked(upstream), proxy.inside)

    def _refusal(self, head: bytes, target: str) -> tuple[int, str] | None:
        proxy = self.server.proxy
        if proxy.login is not None:
            expected = base64.b64encode(proxy.login.encode())
            if b"proxy-authorization: basic " + expected.lower() not in head.lower():
                return 407, "Proxy Authentication Required"
        if proxy.status is not None:
            return proxy.status
        return None if _name(target) in proxy.hosts else (502, "Bad Gateway")

    def _opened(self, client: socket.socket, target: str) -> ssl.SSLSocket:
        proxy = self.server.proxy
        assert proxy.authority is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        proxy.authority.issue_cert(*(proxy.shows or (_name(target),))).configure_cert(context)
        if proxy.client_ca is not None:
            proxy.client_ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        opened = context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        try:
            opened.do_handshake()
        except ssl.SSLError:
            # What is left unread would take the reason why away from the client.
            opened.settimeout(1)
            while opened.fileno() >= 0 and socket.socket.recv(opened, 65_536):
                pass
            raise
        return opened


def _name(target: str) -> str:
    return target.rpartition(":")[0].strip("[]")


def _head(client: socket.socket) -> bytes:
    head = b""
    while HEAD_ENDS not in head and len(head) < 64_000:
        more = client.recv(1)
        if not more:
            break
        head += more
    return head


def _answer(status: int, reason: str) -> bytes:
    more = "Proxy-Authenticate: Basic realm=corporate\r\n" if status == 407 else ""
    return f"HTTP/1.1 {status} {reason}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()


def _unchecked(upstream: socket.socket) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(upstream)


def _relay(client: socket.socket, upstream: socket.socket, kept: list[bytes] | None) -> None:
    """Pass on what comes, both ways, until one side ends. One thread: a TLS connection cannot be read and written at
    the same time."""
    ends = {client: upstream, upstream: client}
    while True:
        waiting = [end for end in ends if isinstance(end, ssl.SSLSocket) and end.pending()]
        for source in waiting or select.select(list(ends), [], [], 30)[0]:
            data = _available(source)
            if data is None:
                continue
            if not data:
                return
            if kept is not None and source is client:
                kept.append(data)
            ends[source].sendall(data)


def _available(source: socket.socket) -> bytes | None:
    """What can be read at once; None when it is only about the connection itself (a TLS ticket)."""
    source.setblocking(False)
    try:
        return source.recv(65_536)
    except (ssl.SSLWantReadError, BlockingIOError):
        return None
    finally:
        source.setblocking(True)
