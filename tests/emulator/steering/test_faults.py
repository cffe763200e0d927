"""Faults, in process and over real sockets, and the control endpoints."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from aep_flow_mcp.emulator import ConnectionDropped, FaultRule
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from emulator.kit import FLOW_SERVICE, Api, make_api, s3_account
from support.waiting import until

FLOWS = f"{FLOW_SERVICE}/flows"
ROUTE = "GET .*/flows$"


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=EmulatorTransport(api.emulator),
        base_url="https://platform.adobe.io",
        headers=api.headers(),
        timeout=0.2,
    ) as client:
        yield client


async def test_the_transport_carries_paths_queries_and_bodies(api: Api, client: httpx.AsyncClient) -> None:
    made = await client.post(f"{FLOW_SERVICE}/connections", json=s3_account(name="a & b+c=ä"))
    assert made.status_code == 201
    listed = await client.get(f"{FLOW_SERVICE}/connections", params={"property": 'name=="a & b+c=ä"'})
    assert [row["id"] for row in listed.json()["items"]] == [made.json()["id"]]
    assert listed.headers["content-type"] == "application/json"
    assert (await client.delete(f"{FLOW_SERVICE}/connections/{made.json()['id']}")).status_code == 204
    odd = await client.get(f"{FLOW_SERVICE}/flows/%2E%2E%2Fruns")
    assert odd.json()["errorMessage"] == "flows not found with id = [../runs]"


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (FaultRule(ROUTE, "drop"), httpx.ReadError),
        (FaultRule(ROUTE, "lost_answer"), httpx.ReadError),
        (FaultRule(ROUTE, "truncated"), httpx.RemoteProtocolError),
        (FaultRule(ROUTE, "timeout"), httpx.ReadTimeout),
        (FaultRule(ROUTE, "timeout", seconds=0), httpx.ReadTimeout),
        (FaultRule(ROUTE, "latency", seconds=5), httpx.ReadTimeout),
        (FaultRule(ROUTE, "slow_body", seconds=5), httpx.ReadTimeout),
    ],
    ids=lambda value: value.kind if isinstance(value, FaultRule) else value.__name__,
)
async def test_a_fault_is_the_error_that_httpx_raises(
    api: Api, client: httpx.AsyncClient, rule: FaultRule, error: type[Exception]
) -> None:
    api.emulator.faults.add(rule)
    with pytest.raises(error):
        await client.get(FLOWS)
    assert [hit.kind for hit in api.emulator.faults.hits] == [rule.kind]


async def test_a_slow_body_comes_in_pieces(api: Api, client: httpx.AsyncClient) -> None:
    api.emulator.faults.add(FaultRule(ROUTE, "slow_body", seconds=0.02))
    async with client.stream("GET", FLOWS) as response:
        pieces = [piece async for piece in response.aiter_raw()]
    assert len(pieces) > 1
    assert len(b"".join(pieces)) == int(response.headers["content-length"])


async def test_a_drop_comes_before_the_deed_and_a_lost_answer_after(
    api: Api, client: httpx.AsyncClient
) -> None:
    before = len(api.emulator.store.all("dev", "connections"))
    for kind, made in (("drop", 0), ("timeout", 0), ("status", 0), ("lost_answer", 1), ("not_json", 2)):
        api.emulator.faults.clear()
        api.emulator.faults.add(FaultRule("POST .*/connections$", kind, seconds=0))  # type: ignore[arg-type]
        try:
            response = await client.post(f"{FLOW_SERVICE}/connections", json=s3_account())
        except httpx.TransportError:
            assert kind in {"drop", "timeout", "lost_answer"}
        else:
            assert kind in {"status", "not_json"}
            assert response.status_code == (503 if kind == "status" else 201)
        assert len(api.emulator.store.all("dev", "connections")) == before + made
    assert [entry.status for entry in api.emulator.journal.writes()] == [0, 0, 503, 201, 201]


def test_bodies_that_are_spoiled(api: Api) -> None:
    api.emulator.faults.add(FaultRule(ROUTE, "not_json", times=1))
    api.emulator.faults.add(FaultRule(ROUTE, "null_item", times=1))
    page = api.get("/flows")
    assert (page.status, page.body, page.headers["content-type"]) == (200, None, "text/html")
    items = api.items("/flows", ("limit", "4"))
    assert len(items) == 5
    assert items.count(None) == 1
    assert None not in api.items("/flows")


def test_an_answer_with_a_status(api: Api) -> None:
    api.emulator.faults.add(FaultRule(ROUTE, "status", status=429, retry_after=3, times=1))
    api.emulator.faults.add(FaultRule(ROUTE, "status", status=500, body={"message": "own"}, times=1))
    first, second, third = (api.get("/flows") for _ in range(3))
    assert (first.status, first.body["error_code"], first.headers["retry-after"]) == (429, "429050", "3")
    assert (second.status, second.body) == (500, {"message": "own"})
    assert third.status == 200


def test_tokens_expire_on_demand(api: Api) -> None:
    api.token = api.raw(
        "POST",
        "/ims/token/v3",
        query=[
            ("grant_type", "client_credentials"),
            ("client_id", "emulator-client"),
            ("client_secret", "emulator-secret"),
            ("scope", "openid"),
        ],
    ).body["access_token"]
    assert api.get("/flows").status == 200
    api.emulator.faults.add(FaultRule(ROUTE, "expire_token", times=1))
    assert api.get("/flows").body["error_code"] == "401013"


def test_after_times_and_probability() -> None:
    api = make_api()
    api.emulator.faults.add(FaultRule(ROUTE, "status", after=2, times=3))
    assert [api.get("/flows").status for _ in range(7)] == [200, 200, 503, 503, 503, 200, 200]

    def unlucky(seed: int) -> list[int]:
        api = make_api(seed=seed)
        api.emulator.faults.add(FaultRule(ROUTE, "status", probability=0.3))
        return [api.get("/flows").status for _ in range(100)]

    assert unlucky(7) == unlucky(7) != unlucky(8)
    assert 15 < unlucky(7).count(503) < 45


def test_latency_goes_together_with_another_fault(api: Api) -> None:
    api.emulator.faults.add(FaultRule(ROUTE, "latency", seconds=1.5))
    api.emulator.faults.add(FaultRule(ROUTE, "status"))
    api.emulator.faults.add(FaultRule(ROUTE, "status", status=500))
    delivery = api.emulator.handle("GET", FLOWS, "", api.headers(), b"")
    assert (delivery.status, delivery.before) == (503, 1.5)


@pytest.mark.parametrize(
    "rule",
    [
        {"route": "x", "kind": "magic"},
        {"route": "(", "kind": "drop"},
        {"route": "x", "kind": "drop", "probability": 2},
    ],
)
def test_a_rule_that_makes_no_sense(api: Api, rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"kind|route|probability"):
        FaultRule(**rule)
    assert api.call("POST", "/_emulator/faults", rule).status == 400
    assert api.get("/_emulator/faults").body["rules"] == []


def test_faults_are_controlled_over_http(api: Api) -> None:
    rules = [{"route": ROUTE, "kind": "status", "status": 500, "times": 1}, {"route": "x", "kind": "drop"}]
    assert api.call("POST", "/_emulator/faults", rules).status == 201
    assert api.get("/flows").status == 500
    body = api.get("/_emulator/faults").body
    assert [rule["kind"] for rule in body["rules"]] == ["status", "drop"]
    assert body["hits"] == [{"kind": "status", "route": ROUTE, "method": "GET", "path": FLOWS}]
    assert api.call("DELETE", "/_emulator/faults").status == 204
    assert api.get("/_emulator/faults").body == {"rules": [], "hits": []}
    for wrong in ({"kind": "drop"}, {"route": "x", "kind": "drop", "colour": 1}, "drop", [5]):
        assert api.call("POST", "/_emulator/faults", wrong).status == 400


def test_the_journal_keeps_what_was_asked_without_the_token(api: Api) -> None:
    api.get("/flows", ("limit", "1"))
    api.call("POST", "/flows/search", {"limit": 1})
    api.call("POST", "/connections", s3_account())
    api.get("/_emulator/health")
    first, search, write = api.emulator.journal
    assert (first.method, first.path, first.query, first.status) == ("GET", FLOWS, [("limit", "1")], 200)
    assert first.headers["authorization"] == "<redacted>"
    assert len(first.response["items"]) == 1
    assert search.body == {"limit": 1}
    assert write.body["name"] == "Receipts account"
    assert api.emulator.journal.writes() == [write]
    assert (api.emulator.journal[-1], api.emulator.journal[:1]) == (write, [first])
    over_http = api.get("/_emulator/journal?writes=true").body["exchanges"]
    assert [entry["path"] for entry in over_http] == [write.path]
    assert api.call("DELETE", "/_emulator/journal").status == 204
    assert len(api.emulator.journal) == 0


def test_the_journal_is_bounded() -> None:
    api = make_api(journal_limit=3)
    for _ in range(5):
        api.get("/flows", ("limit", "1"))
    assert len(api.emulator.journal) == 3


def test_the_clock_is_moved_and_everything_reset(api: Api) -> None:
    before = api.emulator.store.snapshot("dev")
    api.create("/connections", s3_account())
    start = api.get("/_emulator/clock").body["now"]
    assert api.call("POST", "/_emulator/clock", {"advance": 86_400}).body["now"] > start
    api.get("/flows")
    assert api.emulator.store.snapshot("dev") != before
    assert (
        api.get("/_emulator/state").body["sandboxes"]["dev"]["connections"] == len(before["connections"]) + 1
    )
    assert api.call("POST", "/_emulator/reset").status == 204
    assert api.get("/_emulator/clock").body["now"] == start
    assert api.emulator.store.snapshot("dev") == before
    for wrong in ({}, {"advance": -1}, {"advance": "1"}, {"advance": True}):
        assert api.call("POST", "/_emulator/clock", wrong).status == 400


def test_health_needs_no_token_and_no_organisation(api: Api) -> None:
    reply = api.raw("GET", "/_emulator/health", headers=dict.fromkeys(api.headers()))
    assert reply.body == {"status": "ok"}
    assert not api.emulator.store.loaded


async def test_the_app_itself_raises_a_drop(api: Api) -> None:
    api.emulator.faults.add(FaultRule(ROUTE, "drop"))
    transport = httpx.ASGITransport(api.emulator.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://e", headers=api.headers()) as client:
        assert (await client.get(f"{FLOW_SERVICE}/runs")).status_code == 200
        with pytest.raises(ConnectionDropped):
            await client.get(FLOWS)


@pytest.fixture
def served(api: Api) -> Iterator[httpx.Client]:
    """A client over a real socket."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(api.emulator.app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until(lambda: server.started, "the emulator")
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with httpx.Client(base_url=url, headers=api.headers(), timeout=1) as client:
        yield client
    server.should_exit = True
    thread.join()
    listener.close()


def test_faults_over_a_socket(api: Api, served: httpx.Client) -> None:
    assert len(served.get(FLOWS, params={"limit": 3}).json()["items"]) == 3
    for kind, error in (
        ("drop", httpx.RemoteProtocolError),
        ("lost_answer", httpx.RemoteProtocolError),
        ("truncated", httpx.RemoteProtocolError),
        ("timeout", httpx.ReadTimeout),
    ):
        served.post("/_emulator/faults", json={"route": ROUTE, "kind": kind, "times": 1}).raise_for_status()
        with pytest.raises(error):
            served.get(FLOWS)
        assert served.get(FLOWS).status_code == 200
    served.post("/_emulator/faults", json={"route": ROUTE, "kind": "slow_body", "seconds": 0.02, "times": 1})
    assert len(served.get(FLOWS).json()["items"]) == 20
    odd = served.delete(f"{FLOW_SERVICE}/flows/a%2F..%2Fb")
    assert odd.json()["errorMessage"] == "flows not found with id = [a/../b]"
    assert len(api.emulator.faults.hits) == 5
