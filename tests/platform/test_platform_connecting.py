"""Behind a corporate proxy, and in front of doors that stay shut: what works, and what an error says to set."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme
from anyio.abc import SocketAttribute, SocketStream
from pydantic import SecretStr

from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.platform.config import Credentials, Network, PlatformConfig, Timeouts
from aep_flow_mcp.platform.errors import ErrorKind, NotSent
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.platform.wire.network import Egress
from aep_flow_mcp.settings import NETWORK
from support.organisation import emulator_on_shared_seed
from support.processes import EMULATOR_CREDENTIALS
from support.proxy import CorporateProxy
from support.tls import IMS, PLATFORM, certificate_files, emulator_over_tls, pem_of, server_context

FLOWS = "/data/foundation/flowservice/flows"
PASSWORD = "pr0xy p@ss/w0rd"
LOGIN = "alice:" + "pr0xy%20p%40ss%2Fw0rd"
Proxied = Callable[..., CorporateProxy]


@pytest.fixture(autouse=True)
def _no_network_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NETWORK:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def adobe() -> trustme.CA:
    return trustme.CA(organization_name="Public Authority")


@pytest.fixture(scope="module")
def corporate() -> trustme.CA:
    return trustme.CA(organization_name="Example Corp", organization_unit_name="Web Gateway")


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    return emulator_on_shared_seed(EmulatorOptions())


@pytest.fixture(scope="module")
def upstream(
    adobe: trustme.CA, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    certificate = adobe.issue_cert(PLATFORM, IMS)
    with emulator_over_tls(emulator, certificate, tmp_path_factory.mktemp("tls")) as port:
        yield port


@pytest.fixture
def hosts(upstream: int) -> dict[str, tuple[str, int]]:
    return dict.fromkeys((PLATFORM, IMS), ("127.0.0.1", upstream))


def client(
    *,
    platform: str = f"https://{PLATFORM}",
    ims: str | None = None,
    token: str | None = None,
    **network: Any,
) -> PlatformClient:
    credentials = Credentials(
        client_id=EMULATOR_CREDENTIALS["AEP_CLIENT_ID"],
        org_id=EMULATOR_CREDENTIALS["AEP_ORG_ID"],
        client_secret=None if token else SecretStr(EMULATOR_CREDENTIALS["AEP_CLIENT_SECRET"]),
        access_token=SecretStr(token) if token else None,
    )
    config = PlatformConfig(
        platform_url=platform,
        ims_url=ims or (f"https://{IMS}" if platform.endswith(PLATFORM) else platform),
        credentials=credentials,
        sandbox="dev",
        network=Network(**network),
        timeouts=Timeouts(connect=5, read=5, total=10),
        max_tries=2,
    )
    return PlatformClient(config, sleep=_at_once)


async def _at_once(_: float) -> None:
    return None


async def refused(platform: PlatformClient) -> str:
    """What a read and a write that get nowhere say; a write is as certain that nothing was sent."""
    async with platform:
        with pytest.raises(NotSent) as read:
            await platform.request_json("GET", FLOWS)
        with pytest.raises(NotSent) as written:
            await platform.request_json("POST", FLOWS, json={"name": "x"})
    assert read.value.kind is ErrorKind.UNAVAILABLE
    assert written.value.detail == read.value.detail
    return str(read.value)


# --- what works -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", [None, LOGIN])
@pytest.mark.parametrize("opens", [False, True], ids=["tunnels", "opens"])
async def test_flows_are_read_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    hosts: dict[str, tuple[str, int]],
    adobe: trustme.CA,
    corporate: trustme.CA,
    opens: bool,
    login: str | None,
) -> None:
    """The token and the secret go through the tunnels only; the proxy's password to the proxy only."""
    proxy = CorporateProxy(
        hosts, authority=corporate if opens else None, login=f"alice:{PASSWORD}" if login else None
    )
    with proxy.running():
        monkeypatch.setenv("HTTPS_PROXY", proxy.with_login(login) if login else proxy.url)
        bundle = pem_of(corporate if opens else adobe, tmp_path / "ca.pem")
        async with client(ca_bundle=bundle) as platform:
            answer = await platform.request_json("GET", FLOWS, params={"limit": "1"})
    assert len(answer.data["items"]) == 1
    assert set(proxy.asked) == {f"{IMS}:443", f"{PLATFORM}:443"}
    clear, inside = b"".join(proxy.seen), b"".join(proxy.inside)
    assert b"Bearer" not in clear
    assert EMULATOR_CREDENTIALS["AEP_CLIENT_SECRET"].encode() not in clear
    assert (b"Bearer" in inside) is opens, "what is searched is what was sent"
    assert b"roxy-" not in inside


