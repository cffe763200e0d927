"""The proxies of docs/team.md, as they stand there: TLS, the public name, and answers that stream."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from guard.bed import ERAS, YES, Person, call
from serving.issuer import RSA_KEY, Issuer, issuing
from support.processes import free_port, http_server_process
from support.waiting import answers, until

pytestmark = pytest.mark.subprocess
PAGE = Path(__file__).resolve().parents[2] / "docs" / "team.md"
NAME = "localhost"
"""In the place of flows.example.com: a name that leads to this machine."""


@dataclass
class Behind:
    """A server behind a proxy. url: of its endpoint, as clients know it."""

    url: str
    issuer: Issuer
    trusts: ssl.SSLContext


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def certificate(folder: Path) -> tuple[Path, Path]:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(RSA_KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(RSA_KEY, hashes.SHA256())
    )
    pem, key = folder / "site.pem", folder / "site.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        RSA_KEY.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, key


def nginx(folder: Path, port: int, server: str) -> list[str]:
    """The command that runs it with the page's block."""
    pem, key = certificate(folder)
    site = block("nginx")
    for said, here in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("flows.example.com;", f"{NAME};"),
        ("/etc/ssl/flows.example.com.pem", str(pem)),
        ("/etc/ssl/flows.example.com.key", str(key)),
        ("127.0.0.1:8000", server),
    ):
        assert said in site, said
        site = site.replace(said, here)
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr warn;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{site} }}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(configuration)]


def caddy(folder: Path, port: int, server: str) -> list[str]:
    """The command that runs it with the page's block; the certificate is ours."""
    pem, key = certificate(folder)
    site = block("caddy")
    for said, here in (
        ("flows.example.com {", f"{NAME}:{port} {{\n\ttls {pem} {key}"),
        ("127.0.0.1:8000", server),
    ):
        assert said in site, said
        site = site.replace(said, here)
    configuration = folder / "Caddyfile"
    configuration.write_text(f"{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{site}")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(configuration)]


@pytest.fixture(scope="module", params=[nginx, caddy], ids=["nginx", "caddy"])
def behind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    name = request.param.__name__
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not here, so its example was not run")
    folder = tmp_path_factory.mktemp(name)
    port = free_port()
    public = f"https://{NAME}:{port}"
    with issuing() as issuer:
        settings = {
            "AEP_MCP_AUTH": "oidc",
            "AEP_MCP_AUTH_ISSUER": issuer.url,
            "AEP_MCP_AUTH_AUDIENCE": "aep-flows",
            "AEP_MCP_PUBLIC_URL": public,
        }
        with http_server_process("--emulator", cwd=folder, **settings) as url:
            command = request.param(folder, port, url.split("/")[2])
            home = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            trusts = ssl.create_default_context(cafile=str(folder / "site.pem"))
            try:
                until(answers(public, verify=trusts, trust_env=False), "the proxy", process=process)
                yield Behind(f"{public}/mcp", issuer, trusts)
            finally:
                process.terminate()
                process.communicate(timeout=10)


async def test_clients_find_the_issuer_under_the_public_name(behind: Behind) -> None:
    async with httpx.AsyncClient(verify=behind.trusts, trust_env=False) as http:
        refused = await http.post(behind.url, json={})
        assert refused.status_code == 401
        where = re.search(r'resource_metadata="([^"]+)"', refused.headers["www-authenticate"])
        assert where
        published = (await http.get(where[1])).json()
    assert published["resource"] == behind.url
    assert published["authorization_servers"] == [behind.issuer.url]


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_is_asked_through_the_proxy(behind: Behind, era: str) -> None:
    person = Person(YES)
    headers = {"Authorization": f"Bearer {behind.issuer.token()}"}
    async with (
        httpx2.AsyncClient(verify=behind.trusts, trust_env=False, headers=headers, timeout=60) as http,
        Client(
            streamable_http_client(behind.url, http_client=http), mode=ERAS[era], elicitation_callback=person
        ) as client,
    ):
        listed = await call(client, "list_flows", {"state": "enabled", "limit": 1})
        flow = listed.data["items"][0]["id"]
        assert (await call(client, "delete_flow", {"flow_id": flow})).status == "done"
    assert len(person.questions) == 1


async def test_another_name_is_refused_behind_the_proxy_too(behind: Behind) -> None:
    headers = {"Authorization": f"Bearer {behind.issuer.token()}", "Host": "evil.example"}
    async with httpx.AsyncClient(verify=behind.trusts, trust_env=False, headers=headers) as http:
        answer = await http.post(behind.url, json={}, extensions={"sni_hostname": NAME})
    assert answer.status_code in (403, 404, 421) or not answer.text, answer.text
