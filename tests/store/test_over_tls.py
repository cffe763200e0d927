"""A real Redis or Valkey over TLS (rediss://): whose certificates are trusted, and what is said of the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from mcp import Client

from aep_flow_mcp.doctor import run_doctor
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.replicas import shared
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import SettingsError
from aep_flow_mcp.store.kept import StoreDown
from guard.bed import confirm, preview, settings
from support.redis_server import RedisServer, redis_server, unavailable, without_tls
from support.tls import pem_of

PASSWORD, RING = "a-password-of-the-store", "a-key-that-every-replica-has-and-nobody-else"
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
LONG_AGO, LATER = (datetime.now(UTC) + timedelta(days=days) for days in (-2, 2))


@pytest.fixture(autouse=True)
def nothing_said_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module", autouse=True)
def available() -> None:
    why = unavailable() or without_tls()
    if why:
        pytest.skip(why)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    certificate = authority.issue_cert("127.0.0.1")
    with redis_server(tmp_path_factory.mktemp("redis"), PASSWORD, certificate) as found:
        yield found


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    return pem_of(authority, tmp_path / "authority.pem")


def given(url: str, **more: Any) -> Any:
    return settings(mcp_redis_url=url, mcp_state_keys=RING, **more)


async def asked(url: str, **more: Any) -> None:
    """Ask the store as a server with these settings does."""
    found = shared(given(url, **more))
    assert found is not None
    assert found.store is not None
    try:
        await found.store.check()
        await found.store.put("room", "key", b"value", 60, per_owner=1, total=1)
        kept = await found.store.take("room", "key")
        assert kept is not None
        assert kept.value == b"value"
    finally:
        await found.store.aclose()


async def refused(url: str, **more: Any) -> str:
    """Why the store cannot be asked: in a sentence without where it is and how it is entered."""
    with pytest.raises(StoreDown) as caught:
        await asked(url, **more)
    sentence = str(caught.value)
    assert sentence.startswith("The store that replicas share (AEP_MCP_REDIS_URL) ")
    assert caught.value.__cause__ is None
    for hidden in (PASSWORD, "127.0.0.1", "localhost", url.rpartition(":")[2].split("/")[0]):
        assert hidden not in sentence
    return sentence


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_the_usual_variables_say_whom_to_trust(
    server: RedisServer, bundle: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(bundle))
    await asked(server.url)


async def test_the_servers_own_setting_says_so_too(server: RedisServer, bundle: Path) -> None:
    await asked(server.url, ca_bundle=bundle)


async def test_an_address_may_say_it_itself(server: RedisServer, bundle: Path) -> None:
    await asked(f"{server.url}?ssl_ca_certs={bundle}")


async def test_an_authority_that_nobody_named_is_refused(
    server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    another = pem_of(trustme.CA(), tmp_path / "another.pem")
    with caplog.at_level(logging.DEBUG):
        for more in ({}, {"ca_bundle": another}):
            sentence = await refused(server.url, **more)
            assert "a certificate that is not trusted (TLS): set AEP_CA_BUNDLE or SSL_CERT_FILE" in sentence
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        ({"identities": ["store.example"]}, "shows a certificate for other names"),
        ({"identities": ["127.0.0.1"], "not_before": LONG_AGO, "not_after": LONG_AGO}, "has expired"),
        ({"identities": ["127.0.0.1"], "not_before": LATER, "not_after": LATER}, "is not valid yet"),
    ],
)
async def test_what_is_wrong_with_a_certificate_is_said(
    authority: trustme.CA, bundle: Path, tmp_path: Path, shown: dict[str, Any], says: str
) -> None:
    certificate = authority.issue_cert(*shown.pop("identities"), **shown)
    with redis_server(tmp_path, PASSWORD, certificate) as found:
        assert says in await refused(found.url, ca_bundle=bundle)


async def test_tls_on_one_side_only(server: RedisServer, bundle: Path) -> None:
    async def in_clear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"-ERR in clear\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(in_clear, "127.0.0.1", 0) as plain:
        port = plain.sockets[0].getsockname()[1]
        sentence = await refused(f"rediss://:{PASSWORD}@127.0.0.1:{port}/0", ca_bundle=bundle)
        assert "cannot be spoken to over TLS" in sentence
    assert "cannot be reached" in await refused(server.url.replace("rediss:", "redis:"))


def test_a_file_of_certificates_that_is_not_there_stops_the_start(
    server: RedisServer, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.pem"
    with pytest.raises(SettingsError, match=r"AEP_CA_BUNDLE names .* which does not exist"):
        shared(given(server.url, ca_bundle=missing))
    assert shared(given("redis://127.0.0.1", ca_bundle=missing)), "without TLS nobody needs it"


async def test_what_one_replica_previewed_the_other_confirms(server: RedisServer, bundle: Path) -> None:
    emulator, found = Emulator(EmulatorOptions()), given(server.url, ca_bundle=bundle)
    servers = [
        build_server(found, transport=lambda: EmulatorTransport(emulator), shared=shared(found))
        for _ in range(2)
    ]
    flow = str(emulator.store.all("dev", "flows")[0]["id"])
    async with Client(servers[0]) as a, Client(servers[1]) as b:
        assert (await confirm(b, await preview(a, flow))).status == "done"
    assert [one.method for one in emulator.journal.writes()] == ["DELETE"]


def test_doctor_says_both(server: RedisServer, bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def examined(**more: Any) -> tuple[int, str]:
        emulator = Emulator(EmulatorOptions())
        code = run_doctor({"": given(server.url, **more)}, transport=lambda: EmulatorTransport(emulator))
        return code, capsys.readouterr().out

    code, said = examined(ca_bundle=bundle)
    assert (code, "ok    store: answers" in said) == (0, True), said
    code, said = examined()
    assert code == 1
    assert "FAIL  store: The store that replicas share (AEP_MCP_REDIS_URL) shows a certificate" in said
    assert PASSWORD not in said
    assert f":{server.port}" not in said