async def test_a_proxy_is_spoken_to_over_tls(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    hosts: dict[str, tuple[str, int]],
    adobe: trustme.CA,
) -> None:
    proxy = CorporateProxy(hosts, secure=server_context(adobe.issue_cert("127.0.0.1")))
    with proxy.running():
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        async with client(ca_bundle=pem_of(adobe, tmp_path / "ca.pem")) as platform:
            assert (await platform.request_json("GET", FLOWS, params={"limit": "1"})).data["items"]
        assert "127.0.0.1" in (said := await refused(client()))
    assert f"the certificate of {proxy.url} is not trusted" in said
    assert "issued by O=Public Authority" in said


async def test_a_proxy_at_an_ipv6_address(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    hosts: dict[str, tuple[str, int]],
    adobe: trustme.CA,
) -> None:
    with CorporateProxy(hosts).running("::1") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://[::1]:{proxy.port}")
        async with client(ca_bundle=pem_of(adobe, tmp_path / "ca.pem")) as platform:
            assert (await platform.request_json("GET", FLOWS, params={"limit": "1"})).data["items"]
        said = await refused(client())
    assert f"Used: http://[::1]:{proxy.port}, the proxy of HTTPS_PROXY; the system's certificates" in said


async def test_a_host_at_an_ipv6_address(tmp_path: Path, adobe: trustme.CA, emulator: Emulator) -> None:
    with emulator_over_tls(emulator, adobe.issue_cert("::1"), tmp_path, host="::1") as port:
        bundle = pem_of(adobe, tmp_path / "ca.pem")
        async with client(platform=f"https://[::1]:{port}", ca_bundle=bundle) as platform:
            assert (await platform.request_json("GET", FLOWS, params={"limit": "1"})).data["items"]


@pytest.mark.parametrize("form", ["two files", "one file", "encrypted"])
async def test_a_client_certificate_is_shown(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    hosts: dict[str, tuple[str, int]],
    corporate: trustme.CA,
    form: str,
) -> None:
    chain, key = certificate_files(corporate.issue_cert("laptop.example"), tmp_path)
    shown: dict[str, Any] = {"client_cert": chain, "client_key": key}
    if form == "one file":
        chain.write_bytes(chain.read_bytes() + key.read_bytes())
        shown = {"client_cert": chain}
    if form == "encrypted":
        _encrypt(key, "k3y-pass")
        shown["client_key_password"] = SecretStr("k3y-pass")
    bundle = pem_of(corporate, tmp_path / "ca.pem")
    with CorporateProxy(hosts, authority=corporate, client_ca=corporate).running() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        async with client(ca_bundle=bundle, **shown) as platform:
            assert (await platform.request_json("GET", FLOWS, params={"limit": "1"})).data["items"]
        async with client(ca_bundle=bundle) as platform:
            with pytest.raises(NotSent) as caught:
                await platform.request_json("GET", FLOWS)
    assert "certificate required" in str(caught.value)
    assert "Set AEP_CLIENT_CERT" in str(caught.value)


# --- what does not, and what it says ----------------------------------------------------------------------


async def test_an_unknown_authority_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hosts: dict[str, tuple[str, int]], corporate: trustme.CA
) -> None:
    with CorporateProxy(hosts, authority=corporate).running() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        said = await refused(client())
        other = pem_of(trustme.CA(), tmp_path / "other.pem")
        says_other = await refused(client(ca_bundle=other))
    assert f"IMS cannot be reached: the certificate of {IMS} is not trusted (TLS: " in said
    assert "issued by O=Example Corp, OU=Web Gateway" in said
    assert f"Used: {proxy.url}, the proxy of HTTPS_PROXY; the system's certificates." in said
    assert "set AEP_CA_BUNDLE to a PEM file with the issuer's certificate" in said
    assert f"the certificates of AEP_CA_BUNDLE ({other})" in says_other
    assert "add the issuer's certificate to what AEP_CA_BUNDLE names" in says_other
    assert b"Bearer" not in b"".join(proxy.inside)


