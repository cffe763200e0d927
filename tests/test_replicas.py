"""Two servers with one store: what one of them hands out the other one knows, and each hears of the other's writes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from aep_flow_mcp.doctor import run_doctor
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.replicas import shared
from aep_flow_mcp.server import FlowServer, build_server
from aep_flow_mcp.settings import SettingsError
from guard.bed import ERAS, YES, Person, call, confirm, preview, settings
from support.redis_server import RedisServer, redis_server, unavailable

RING = "a-key-that-every-replica-has-and-nobody-else"
ERA = pytest.mark.parametrize("era", ERAS)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    why = unavailable()
    if why:
        pytest.skip(why)
    with redis_server(tmp_path, password="a-password-of-the-store") as found:
        yield found


@dataclass
class Two:
    """Two replicas and the emulator behind both."""

    servers: list[FlowServer]
    emulator: Emulator
    clients: AsyncExitStack

    async def client(self, number: int, era: str = "2026-07-28", person: Any = None) -> Client:
        client = Client(self.servers[number], mode=ERAS[era], elicitation_callback=person)
        return await self.clients.enter_async_context(client)

    @property
    def flows(self) -> list[str]:
        return [str(row["id"]) for row in self.emulator.store.all("dev", "flows")]

    @property
    def deleted(self) -> list[str]:
        return [
            one.path.rpartition("/")[2] for one in self.emulator.journal.writes() if one.method == "DELETE"
        ]

    async def hearing(self) -> None:
        """Until each hears the other."""
        for server in self.servers:
            for _ in range(3_000):
                if server.app.replicas is not None and server.app.replicas.hears:
                    break
                await asyncio.sleep(0.01)
            else:
                raise AssertionError("a replica does not hear the others")


def replicas(url: str, **given: Any) -> tuple[list[FlowServer], Emulator]:
    emulator = Emulator(EmulatorOptions())
    found = settings(mcp_redis_url=url, mcp_state_keys=RING, **given)
    servers = [
        build_server(found, transport=lambda: EmulatorTransport(emulator), shared=shared(found))
        for _ in range(2)
    ]
    return servers, emulator


@asynccontextmanager
async def running(store: RedisServer, **given: Any) -> AsyncIterator[Two]:
    servers, emulator = replicas(store.url, **given)
    async with AsyncExitStack() as clients:
        yield Two(servers, emulator, clients)


@ERA
async def test_what_one_previewed_the_other_confirms_once(store: RedisServer, era: str) -> None:
    async with running(store) as two:
        a, b = await two.client(0, era), await two.client(1, era)
        flow = two.flows[0]
        one = await preview(a, flow)
        assert (await confirm(b, one)).status == "done"
        assert [(await confirm(each, one)).status for each in (a, b)] == ["refused", "refused"]
        assert flow not in two.flows
        assert two.deleted == [flow]


async def test_an_id_confirmed_at_both_at_once_is_one_write(store: RedisServer) -> None:
    """Generated: many ids, each confirmed several times at both replicas at the same time."""
    async with running(store) as two:
        chance = random.Random(3)
        clients = [await two.client(0), await two.client(1)]
        wanted = chance.sample(two.flows, 12)
        ids = {await preview(chance.choice(clients), flow): flow for flow in wanted}
        tries = [(one, client) for one in ids for client in clients for _ in range(2)]
        chance.shuffle(tries)
        results = await asyncio.gather(*(confirm(client, one) for one, client in tries))
        for one in ids:
            statuses = [
                result.status for (tried, _), result in zip(tries, results, strict=True) if tried == one
            ]
            assert statuses.count("done") == 1, statuses
        assert sorted(two.deleted) == sorted(wanted)
        assert not set(wanted) & set(two.flows)


async def test_each_hears_of_what_the_other_wrote(store: RedisServer) -> None:
    async with running(store) as two:
        a, b = await two.client(0), await two.client(1)
        await two.hearing()
        flow = two.flows[0]
        one = await preview(a, flow)
        kept: list[int] = two.servers[0].app.cache("something", list)
        assert two.servers[0].app.cache("something", list) is kept
        heard = []
        async with a.listen(
            resources_list_changed=True, resource_subscriptions=[f"aep://flows/{flow}"]
        ) as listening:
            assert (await confirm(b, one)).status == "done"
            async with asyncio.timeout(30):
                async for event in listening:
                    heard.append(type(event).__name__)
                    if len(heard) == 2:
                        break
        assert heard == ["ResourceUpdated", "ResourcesListChanged"]
        assert two.servers[0].app.cache("something", list) is not kept


async def test_a_store_that_is_down_refuses_writes_and_leaves_reading_alone(store: RedisServer) -> None:
    async with running(store) as two:
        person = Person(YES)
        a, asked = await two.client(0), await two.client(1, person=person)
        old = await two.client(1, "2025-11-25", person)
        await two.hearing()
        flow = two.flows[0]
        one = await preview(a, flow)
        store.stop()
        tried = [(a, await confirm(a, one))]
        tried += [(each, await call(each, "delete_flow", {"flow_id": flow})) for each in (a, asked, old)]
        for client, result in tried:
            assert (
                "The store that replicas share (AEP_MCP_REDIS_URL) cannot be reached. Nothing was sent"
                in result.text
            )
            assert str(store.password) not in result.text
            assert flow in (await call(client, "get_flow", {"flow_id": flow})).text
            assert (await call(client, "list_flows", {"limit": 1})).data["items"]
        assert person.questions == [], "nobody is asked for what could not be sent"
        assert two.deleted == []
        assert two.servers[0].app.cache("something", list) is not two.servers[0].app.cache("something", list)
        store.start()
        await two.hearing()
        assert (await confirm(a, one)).status == "refused", "this store forgets with its process"
        assert (await call(asked, "delete_flow", {"flow_id": flow})).status == "done"
        assert two.deleted == [flow]


async def test_where_nobody_is_asked_a_store_that_is_down_refuses_too(store: RedisServer) -> None:
    servers, emulator = replicas(store.url, mcp_approval="none")
    flow = str(emulator.store.all("dev", "flows")[0]["id"])
    async with Client(servers[0]) as client:
        store.stop()
        result = await call(client, "delete_flow", {"flow_id": flow})
        assert (result.status, emulator.journal.writes()) == ("refused", [])
        store.start()
        assert (await call(client, "delete_flow", {"flow_id": flow})).status == "done"


async def test_another_organisation_in_the_same_store_confirms_nothing(store: RedisServer) -> None:
    servers, _ = replicas(store.url)
    others, _ = replicas(store.url)
    others[0].app.guard.profile = "another"
    async with Client(servers[0]) as ours, Client(others[0]) as theirs:
        rows = (await call(ours, "list_flows", {"limit": 1})).data["items"]
        one = await preview(ours, rows[0]["id"])
        assert (await confirm(theirs, one)).status == "refused"
        assert (await confirm(ours, one)).status == "done"


async def test_what_replicas_share_is_in_no_answer(store: RedisServer) -> None:
    async with running(store) as two:
        redactor = two.servers[0].app.redactor
        for secret in (store.url, store.password or "", RING):
            assert secret not in redactor.text(f"it is {secret} here")


def test_doctor_says_whether_the_store_answers(
    store: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    found = settings(mcp_redis_url=store.url, mcp_state_keys=RING)

    def examined() -> tuple[int, str]:
        emulator = Emulator(EmulatorOptions())
        code = run_doctor({"": found}, transport=lambda: EmulatorTransport(emulator))
        return code, capsys.readouterr().out

    code, said = examined()
    assert code == 0, said
    assert "ok    store: answers; one key opens what is kept there" in said
    store.stop()
    code, said = examined()
    assert code == 1
    assert "FAIL  store: The store that replicas share (AEP_MCP_REDIS_URL) cannot be reached." in said
    assert str(store.password) not in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mcp_redis_url": "redis://127.0.0.1:1"}, "set AEP_MCP_STATE_KEYS too"),
        ({"mcp_state_keys": "short-secret"}, "AEP_MCP_STATE_KEYS takes secrets of at least 32 characters"),
        ({"mcp_state_keys": f"{RING},short-secret"}, "AEP_MCP_STATE_KEYS takes secrets"),
        ({"mcp_state_keys": " , "}, "AEP_MCP_STATE_KEYS takes secrets"),
        (
            {"mcp_redis_url": "http://:short-secret@h", "mcp_state_keys": RING},
            "AEP_MCP_REDIS_URL takes an address",
        ),
        (
            {"mcp_redis_url": "redis://:short-secret@h:x", "mcp_state_keys": RING},
            "AEP_MCP_REDIS_URL takes an",
        ),
        ({"mcp_redis_url": "redis://", "mcp_state_keys": RING}, "AEP_MCP_REDIS_URL takes an address"),
    ],
)
def test_half_of_what_it_takes_stops_the_start(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        shared(settings(**given))
    assert said in str(caught.value)
    assert "short-secret" not in str(caught.value)
    assert RING not in str(caught.value)


def test_secrets_may_lie_in_files(tmp_path: Path) -> None:
    pytest.importorskip("redis")
    ring, url = tmp_path / "ring", tmp_path / "url"
    ring.write_text(f"{RING},\nanother-key-of-thirty-two-characters\n")
    url.write_text("rediss://:a-password%21@store.example.com:6380/2\n")
    found = shared(settings(mcp_redis_url_file=url, mcp_state_keys_file=ring))
    assert found is not None
    assert found.keys == (RING.encode(), b"another-key-of-thirty-two-characters")
    assert {"a-password%21", "a-password!", RING} < set(found.secrets)
    assert "password" not in repr(found)
    with pytest.raises(SettingsError, match="AEP_MCP_STATE_KEYS and AEP_MCP_STATE_KEYS_FILE are both set"):
        shared(settings(mcp_state_keys=RING, mcp_state_keys_file=ring))


def test_nothing_shared_is_nothing() -> None:
    assert shared(settings()) is None
    alone = shared(settings(mcp_state_keys=RING))
    assert alone is not None
    assert alone.store is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, True),
        ({"mcp_redis_url": "redis://127.0.0.1"}, False),
        ({"mcp_redis_url": "redis://127.0.0.1", "mcp_sessions": True}, True),
        ({"mcp_sessions": False}, False),
    ],
)
def test_sessions_live_on_one_replica_so_several_keep_none(given: dict[str, Any], kept: bool) -> None:
    assert settings(**given).keeps_sessions is kept
