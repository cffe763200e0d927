from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anyio
import httpx
import pytest

from aep_flow_mcp.platform.config import Credentials, PlatformConfig, Timeouts
from aep_flow_mcp.platform.errors import AnswerLost, ErrorKind, NotSent, PlatformError
from aep_flow_mcp.platform.transport import PlatformClient
from support.platform_wire import SECRET, TOKEN, Wire

PATH = "/data/foundation/flowservice/flows"


async def test_headers_query_and_answer(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [httpx.Response(200, json={"items": []}, headers={"X-Request-Id": "r1"})]
    answer = await client.request_json(
        "GET", PATH, params=[("property", "name==a b+c&ü"), ("property", "x==1")]
    )
    sent = wire.requests[0]
    assert sent.url.raw_path == PATH.encode() + b"?property=name%3D%3Da%20b%2Bc%26%C3%BC&property=x%3D%3D1"
    assert sent.headers["authorization"] == f"Bearer {TOKEN}-1"
    assert sent.headers["x-api-key"] == "me"
    assert sent.headers["x-gw-ims-org-id"] == "ORG@AdobeOrg"
    assert sent.headers["x-sandbox-name"] == "dev"
    assert "content-type" not in sent.headers
    assert (answer.status, answer.data, answer.request_id) == (200, {"items": []}, "r1")


async def test_body_and_named_sandbox(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [httpx.Response(201, json={"id": "1"})]
    await client.request_json("post", PATH, json={"name": "é"}, sandbox="stage", headers={"If-Match": '"e"'})
    sent = wire.requests[0]
    assert json.loads(sent.content) == {"name": "é"}
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["x-sandbox-name"] == "stage"
    assert sent.headers["if-match"] == '"e"'


async def test_no_sandbox_is_an_error_but_not_for_the_sandbox_api(wire: Wire) -> None:
    wire.answers = [{"sandboxes": []}]
    async with wire.client(sandbox=None) as client:
        with pytest.raises(PlatformError, match="AEP_SANDBOX") as caught:
            await client.request_json("GET", PATH)
        assert caught.value.kind is ErrorKind.INVALID
        await client.request_json("GET", "/data/foundation/sandbox-management/")
    assert "x-sandbox-name" not in wire.requests[0].headers
    assert len(wire.requests) == 1


async def test_no_credentials_says_which_variables(wire: Wire) -> None:
    async with wire.client(credentials=None) as client:
        with pytest.raises(NotSent, match="AEP_CLIENT_ID, AEP_CLIENT_SECRET and AEP_ORG_ID") as caught:
            await client.request_json("GET", PATH)
    assert caught.value.kind is ErrorKind.AUTH
    async with wire.client(credentials=None, credentials_problem="/x.json is not JSON") as client:
        with pytest.raises(NotSent, match=r"/x\.json is not JSON"):
            await client.request_json("GET", PATH)
    assert wire.requests == []
    assert wire.tokens == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_get_is_repeated_until_it_works(wire: Wire, client: PlatformClient, status: int) -> None:
    wire.answers = [httpx.Response(status), httpx.Response(status), {"ok": 1}]
    answer = await client.request_json("GET", PATH)
    assert answer.data == {"ok": 1}
    assert len(wire.requests) == 3
    assert 0.25 <= wire.slept[0] <= 0.5
    assert 0.5 <= wire.slept[1] <= 1.0


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 422])
async def test_get_is_not_repeated_for_our_own_mistakes(
    wire: Wire, client: PlatformClient, status: int
) -> None:
    wire.answers = [httpx.Response(status, json={"message": "no"})]
    with pytest.raises(PlatformError) as caught:
        await client.request_json("GET", PATH)
    assert caught.value.status == status
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "broken",
    [
        httpx.ConnectError("x"),
        httpx.ConnectTimeout("x"),
        httpx.ReadError("x"),
        httpx.ReadTimeout("x"),
        httpx.RemoteProtocolError("x"),
        httpx.Response(200, content=b'{"items": [{"id": "1"'),
        httpx.Response(200, content=b"<html>maintenance</html>"),
        httpx.Response(200, content=b""),
    ],
)
async def test_get_survives_broken_answers(wire: Wire, client: PlatformClient, broken: Any) -> None:
    wire.answers = [broken, {"ok": 1}]
    assert (await client.request_json("GET", PATH)).data == {"ok": 1}
    assert len(wire.requests) == 2