@pytest.mark.parametrize(
    ("days", "says"), [((-9, -2), "has expired (TLS: "), ((2, 9), "is not valid yet (TLS: ")]
)
async def test_a_certificate_out_of_its_time(
    tmp_path: Path, adobe: trustme.CA, emulator: Emulator, days: tuple[int, int], says: str
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    begins, ends = (now + datetime.timedelta(days=each) for each in days)
    certificate = adobe.issue_cert("127.0.0.1", not_before=begins, not_after=ends)
    with emulator_over_tls(emulator, certificate, tmp_path) as port:
        bundle = pem_of(adobe, tmp_path / "ca.pem")
        said = await refused(client(platform=f"https://127.0.0.1:{port}", ca_bundle=bundle))
    assert f"the certificate of 127.0.0.1 {says}" in said
    assert "issued by O=Public Authority" in said
    assert "this machine's clock" in said


async def test_a_certificate_for_another_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hosts: dict[str, tuple[str, int]], corporate: trustme.CA
) -> None:
    with CorporateProxy(hosts, authority=corporate, shows=("login.example",)).running() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        said = await refused(client(ca_bundle=pem_of(corporate, tmp_path / "ca.pem")))
    assert f"the certificate that answers is for other names than {IMS}" in said
    assert "issued by O=Example Corp" in said


@pytest.mark.parametrize(
    ("given", "says"),
    [("", "asks who you are (proxy: 407"), ("alice:wr0ng-w0rd@", "does not take the user and the password")],
)
async def test_a_proxy_that_asks_for_a_password(
    monkeypatch: pytest.MonkeyPatch, hosts: dict[str, tuple[str, int]], given: str, says: str
) -> None:
    with CorporateProxy(hosts, login=f"alice:{PASSWORD}").running() as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("://", f"://{given}"))
        platform = client()
        said = await refused(platform)
    assert f"{proxy.url}, the proxy of https_proxy, {says}" in said
    assert "Put both into https_proxy as http://USER:PASSWORD@HOST:PORT" in said
    assert "wr0ng-w0rd" not in said
    assert len(proxy.asked) == 2, "asked once for the read and once for the write: the answer stays the same"
    assert platform.redactor.text("wr0ng-w0rd") == ("***" if given else "wr0ng-w0rd")


@pytest.mark.parametrize(
    ("status", "says", "hint"),
    [
        ((403, "Forbidden"), f"does not let this through to {IMS}:443 (proxy: 403 Forbidden)", "to allow"),
        ((502, "Bad Gateway"), f"does not reach {IMS}:443 (proxy: 502 Bad Gateway)", "may reach that host"),
    ],
)
async def test_a_proxy_that_refuses(
    monkeypatch: pytest.MonkeyPatch,
    hosts: dict[str, tuple[str, int]],
    status: tuple[int, str],
    says: str,
    hint: str,
) -> None:
    with CorporateProxy(hosts, status=status).running() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        said = await refused(client())
    assert f"{proxy.url}, the proxy of HTTPS_PROXY, {says}" in said
    assert hint in said
    assert f"name {IMS} in NO_PROXY" in said


@pytest.mark.parametrize("token", [None, "given-token"])
async def test_a_proxy_that_hangs_up(
    monkeypatch: pytest.MonkeyPatch, hosts: dict[str, tuple[str, int]], token: str | None
) -> None:
    """Nothing was sent, and a write is sure of it: only the proxy was asked."""
    with CorporateProxy(hosts, closes=True).running() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        said = await refused(client(token=token))
    place = f"{PLATFORM if token else IMS}:443"
    assert (
        f"the proxy of HTTPS_PROXY, closed the connection, or does not speak HTTP, when it was asked for {place}"
        in said
    )
    assert b"given-token" not in b"".join(proxy.seen)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        (None, "https://no-such-host.invalid", "the name no-such-host.invalid cannot be resolved (DNS: "),
        (None, "https://127.0.0.1:1", "no connection to 127.0.0.1:1 (TCP: Connection refused)"),
        (None, "https://[::1]:1", "no connection to [::1]:1 (TCP: "),
        (
            "HTTPS_PROXY",
            "http://no-such-proxy.invalid:3128",
            "the name no-such-proxy.invalid, of http://no-such-proxy.invalid:3128, the proxy of HTTPS_PROXY, cannot be",
        ),
        (
            "ALL_PROXY",
            "http://127.0.0.1:1",
            "no connection to http://127.0.0.1:1, the proxy of ALL_PROXY (TCP: Connection refused)",
        ),
    ],
)
async def test_nobody_is_there(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, value: str, says: str
) -> None:
    if variable:
        monkeypatch.setenv(variable, value)
    said = await refused(client() if variable else client(platform=value))
    assert says in said
    assert (variable or "AEP_IMS_URL") in said
    assert f"Used: {'http' if variable else 'no proxy (no proxy is set)'}" in said


