"""Two replicas as processes, a real Redis or Valkey, a real OpenID provider, and a proxy that alternates."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from guard.bed import ERAS, YES, Person, Result, call, confirm, preview
from serving import test_real_provider as real
from serving.test_real_provider import machine, signed_in
from support.processes import emulator_headers, emulator_process, server_environment
from support.redis_server import RedisServer, redis_server, unavailable
from support.replicas import Proxy, Replica, proxied, replicas

pytestmark = pytest.mark.subprocess
provider, public = real.provider, real.public
KINDS = ("flows", "connections", "sourceConnections", "targetConnections")
EVERYTHING = "flows:read flows:write flows:approve"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    why = unavailable()
    if why:
        pytest.skip(why)
    with redis_server(tmp_path_factory.mktemp("redis"), password="a-password-of-the-store") as found:
        yield found


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with emulator_process("--now", "2026-03-02T09:00:00Z") as url:
        yield url


@dataclass
class Team:
    """What is running. objects: everything that the emulator holds, by kind and id."""

    proxy: Proxy
    replicas: list[Replica]
    store: RedisServer
    emulator: str
    provider: str

    def objects(self) -> dict[tuple[str, str], Any]:
        found: dict[tuple[str, str], Any] = {}
        headers = emulator_headers(self.emulator)
        for kind in KINDS:
            query: dict[str, Any] = {"limit": 100}
            while True:
                address = f"{self.emulator}/data/foundation/flowservice/{kind}"
                page = httpx.get(address, params=query, headers=headers).raise_for_status().json()
                found |= {(kind, row["id"]): row for row in page["items"]}
                token = (page.get("_page") or {}).get("next")
                if not token or not page["items"]:
                    break
                query["continuationToken"] = token
        return found

    @property
    def deleted(self) -> Counter[str]:
        """How often the deletion of each flow reached the service."""
        text = httpx.get(f"{self.emulator}/_emulator/journal?writes=true").json()
        return Counter(
            one["path"].rpartition("/")[2]
            for one in text["exchanges"]
            if one["method"] == "DELETE" and one["status"]
        )

    def fault(self, **rule: Any) -> None:
        httpx.post(f"{self.emulator}/_emulator/faults", json=rule).raise_for_status()

    async def hit(self, method: str) -> None:
        """Until a fault has caught a request."""
        async with httpx.AsyncClient() as http:
            for _ in range(3_000):
                found = (await http.get(f"{self.emulator}/_emulator/faults")).json()["hits"]
                if any(one["method"] == method for one in found):
                    return
                await asyncio.sleep(0.02)
        raise AssertionError("no request was caught")

    @asynccontextmanager
    async def program(self, url: str | None = None, era: str = "2026-07-28") -> AsyncIterator[Client]:
        """The SDK's client of a program without a person, which may do everything."""
        token = await machine(self.provider, EVERYTHING, self.proxy.url)
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=120) as http,
            Client(streamable_http_client(url or self.proxy.url, http_client=http), mode=ERAS[era]) as client,
        ):
            yield client


@pytest.fixture
async def team(store: RedisServer, emulator: str, provider: str, tmp_path: Path) -> AsyncIterator[Team]:
    async with httpx.AsyncClient() as http:
        (await http.post(f"{emulator}/_emulator/reset")).raise_for_status()
    proxy = Proxy([])
    settings = {
        "AEP_MCP_AUTH": "oidc",
        "AEP_MCP_AUTH_ISSUER": provider,
        "AEP_MCP_PUBLIC_URL": proxy.url.removesuffix("/mcp"),
        "AEP_MCP_REDIS_URL": store.url,
        "AEP_MCP_MAX_CALLS_PER_CALLER": "100",
        "AEP_MCP_STATE_KEYS": "a-key-that-every-replica-has-and-nobody-else",
    }
    with replicas(tmp_path, 2, **server_environment(emulator, **settings)) as running:
        proxy.upstream = running
        async with proxied(proxy):
            yield Team(proxy, running, store, emulator, provider)
        for each in running:
            assert "a-password-of-the-store" not in each.said
            assert "a-key-that-every-replica-has" not in each.said


async def flows_of(client: Client, number: int) -> list[str]:
    listed = await call(client, "list_flows", {"state": "enabled", "limit": number})
    return [str(row["id"]) for row in listed.data["items"]]


async def test_any_replica_goes_on_with_what_another_began(team: Team) -> None:
    before = team.objects()
    person = Person(YES)
    async with (
        signed_in(team.proxy.url, "ada", era="2026-07-28") as silent,
        signed_in(team.proxy.url, "ada", era="2026-07-28", person=person) as asked,
    ):
        assert "delete_flow" in {tool.name for tool in (await silent.list_tools()).tools}
        first, second, *_ = await flows_of(silent, 4)
        one = await preview(silent, first)
        assert (await confirm(silent, one)).status == "done"
        assert team.proxy.went("delete_flow")[0] != team.proxy.went("confirm_change")[0]
        assert (await call(asked, "delete_flow", {"flow_id": second})).status == "done"
        put, answered = team.proxy.went("delete_flow")[-2:]
        assert put != answered
    assert len(person.questions) == 1
    after = team.objects()
    assert set(before) - set(after) == {("flows", first), ("flows", second)}
    assert not set(after) - set(before)
    assert [key for key in after if after[key] != before[key]] == []
    assert team.deleted == {first: 1, second: 1}
    assert {number for _, number in team.proxy.seen} == {0, 1}


