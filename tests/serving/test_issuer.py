"""The issuer: asked when needed and no oftener, and said to be away when it is."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from aep_flow_mcp.platform.wire import documents
from aep_flow_mcp.serving.signing_in.documents import IssuerUnavailable, jwks_of
from aep_flow_mcp.serving.signing_in.keys import IssuerKeys
from guard.bed import Clock
from guard.bed import settings as emulator_settings
from serving.bed import Served, served
from serving.issuer import STRANGE_KEY, Issuer, issuing


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


@pytest.fixture
async def door(issuer: Issuer) -> AsyncIterator[Served]:
    async with served(mcp_auth="oidc", mcp_auth_issuer=issuer.url, mcp_auth_audience=("aep-flows",)) as found:
        yield found


def read(issuer: Issuer) -> int:
    """How often its keys were read."""
    return issuer.asked.count("/keys")


async def test_keys_are_read_once_and_again_for_a_new_one(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.url, clock=clock)
    assert issuer.asked == []
    for _ in range(5):
        assert await keys.find("rsa-1", "RS256") is not None
    assert read(issuer) == 1

    issuer.publish("rsa-2", STRANGE_KEY, "RS256")
    for _ in range(50):
        assert await keys.find("rsa-2", "RS256") is None, "whoever has no token cannot make it ask"
    assert read(issuer) == 1
    clock.now += 30
    assert await keys.find("rsa-2", "RS256") is not None
    assert read(issuer) == 2
    for number in range(50):
        clock.now += 0.5
        assert await keys.find(f"made-up {number}", "RS256") is None
    assert read(issuer) == 2


async def test_a_key_that_is_withdrawn_is_soon_unknown(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.url, clock=clock)
    assert await keys.find("rsa-1", "RS256") is not None
    issuer.keys.clear()
    clock.now += 600
    assert await keys.find("rsa-1", "RS256") is None


async def test_known_keys_outlive_an_issuer_that_is_away_for_a_day(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.url, clock=clock)
    assert await keys.find("rsa-1", "RS256") is not None
    issuer.status = 500
    for _ in range(23):
        clock.now += 3_600
        assert await keys.find("rsa-1", "RS256") is not None
        with pytest.raises(IssuerUnavailable):
            await keys.find("rsa-2", "RS256")
    clock.now += 3_600
    with pytest.raises(IssuerUnavailable):
        await keys.find("rsa-1", "RS256")
    issuer.status = 200
    clock.now += 10
    assert await keys.find("rsa-1", "RS256") is not None


async def test_a_key_that_fits_only_one_way_is_used_only_that_way(issuer: Issuer) -> None:
    keys = IssuerKeys(issuer.url)
    assert await keys.find("rsa-1", "RS256") is not None
    for algorithm in ("RS512", "PS256", "ES256", "EdDSA"):
        assert await keys.find("rsa-1", algorithm) is None
    assert await keys.find(None, "RS256") is not None
    issuer.publish("rsa-2", STRANGE_KEY, "RS256")
    assert await IssuerKeys(issuer.url).find(None, "RS256") is None, "which of the two is meant?"


async def test_a_short_key_is_none(issuer: Issuer) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    issuer.publish("short", rsa.generate_private_key(public_exponent=65_537, key_size=1_024), "RS256")
    assert await IssuerKeys(issuer.url).find("short", "RS256") is None


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"issuer": "https://another.example"}, "set AEP_MCP_AUTH_ISSUER to exactly that"),
        ({"issuer": None}, "set AEP_MCP_AUTH_ISSUER to exactly that"),
        ({"jwks_uri": "http://keys.example/keys"}, "no jwks_uri with https"),
        ({"jwks_uri": "file:///etc/passwd"}, "no jwks_uri with https"),
        ({"jwks_uri": 7}, "no jwks_uri with https"),
    ],
)
async def test_metadata_of_another_are_not_believed(
    issuer: Issuer, metadata: dict[str, Any], said: str
) -> None:
    issuer.metadata = metadata
    with pytest.raises(IssuerUnavailable, match=said):
        await jwks_of(issuer.url)
    assert read(issuer) == 0


async def test_no_more_is_read_of_an_issuer_than_keys_take(issuer: Issuer) -> None:
    issuer.metadata = {"padding": "x" * 2_000_000}
    with pytest.raises(IssuerUnavailable, match="not with a JSON object"):
        await jwks_of(issuer.url)
    issuer.metadata = {"padding": "x" * 500_000}
    assert len(await jwks_of(issuer.url)) == 1


@pytest.mark.parametrize("keys", [[7, None, "x"], [{"kty": "RSA", "kid": "rsa-1"}], [{"kid": "rsa-1"}]])
async def test_keys_that_are_none_check_nothing(issuer: Issuer, keys: list[Any]) -> None:
    issuer.keys[:] = keys
    assert await IssuerKeys(issuer.url).find("rsa-1", "RS256") is None


async def test_an_issuer_that_is_away_is_no_fault_of_the_token(
    door: Served, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.status = 500
    token = issuer.token()
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            answer = await door.call("list_flows", {"limit": 1}, token=token)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert "issuer does not answer" in answer.json()["error_description"]
            assert issuer.url not in answer.text
    assert len(issuer.asked) == 1, "it is not asked at once again"
    assert door.requests == 0
    assert issuer.url.partition("//")[2].partition(":")[0] in caplog.text
    assert token not in caplog.text


async def test_an_issuer_that_hangs_holds_nobody_for_long(
    door: Served, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "PATIENCE", 0.2)
    issuer.holds.clear()
    answer = await door.call("list_flows", {"limit": 1}, token=issuer.token())
    assert answer.status_code == 503
    assert door.requests == 0


async def test_the_issuer_is_asked_through_the_proxy_that_adobe_is_asked_through(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(IssuerUnavailable, match=r"through http://127\.0\.0\.1:9, the proxy of HTTP_PROXY"):
        await jwks_of(issuer.url)
    monkeypatch.setenv("HTTP_PROXY", "nonsense://x")
    with pytest.raises(IssuerUnavailable, match="HTTP_PROXY takes"):
        await jwks_of(issuer.url)
    assert issuer.asked == []


def doctor_says(capsys: pytest.CaptureFixture[str], **settings: Any) -> tuple[int, str]:
    """The exit code of the doctor, and its line about signing in."""
    from aep_flow_mcp.cli import emulator_transport
    from aep_flow_mcp.doctor import run_doctor

    code = run_doctor({"": emulator_settings(mcp_auth="oidc", **settings)}, transport=emulator_transport)
    return code, next(line for line in capsys.readouterr().out.splitlines() if " sign-in:" in line)


def test_doctor_asks_the_issuer(issuer: Issuer, capsys: pytest.CaptureFixture[str]) -> None:
    issuer.publish("of another kind", STRANGE_KEY, "RS256", use="enc")
    code, line = doctor_says(capsys, mcp_auth_issuer=issuer.url, mcp_auth_audience=("aep-flows",))
    assert code == 0
    assert f"{issuer.url} has 1 keys" in line
    assert "their audience is aep-flows" in line
    issuer.keys.pop(0)
    code, line = doctor_says(capsys, mcp_auth_issuer=issuer.url)
    assert code == 1
    assert "none of the 1 keys" in line
    issuer.metadata = {"issuer": "https://another.example"}
    assert "set AEP_MCP_AUTH_ISSUER to exactly that" in doctor_says(capsys, mcp_auth_issuer=issuer.url)[1]
    assert "set AEP_MCP_AUTH_ISSUER to the address" in doctor_says(capsys)[1]