async def test_five_hundred_for_ever_ends_after_max_tries(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [httpx.Response(500, json={"message": "boom"}, headers={"x-request-id": "r9"})]
    with pytest.raises(PlatformError, match="boom") as caught:
        await client.request_json("GET", PATH)
    assert caught.value.kind is ErrorKind.UNAVAILABLE
    assert "r9" in str(caught.value)
    assert len(wire.requests) == client.config.max_tries


async def test_retry_after_seconds_and_date(wire: Wire, client: PlatformClient) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    wire.answers = [
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(503, headers={"Retry-After": soon}),
        {"ok": 1},
    ]
    await client.request_json("GET", PATH)
    assert 7 <= wire.slept[0] <= 8
    assert 25 <= wire.slept[1] <= 31


async def test_retry_after_beyond_the_bound_is_told_and_not_waited_for(
    wire: Wire, client: PlatformClient
) -> None:
    wire.answers = [httpx.Response(429, json={"error_code": "429050"}, headers={"Retry-After": "3600"})]
    with pytest.raises(PlatformError) as caught:
        await client.request_json("GET", PATH)
    assert caught.value.kind is ErrorKind.RATE_LIMITED
    assert caught.value.retry_after == 3600
    assert wire.slept == []


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "broken", [httpx.ReadError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")]
)
async def test_write_is_sent_once_and_says_lost(
    wire: Wire, client: PlatformClient, method: str, broken: Exception
) -> None:
    wire.answers = [broken]
    with pytest.raises(AnswerLost) as caught:
        await client.request_json(method, PATH, json={})
    assert (caught.value.method, caught.value.path) == (method, PATH)
    assert caught.value.kind is ErrorKind.UNAVAILABLE
    assert len(wire.requests) == 1


async def test_write_without_connection_was_never_sent(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [httpx.ConnectError("x")]
    with pytest.raises(NotSent, match="AEP_PLATFORM_URL"):
        await client.request_json("POST", PATH, json={})
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("response", "lost"),
    [
        (httpx.Response(504), True),
        (httpx.Response(502), True),
        (httpx.Response(408), True),
        (httpx.Response(500, content=b"<html>"), True),
        (httpx.Response(201, content=b'{"id": "1'), True),
        (httpx.Response(201, content=b"<html>"), True),
        (httpx.Response(500, json={"type": "http://ns.adobe.com/aep/errors/FLOW-2200-500"}), True),
        (httpx.Response(503, json={"errorCode": "1103-503"}), True),
        (httpx.Response(307, headers={"location": "https://elsewhere.invalid/"}), True),
        (httpx.Response(599), True),
        (httpx.Response(400, json={"message": "no"}), False),
        (httpx.Response(429), False),
        (httpx.Response(412), False),
    ],
)
async def test_which_failures_of_a_write_leave_doubt(
    wire: Wire, client: PlatformClient, response: httpx.Response, lost: bool
) -> None:
    wire.answers = [response]
    with pytest.raises(PlatformError) as caught:
        await client.request_json("POST", PATH, json={})
    assert isinstance(caught.value, AnswerLost) is lost
    assert len(wire.requests) == 1


async def test_searching_post_is_repeated(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [httpx.ReadError("x"), httpx.Response(503), {"items": []}]
    answer = await client.request_json("POST", f"{PATH}/search", json={"limit": 1}, retry=True)
    assert answer.data == {"items": []}
    assert [json.loads(sent.content) for sent in wire.requests] == [{"limit": 1}] * 3


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_empty_answers_of_writes(wire: Wire, client: PlatformClient, status: int) -> None:
    wire.answers = [httpx.Response(status)]
    answer = await client.request_json("DELETE", f"{PATH}/1")
    assert (answer.status, answer.data) == (status, None)


@pytest.mark.parametrize("location", ["https://evil.test/x", "/elsewhere", ""])
async def test_redirects_are_refused(wire: Wire, client: PlatformClient, location: str) -> None:
    wire.answers = [httpx.Response(302, headers={"location": location})]
    with pytest.raises(PlatformError, match="redirect") as caught:
        await client.request_json("GET", PATH)
    assert caught.value.kind is ErrorKind.UNEXPECTED
    assert [sent.url.host for sent in wire.requests] == ["platform.test"]


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.test/x",
        "//evil.test/x",
        "data/x",
        "/data/../x",
        "/data/%2e%2e/x",
        "/data/%252e%252e/x",
        "/data/%00/x",
        "/data/x%0a",
        "/data//x",
        "/data/x?y=1",
        "/data/x#y",
        "/data\\x",
        "/data/%5c/x",
        "/data/ x",
        "/data/\nx",
        "/data/%zz",
        "",
    ],
)
async def test_paths_that_could_leave_are_refused_before_sending(
    wire: Wire, client: PlatformClient, path: str
) -> None:
    with pytest.raises(PlatformError) as caught:
        await client.request_json("GET", path)
    assert caught.value.kind is ErrorKind.INVALID
    assert wire.requests == []
    assert wire.tokens == []


