"""Whom to trust: AEP_CA_BUNDLE, else the usual variables, else the system's own store of certificates.

The usual variables are SSL_CERT_FILE and SSL_CERT_DIR, else REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, which other tools of
the same people read. A file that cannot work ends in a sentence with the name of its variable.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aep_flow_mcp.environment import cleaned, unfilled_sentence

from ..config import Network
from ..errors import ErrorKind, NotSent

OWN = "AEP_CA_BUNDLE"
_FIRST = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OTHERS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_STORES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where Linux distributions keep their store, for a Python that was built to look elsewhere."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to trust, and in words who said so; `variables` are empty where none did."""

    context: ssl.SSLContext = field(repr=False)
    words: str
    variables: tuple[str, ...] = ()


def trusted(network: Network | None = None, environ: Mapping[str, str] = os.environ) -> Trust:
    """Whom to trust, with the client certificate of `network` in hand.

    Raises:
        NotSent: (invalid) a file is missing, cannot be read or holds no certificate; the sentence names the variable.
    """
    network = network or Network()
    named = [(OWN, str(network.ca_bundle))] if network.ca_bundle else _named(environ)
    trust = _from_files(named) if named else _from_system()
    _show_certificate(trust.context, network)
    return trust


def _named(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """The usual variables that are in force."""
    found = [name for name in _FIRST if cleaned(environ.get(name))]
    found = found or [name for name in _OTHERS if cleaned(environ.get(name))][:1]
    return [(name, cleaned(environ[name]) or "") for name in found]


def _from_files(named: list[tuple[str, str]]) -> Trust:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for variable, value in named:
        sentence = unfilled_sentence(variable, value)
        if sentence:
            raise _wrong(sentence)
        for part in value.split(os.pathsep) if variable == "SSL_CERT_DIR" else [value]:
            _load(context, variable, Path(part).expanduser())
    words = " and ".join(f"the certificates of {variable} ({value})" for variable, value in named)
    return Trust(context, words, tuple(variable for variable, _ in named))


def _from_system() -> Trust:
    """The store that the system keeps; what comes with the HTTP client where there is none, as in bare containers."""
    if sys.platform in ("darwin", "win32"):
        import truststore

        return Trust(truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "the system's certificates")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Read once and kept: truststore reads all of it for each connection, which takes longer than the handshake.
    context.set_default_verify_paths()
    for store in _STORES:
        if context.cert_store_stats()["x509_ca"]:
            break
        if os.path.isfile(store):
            context.load_verify_locations(cafile=store)
    if context.cert_store_stats()["x509_ca"]:
        return Trust(context, "the system's certificates")
    import certifi

    context.load_verify_locations(cafile=certifi.where())
    return Trust(context, "the certificates that come with this server (the system has none)")


def _load(context: ssl.SSLContext, variable: str, path: Path) -> None:
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


def _show_certificate(context: ssl.SSLContext, network: Network) -> None:
    if network.client_cert is None:
        if network.client_key is not None:
            raise _wrong("AEP_CLIENT_KEY is set and AEP_CLIENT_CERT is not: set both, or neither.")
        return
    for variable, path in (("AEP_CLIENT_CERT", network.client_cert), ("AEP_CLIENT_KEY", network.client_key)):
        if path is not None:
            _check_readable(variable, path)
    password = network.client_key_password
    words = password.get_secret_value() if password else ""
    try:
        # A callback, since OpenSSL would ask on the terminal for a password that is not given.
        context.load_cert_chain(network.client_cert, network.client_key, password=lambda: words)
    except (OSError, ValueError) as error:
        raise _wrong(_certificate_problem(network, error)) from None


def _certificate_problem(network: Network, error: Exception) -> str:
    key = "AEP_CLIENT_KEY" if network.client_key else "AEP_CLIENT_CERT"
    where = network.client_key or network.client_cert
    reason = getattr(error, "reason", None) or ""
    if reason == "KEY_VALUES_MISMATCH":
        return f"AEP_CLIENT_CERT and {key} do not belong together: {where} is the key of another certificate."
    if where is not None and b"ENCRYPTED" in where.read_bytes():
        if network.client_key_password is not None:
            return f"AEP_CLIENT_KEY_PASSWORD does not open the key in {where} ({key})."
        return f"The key in {where} ({key}) is encrypted: set AEP_CLIENT_KEY_PASSWORD to its password."
    beside = f"in AEP_CLIENT_KEY ({network.client_key})" if network.client_key else "in the same file"
    return (
        f"AEP_CLIENT_CERT ({network.client_cert}) and its key {beside} are not a certificate and a key in PEM form: "
        "correct AEP_CLIENT_CERT and AEP_CLIENT_KEY."
    )


def _check_readable(variable: str, path: Path) -> None:
    try:
        with path.open("rb"):
            return
    except FileNotFoundError:
        raise _wrong(f"{variable} names {path}, which does not exist: correct it, or remove it.") from None
    except OSError as error:
        raise _wrong(
            f"{variable} names {path}, which cannot be read: {error.strerror or 'not a file'}."
        ) from None


def _wrong(sentence: str) -> NotSent:
    return NotSent(ErrorKind.INVALID, sentence)