async def test_a_port_that_speaks_no_tls() -> None:
    async def answer(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        place = f"127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        async with anyio.create_task_group() as group:
            group.start_soon(listener.serve, answer)
            said = await refused(client(platform=f"https://{place}"))
            group.cancel_scope.cancel()
    assert f"no TLS handshake with {place} (TLS: " in said
    assert "Check whether AEP_IMS_URL names the right host and port" in said


async def test_plain_http_is_never_shown_to_a_proxy(
    monkeypatch: pytest.MonkeyPatch, hosts: dict[str, tuple[str, int]]
) -> None:
    with CorporateProxy(hosts).running() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with client(platform="http://127.0.0.1:9", token="given-token") as platform:
            with pytest.raises(NotSent, match=r"Name 127\.0\.0\.1 in NO_PROXY"):
                await platform.request_json("GET", FLOWS)
    assert proxy.seen == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"client_key": Path("/no/key")}, "AEP_CLIENT_KEY is set and AEP_CLIENT_CERT is not"),
        ({"client_cert": Path("/no/cert")}, "AEP_CLIENT_CERT names /no/cert, which does not exist"),
        ({"client_cert": "chain", "client_key": Path("/no/key")}, "AEP_CLIENT_KEY names /no/key"),
        ({"client_cert": "chain"}, "are not a certificate and a key in PEM form"),
        ({"client_cert": "chain", "client_key": "other"}, "do not belong together"),
        ({"client_cert": "chain", "client_key": "locked"}, "set AEP_CLIENT_KEY_PASSWORD"),
        ({"ca_bundle": Path("/no/ca.pem")}, "AEP_CA_BUNDLE names /no/ca.pem, which does not exist"),
    ],
)
async def test_a_file_that_cannot_work_is_named(
    tmp_path: Path, corporate: trustme.CA, wrong: dict[str, Any], says: str
) -> None:
    chain, key = certificate_files(corporate.issue_cert("a.example"), tmp_path)
    other = tmp_path / "other.key"
    other.write_bytes(corporate.issue_cert("b.example").private_key_pem.bytes())
    _encrypt(key, "k3y-pass")
    files: dict[Any, Any] = {"chain": chain, "locked": key, "other": other}
    async with client(**{name: files.get(value, value) for name, value in wrong.items()}) as platform:
        with pytest.raises(NotSent, match="AEP_") as caught:
            await platform.request_json("GET", FLOWS)
    assert says in str(caught.value)


def _encrypt(key: Path, password: str) -> None:
    from cryptography.hazmat.primitives import serialization

    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password.encode()),
        )
    )


@pytest.mark.parametrize("platform", ["darwin", "win32"])
async def test_the_store_of_macos_and_windows_is_asked(
    monkeypatch: pytest.MonkeyPatch, hosts: dict[str, tuple[str, int]], corporate: trustme.CA, platform: str
) -> None:
    """Here it is the store of Linux: what can be seen is that the client works with the library, and who is refused."""
    import truststore

    from aep_flow_mcp.platform.wire import trust

    monkeypatch.setattr(sys, "platform", platform)
    assert type(trust.trusted(environ={}).context) is truststore.SSLContext
    with CorporateProxy(hosts, authority=corporate).running() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        said = await refused(client())
    assert f"the certificate of {IMS} is not trusted (TLS: " in said
    assert "the system's certificates" in said


@pytest.mark.parametrize("known", [True, False], ids=["the proxy", "an impostor"])
async def test_a_proxy_hears_its_password_only_where_its_certificate_is_trusted(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    hosts: dict[str, tuple[str, int]],
    adobe: trustme.CA,
    corporate: trustme.CA,
    known: bool,
) -> None:
    """Also where only the issuer of a certificate is looked for, in the tunnel or of the proxy itself."""
    proxy = CorporateProxy(
        hosts, secure=server_context(corporate.issue_cert("127.0.0.1")), login=f"alice:{PASSWORD}"
    )
    bundle = pem_of(corporate if known else adobe, tmp_path / "ca.pem")
    with proxy.running():
        monkeypatch.setenv("HTTPS_PROXY", proxy.with_login(LOGIN))
        said = await refused(client(ca_bundle=bundle)) if not known else ""
        issuer = await Egress(Network(ca_bundle=bundle)).issuer(f"https://{PLATFORM}/")
    heads = b"".join(proxy.seen).lower()
    assert (b"proxy-authorization" in heads) is known
    assert (issuer or "").startswith("O=Public Authority") is known
    assert known or f"the certificate of {proxy.url} is not trusted" in said
    assert known or "issued by O=" in said, "the issuer of the proxy's own certificate is seen without it"
