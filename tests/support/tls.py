"""The emulator behind TLS, as Adobe is: names of its own, and an authority that not every machine trusts."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme
import uvicorn

from aep_flow_mcp.emulator import Emulator
from support.waiting import until

PLATFORM, IMS = "platform.example", "ims.example"


@contextmanager
def emulator_over_tls(
    emulator: Emulator, certificate: trustme.LeafCert, folder: Path, *, host: str = "127.0.0.1"
) -> Iterator[int]:
    """Serve the emulator with this certificate; yields the port."""
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    config = uvicorn.Config(
        emulator.app,
        host=host,
        port=0,
        log_level="critical",
        ssl_certfile=str(chain),
        ssl_keyfile=str(key),
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started, "the emulator")
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def pem_of(authority: trustme.CA, path: Path) -> Path:
    """The authority's certificate as a file."""
    authority.cert_pem.write_to_path(str(path))
    return path


def certificate_files(certificate: trustme.LeafCert, folder: Path) -> tuple[Path, Path]:
    """A certificate and its key as two files."""
    chain, key = folder / "client.pem", folder / "client.key"
    chain.write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    return chain, key


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """TLS for a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