async def test_a_client_of_before_needs_no_session_there(team: Team) -> None:
    async with team.program(era="2025-11-25") as client:
        flow, *_ = await flows_of(client, 1)
        assert (await confirm(client, await preview(client, flow))).status == "done"
    assert team.deleted == {flow: 1}
    assert len({number for _, number in team.proxy.seen}) == 2


async def test_who_follows_at_one_replica_hears_of_a_write_at_the_other(team: Team) -> None:
    async with team.program(team.replicas[0].url) as here, team.program(team.replicas[1].url) as there:
        flow, *_ = await flows_of(there, 1)
        heard = []
        followed = [f"aep://flows/{flow}"]
        async with here.listen(resources_list_changed=True, resource_subscriptions=followed) as listening:
            assert (await confirm(there, await preview(there, flow))).status == "done"
            async with asyncio.timeout(60):
                async for event in listening:
                    heard.append(type(event).__name__)
                    if len(heard) == 2:
                        break
    assert heard == ["ResourceUpdated", "ResourcesListChanged"]


async def test_a_killed_replica_doubles_nothing_and_loses_nothing(team: Team) -> None:
    """Of ten changes that were previewed at either replica, one is killed in the middle of the fourth's request."""
    before = team.objects()
    async with team.program() as client:
        flows = await flows_of(client, 12)
        wanted, kept = flows[:10], flows[10:]
        ids = {flow: await preview(client, flow) for flow in wanted}
        results = {flow: (await confirm(client, ids[flow])).status for flow in wanted[:3]}
        caught = wanted[3]
        team.fault(route=f"^DELETE .*/flows/{caught}$", kind="latency", seconds=3)
        under_way = asyncio.create_task(confirm(client, ids[caught]))
        await team.hit("DELETE")
        doomed = team.replicas[(team.proxy.turn - 1) % 2]
        doomed.kill()
        answers = await asyncio.gather(under_way, return_exceptions=True)
        assert isinstance(answers[0], BaseException) or answers[0].is_error, "its connection is gone"
        again = await confirm(client, ids[caught])
        assert again.status != "done", "its id was used"
        for flow in wanted[4:]:
            results[flow] = (await confirm(client, ids[flow])).status
        assert set(results.values()) == {"done"}
        doomed.start()
        doomed.listens()
        for _ in range(2):
            assert (await confirm(client, ids[caught])).status != "done"
    after = team.objects()
    gone = {id for _, id in set(before) - set(after)}
    assert gone | {caught} == set(wanted)
    assert all(times == 1 for times in team.deleted.values()), team.deleted
    assert {flow for flow in team.deleted if flow != caught} == set(results)
    assert not set(after) - set(before)
    assert all(("flows", flow) in after for flow in kept)
    assert [key for key in after if after[key] != before[key]] == []
    # What it was doing is known where it runs.
    assert caught in doomed.said


async def test_a_store_that_is_gone_refuses_writes_and_leaves_reading_alone(team: Team) -> None:
    before = team.objects()
    async with team.program() as client:
        flow, *_ = await flows_of(client, 1)
        one = await preview(client, flow)
        team.store.stop()
        try:
            for result in [
                *[await call(client, "delete_flow", {"flow_id": flow}) for _ in range(2)],
                *[await confirm(client, one) for _ in range(2)],
            ]:
                assert "Nothing was sent" in result.text
                assert "AEP_MCP_REDIS_URL" in result.text
            for _ in range(4):
                assert flow in (await call(client, "get_flow", {"flow_id": flow})).text
            assert team.objects() == before
            # One that starts now starts, and reads.
            team.replicas[1].kill()
            team.replicas[1].start()
            team.replicas[1].listens()
            async with team.program(team.replicas[1].url) as fresh:
                assert await flows_of(fresh, 1)
        finally:
            team.store.start()
        assert (await confirm(client, await preview(client, flow))).status == "done"
    assert team.deleted == {flow: 1}


async def test_an_id_confirmed_at_both_replicas_at_once_is_one_write(team: Team) -> None:
    """Generated: twenty ids, each confirmed twice at each replica, all at the same time and in some order."""
    chance = random.Random(14)
    async with team.program(team.replicas[0].url) as a, team.program(team.replicas[1].url) as b:
        flows = await flows_of(a, 20)
        ids = {flow: await preview(chance.choice((a, b)), flow) for flow in flows}
        tries = [(flow, client) for flow in flows for client in (a, b) for _ in range(2)]
        chance.shuffle(tries)
        results = await asyncio.gather(*(confirm(client, ids[flow]) for flow, client in tries))
    told: dict[str, list[Result]] = {flow: [] for flow in flows}
    for (flow, _), result in zip(tries, results, strict=True):
        told[flow].append(result)
    done = {flow: sum(result.status == "done" for result in told[flow]) for flow in flows}
    # On a machine that is busy the store may be too slow for a call, which then writes nothing and says so.
    too_slow = {flow for flow in flows if any("AEP_MCP_REDIS_URL" in result.text for result in told[flow])}
    assert {flow for flow in flows if done[flow] != 1} <= too_slow, told
    assert team.deleted == Counter({flow: times for flow, times in done.items() if times})
    assert set(team.deleted.values()) == {1}
    left = {id for kind, id in team.objects() if kind == "flows"} & set(flows)
    assert left == set(flows) - set(team.deleted)
