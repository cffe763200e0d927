"""Proxies and certificate authorities from the environment: used, or named in a sentence."""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from aep_flow_mcp.platform.config import Credentials, PlatformConfig
from aep_flow_mcp.platform.errors import NotSent, PlatformError
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.platform.wire.issuers import issuer_of
from aep_flow_mcp.platform.wire.proxies import route_to
from aep_flow_mcp.platform.wire.trust import trusted

NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
OTHERS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PLATFORM = "https://platform.adobe.io"


@pytest.fixture(autouse=True)
def _no_network_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NETWORK, *OTHERS):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("environ", "variable", "shown"),
    [
        ({"HTTPS_PROXY": " 'http://proxy.example:3128'\n"}, "HTTPS_PROXY", "http://proxy.example:3128"),
        (
            {"https_proxy": "proxy.example:3128", "HTTPS_PROXY": "x"},
            "https_proxy",
            "http://proxy.example:3128",
        ),
        ({"ALL_PROXY": "socks5h://user:pw@proxy.example:1080"}, "ALL_PROXY", "socks5h://proxy.example:1080"),
        ({"HTTPS_PROXY": '""', "ALL_PROXY": "http://proxy.example"}, "ALL_PROXY", "http://proxy.example"),
    ],
)
def test_the_proxy_and_the_variable_that_names_it(environ: dict[str, str], variable: str, shown: str) -> None:
    proxy = route_to(PLATFORM, environ).proxy
    assert proxy is not None
    assert (proxy.variable, proxy.shown) == (variable, shown)


@pytest.mark.parametrize(
    "names", ["*", "adobe.io", " .adobe.io , x", "*.adobe.io", "x,PLATFORM.adobe.io", "'adobe.io'"]
)
def test_no_proxy_is_heeded(names: str) -> None:
    assert route_to(PLATFORM, {"HTTPS_PROXY": "http://p:1", "no_proxy": names}).proxy is None


@pytest.mark.parametrize("names", ["dobe.io", "io.adobe", "platform.adobe.io:8443", "10.0.0.0/8"])
def test_no_proxy_names_somebody_else(names: str) -> None:
    assert route_to(PLATFORM, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": names}).proxy is not None


def test_no_proxy_takes_networks() -> None:
    assert (
        route_to("http://10.1.2.3:80", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}).proxy is None
    )
    assert route_to("http://[::1]:80", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "::1"}).proxy is None


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "value", ["socks4://p:1", "ftp://p", "http://p:port", "http://", ":::", "${PROXY}", "<proxy>"]
)
def test_a_proxy_that_is_none_is_named(variable: str, value: str) -> None:
    with pytest.raises(NotSent) as caught:
        route_to(PLATFORM, {variable: value})
    assert str(caught.value).startswith(variable)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", *OTHERS])
@pytest.mark.parametrize("what", ["missing", "broken", "placeholder"])
def test_a_file_of_authorities_that_cannot_work_is_named(tmp_path: Path, variable: str, what: str) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    value = {"missing": str(tmp_path / "none"), "broken": str(broken), "placeholder": "${CA}"}[what]
    with pytest.raises(NotSent) as caught:
        trusted(environ={variable: f" '{value}' "})
    assert str(caught.value).startswith(variable)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1"),
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
        ("ALL_PROXY", "socks4://127.0.0.1:1"),
        ("SSL_CERT_FILE", "/no/such.pem"),
        ("REQUESTS_CA_BUNDLE", "/no/such.pem"),
    ],
)
async def test_every_call_says_which_variable_it_was(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    async with PlatformClient(config(PLATFORM), sleep=_no_wait) as client:
        for call in (client.sign_in(), client.request_json("GET", "/data/foundation/flowservice/flows")):
            with pytest.raises(PlatformError, match=variable):
                await call


async def _no_wait(_: float) -> None:
    return None


def config(url: str) -> PlatformConfig:
    credentials = Credentials(client_id="c", org_id="o", client_secret=SecretStr("s"))
    return PlatformConfig(platform_url=url, ims_url=url, credentials=credentials, sandbox="dev")


@pytest.fixture
def https(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server whose certificate was issued by nobody that anybody trusts: its address, and the certificate."""
    certificate, key = _certificate(tmp_path)

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            seen.append(dict(self.headers))
            self.send_response(204)
            self.end_headers()

        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"access_token": "t"}')

        def log_message(self, *_: object) -> None:
            return

    seen: list[dict[str, str]] = []
    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", certificate
    server.shutdown()
    server.server_close()
    assert all("authorization" not in {name.lower() for name in headers} for headers in seen)


def _certificate(folder: Path) -> tuple[Path, Path]:
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Inspecting Proxy Inc")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, key_file = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate, key_file


async def test_a_certificate_of_a_stranger_is_refused_once_and_its_issuer_named(
    https: tuple[str, Path],
) -> None:
    url, _ = https
    async with PlatformClient(config(url), sleep=_no_wait) as client:
        with pytest.raises(NotSent, match=r"the certificate of 127\.0\.0\.1 is not trusted") as caught:
            await client.request_json("GET", "/data/foundation/flowservice/flows")
        assert client.requests_sent <= 1
    assert "AEP_CA_BUNDLE" in str(caught.value)
    assert await issuer_of(url) == "O=Inspecting Proxy Inc"


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_a_file_that_holds_the_issuer_is_trusted(
    monkeypatch: pytest.MonkeyPatch, https: tuple[str, Path], variable: str
) -> None:
    url, certificate = https
    monkeypatch.setenv(variable, f"{certificate}\n")
    async with PlatformClient(config(url), sleep=_no_wait) as client:
        assert await client.sign_in() is not None


async def test_nothing_answers_where_there_is_no_tls() -> None:
    assert await issuer_of("https://127.0.0.1:1") is None


async def test_an_emulator_in_the_process_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such.pem")
    answers = httpx.MockTransport(lambda _: httpx.Response(200, json={"access_token": "t"}))
    async with PlatformClient(config(PLATFORM), transport=answers) as client:
        assert await client.sign_in() is not None