async def test_encoded_slashes_stay_encoded(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [{}]
    await client.request_json("GET", "/data/schemas/https%3A%2F%2Fns.adobe.com%2Fa%2Fschemas%2Fb")
    assert wire.requests[0].url.raw_path == b"/data/schemas/https%3A%2F%2Fns.adobe.com%2Fa%2Fschemas%2Fb"


@pytest.mark.parametrize("sandbox", ["*", "a b", "a\r\nx: y", "ü", "-x"])
async def test_sandbox_names_that_are_none(wire: Wire, client: PlatformClient, sandbox: str) -> None:
    with pytest.raises(PlatformError, match="not the name of a sandbox"):
        await client.request_json("GET", PATH, sandbox=sandbox)
    assert wire.requests == []


async def test_concurrency_is_bounded(wire: Wire) -> None:
    running = peak = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal running, peak
        if request.url.path == "/ims/token/v3":
            return await wire(request)
        running += 1
        peak = max(peak, running)
        await anyio.sleep(0.005)
        running -= 1
        return httpx.Response(200, json={})

    config = wire.client(max_concurrency=3).config
    client = PlatformClient(config, transport=httpx.MockTransport(answer))
    async with client, anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(client.request_json, "GET", PATH)
    assert peak == 3
    assert client.requests_sent == 21


async def test_a_body_that_never_ends_is_cut_off_by_the_total_timeout(wire: Wire) -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/ims/token/v3":
            return await wire(request)
        await anyio.sleep(30)
        return httpx.Response(200, json={})

    config = wire.client(timeouts=Timeouts(total=0.02), max_tries=2).config
    async with PlatformClient(config, transport=httpx.MockTransport(hang), sleep=wire.sleep) as client:
        with pytest.raises(PlatformError, match="complete answer") as caught:
            await client.request_json("GET", PATH)
        assert caught.value.kind is ErrorKind.UNAVAILABLE
        with pytest.raises(AnswerLost):
            await client.request_json("DELETE", f"{PATH}/1")


async def test_cancelling_leaves_the_client_usable(wire: Wire) -> None:
    slow = True

    async def answer(request: httpx.Request) -> httpx.Response:
        if slow:
            await anyio.sleep(30)
        return await wire(request)

    wire.answers = [{"ok": 1}]
    config = wire.client(max_concurrency=1).config
    async with PlatformClient(config, transport=httpx.MockTransport(answer)) as client:
        # The first request is cancelled while it fetches the token, with the lock and the only slot in hand.
        with anyio.move_on_after(0.02) as scope:
            await client.request_json("GET", PATH)
        assert scope.cancelled_caught
        slow = False
        with anyio.fail_after(2):
            assert (await client.request_json("GET", PATH)).data == {"ok": 1}


async def test_closed_client_refuses(wire: Wire) -> None:
    client = wire.client()
    await client.aclose()
    with pytest.raises(NotSent, match="closed"):
        await client.request_json("GET", PATH)
    assert wire.slept == []


async def test_hostile_texts_are_cleaned_and_bounded(wire: Wire, client: PlatformClient) -> None:
    text = "bad\u202e\x1b[31m \u200b" + "x" * 5000 + f" Bearer {TOKEN}-1"
    wire.answers = [httpx.Response(400, json={"message": text})]
    with pytest.raises(PlatformError) as caught:
        await client.request_json("GET", PATH)
    shown = str(caught.value)
    assert len(shown) < 1200
    assert not any(char in shown for char in "\u202e\x1b\u200b\n")
    assert TOKEN not in shown


async def test_no_secret_in_any_repr(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [{}]
    await client.request_json("GET", PATH)
    for thing in (client, client.config, client.config.credentials, vars(client)):
        assert SECRET not in repr(thing)
        assert TOKEN not in repr(thing)


@pytest.mark.parametrize(
    "url",
    ["http://platform.test", "ftp://x", "https://", "https://u:p@x", "https://x?y", "nonsense", "http://[::"],
)
def test_addresses_that_cannot_be(url: str) -> None:
    with pytest.raises(ValueError, match="AEP_PLATFORM_URL"):
        PlatformConfig(platform_url=url)
    with pytest.raises(ValueError, match="AEP_IMS_URL"):
        PlatformConfig(ims_url=url)


@pytest.mark.parametrize(
    ("url", "token_url"),
    [
        ("https://ims.test", "https://ims.test/ims/token/v3"),
        ("https://ims.test/", "https://ims.test/ims/token/v3"),
        ("http://127.0.0.1:8080/ims", "http://127.0.0.1:8080/ims/token/v3"),
        ("http://localhost:8080/ims/token/v3", "http://localhost:8080/ims/token/v3"),
        ("http://[::1]:8080", "http://[::1]:8080/ims/token/v3"),
    ],
)
def test_token_url(url: str, token_url: str) -> None:
    assert PlatformConfig(ims_url=url).token_url == token_url


def test_credentials_need_a_secret_or_a_token() -> None:
    with pytest.raises(ValueError, match="AEP_CLIENT_SECRET"):
        Credentials(client_id="a", org_id="b")
