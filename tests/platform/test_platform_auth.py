from __future__ import annotations

from urllib.parse import parse_qs

import anyio
import httpx
import pytest
from pydantic import SecretStr

from aep_flow_mcp.platform.auth import ImsAuth
from aep_flow_mcp.platform.config import Credentials
from aep_flow_mcp.platform.errors import ErrorKind, NotSent, PlatformError
from aep_flow_mcp.platform.transport import PlatformClient
from support.platform_wire import SECRET, TOKEN, Wire

PATH = "/data/foundation/flowservice/flows"


async def test_token_request(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [{}]
    await client.request_json("GET", PATH)
    sent = wire.tokens[0]
    assert (sent.method, str(sent.url)) == ("POST", "https://ims.test/ims/token/v3")
    assert parse_qs(sent.content.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["me"],
        "client_secret": [SECRET],
        "scope": ["openid,session,AdobeID,read_organizations,additional_info.projectedProductContext"],
    }
    assert "authorization" not in sent.headers
    assert sent.extensions["timeout"]["read"] == client.config.timeouts.read


async def test_one_fetch_for_all_waiters(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [{}]
    async with anyio.create_task_group() as group:
        for _ in range(30):
            group.start_soon(client.request_json, "GET", PATH)
    assert len(wire.tokens) == 1
    assert {sent.headers["authorization"] for sent in wire.requests} == {f"Bearer {TOKEN}-1"}


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [(86_399, 86_399), ("3600", 3_600), (86_399_900, 86_399.9), (100, 100), (None, 3_600)],
)
async def test_renewed_before_it_expires(
    wire: Wire, client: PlatformClient, expires_in: object, lifetime: float
) -> None:
    wire.answers, wire.expires_in = [{}], expires_in
    start = wire.now
    await client.request_json("GET", PATH)
    margin = min(300, lifetime / 10)
    wire.now = start + lifetime - margin - 1
    await client.request_json("GET", PATH)
    assert len(wire.tokens) == 1
    wire.now = start + lifetime - margin + 1
    await client.request_json("GET", PATH)
    assert len(wire.tokens) == 2


async def test_a_401_renews_once_and_repeats_once(wire: Wire, client: PlatformClient) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        good = request.headers["authorization"] == f"Bearer {TOKEN}-2"
        return (
            httpx.Response(200, json={"ok": 1})
            if good
            else httpx.Response(401, json={"error_code": "401013"})
        )

    wire.handler = answer
    # A search is a POST that only reads; what writes is not repeated (test_platform_bounds.py).
    answers = [await client.request_json("POST", PATH, json={"a": 1}, retry=True) for _ in range(2)]
    assert [each.data for each in answers] == [{"ok": 1}] * 2
    assert len(wire.tokens) == 2
    assert [sent.content for sent in wire.requests] == [b'{"a":1}'] * 3


async def test_many_401s_at_once_renew_once(wire: Wire, client: PlatformClient) -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        response = await wire(request)
        await anyio.sleep(0.002)
        return response

    wire.handler = lambda request: httpx.Response(
        200 if request.headers["authorization"].endswith("-2") else 401, json={"error_code": "401013"}
    )
    slow = PlatformClient(client.config, transport=httpx.MockTransport(answer))
    async with slow, anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(slow.request_json, "GET", PATH)
    assert len(wire.tokens) == 2


async def test_a_401_that_stays_is_an_auth_error(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [httpx.Response(401, json={"error_code": 401013, "message": "Oauth token is not valid"})]
    with pytest.raises(PlatformError, match="401013") as caught:
        await client.request_json("GET", PATH)
    assert caught.value.kind is ErrorKind.AUTH
    assert len(wire.requests) == 2
    assert len(wire.tokens) == 2


async def test_supplied_token_is_used_as_it_is(wire: Wire) -> None:
    wire.answers = [{"ok": 1}, httpx.Response(401, json={"error_code": "401013", "message": "expired"})]
    given = Credentials(client_id="me", org_id="o", access_token=SecretStr("given"))
    async with wire.client(credentials=given) as client:
        await client.request_json("GET", PATH)
        assert wire.requests[0].headers["authorization"] == "Bearer given"
        with pytest.raises(PlatformError, match="AEP_ACCESS_TOKEN was refused") as caught:
            await client.request_json("GET", PATH)
        assert await client.sign_in() is None
    assert caught.value.kind is ErrorKind.AUTH
    assert caught.value.code == "401013"
    assert wire.tokens == []
    assert len(wire.requests) == 2


@pytest.mark.parametrize("token", ["a b", "a\nb", "ü"])
async def test_a_token_that_is_none(wire: Wire, token: str) -> None:
    given = Credentials(client_id="me", org_id="o", access_token=SecretStr(token))
    async with wire.client(credentials=given) as client:
        with pytest.raises(NotSent) as caught:
            await client.request_json("GET", PATH)
    assert caught.value.kind is ErrorKind.AUTH
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    ("response", "kind", "tries"),
    [
        (httpx.Response(401, json={"error": "invalid_client", "error_description": "no"}), ErrorKind.AUTH, 1),
        (httpx.Response(400, json={"error": "invalid_scope"}), ErrorKind.AUTH, 1),
        (httpx.Response(403), ErrorKind.AUTH, 1),
        (httpx.Response(429, headers={"retry-after": "1"}), ErrorKind.RATE_LIMITED, 5),
        (httpx.Response(500, json={"error": "internal_error"}), ErrorKind.UNAVAILABLE, 5),
        (httpx.Response(200, content=b"<html>"), ErrorKind.UNAVAILABLE, 5),
        (httpx.Response(200, json={"access_token": None}), ErrorKind.UNAVAILABLE, 5),
        (httpx.Response(302, headers={"location": "https://evil.test"}), ErrorKind.UNEXPECTED, 1),
        (httpx.ConnectError("x"), ErrorKind.UNAVAILABLE, 5),
        (httpx.ReadTimeout("x"), ErrorKind.UNAVAILABLE, 5),
    ],
)
async def test_ims_trouble(
    wire: Wire, response: httpx.Response | Exception, kind: ErrorKind, tries: int
) -> None:
    asked: list[httpx.Request] = []

    async def ims_only(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(response, Exception):
            raise response
        return response

    config = wire.client().config
    async with PlatformClient(config, transport=httpx.MockTransport(ims_only), sleep=wire.sleep) as client:
        # Nothing reached Platform, so even a write is certain not to have happened.
        for method, times in (("GET", tries), ("POST", 1)):
            asked.clear()
            with pytest.raises(NotSent) as caught:
                await client.request_json(method, PATH, json=None)
            assert caught.value.kind is kind
            assert SECRET not in str(caught.value)
            assert [request.url.host for request in asked] == ["ims.test"] * times
        with pytest.raises(NotSent):
            await client.sign_in()


async def test_sign_in_fetches_a_token_once(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [{}]
    first = await client.sign_in()
    assert first == await client.sign_in() == wire.now + 86_399 - 300
    await client.request_json("GET", PATH)
    assert len(wire.tokens) == 1


@pytest.mark.parametrize("url", ["https://evil.test/", "http://platform.test/", "https://platform.test:444/"])
async def test_token_goes_to_the_configured_host_only(wire: Wire, client: PlatformClient, url: str) -> None:
    flow = ImsAuth(client.config).async_auth_flow(httpx.Request("GET", url))
    with pytest.raises(PlatformError, match="not the configured Platform host"):
        await flow.__anext__()
