"""What both backends hold to: one suite, in memory and in a real Redis or Valkey."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aep_flow_mcp.store.kept import TooMany
from store.conftest import Backend


async def test_what_is_put_is_there_and_is_taken_once(backend: Backend) -> None:
    value = bytes(range(256))
    await backend.put("a", value)
    assert await backend.value("a") == value
    assert await backend.take("a") == value
    assert await backend.take("a") is None
    assert await backend.value("a") is None
    assert await backend.store.count(backend.room) == 0


async def test_rooms_are_apart(backend: Backend) -> None:
    await backend.put("a", b"one")
    other = Backend(backend.store, f"{backend.room} and another", backend.clock)
    assert await other.take("a") is None
    await other.put("a", b"two")
    assert (await backend.value("a"), await other.value("a")) == (b"one", b"two")


async def test_what_is_anothers_stays(backend: Backend) -> None:
    await backend.put("a", b"hers", "alice")
    for stranger in ("bob", "", "alice "):
        assert await backend.value("a", stranger) is None
        assert await backend.take("a", stranger) is None
    assert await backend.value("a", "alice") == b"hers"
    assert await backend.take("a", "alice") == b"hers"


async def test_of_all_who_take_one_gets_it(backend: Backend) -> None:
    for number in range(20):
        await backend.put(str(number))
        taken = await asyncio.gather(*(backend.take(str(number)) for _ in range(8)))
        assert [one for one in taken if one is not None] == [b"value"]


async def test_replacing_needs_what_was_read(backend: Backend) -> None:
    await backend.put("a", b"first")
    read = await backend.store.get(backend.room, "a")
    assert read is not None
    assert await backend.store.replace(backend.room, "a", read, b"second")
    assert not await backend.store.replace(backend.room, "a", read, b"third"), "it is another by now"
    again = await backend.store.get(backend.room, "a", owner="alice")
    assert again is not None
    assert again.value == b"second"
    assert await backend.take("a") == b"second"
    assert not await backend.store.replace(backend.room, "a", again, b"fourth"), "it is gone"
    await backend.put("a", b"second")
    assert not await backend.store.replace(backend.room, "a", again, b"fourth"), "it only looks the same"
    assert await backend.keys() == ["a"]


async def test_of_all_who_replace_one_does(backend: Backend) -> None:
    await backend.put("a", b"0")
    read = await backend.store.get(backend.room, "a")
    assert read is not None
    tried = (backend.store.replace(backend.room, "a", read, str(one).encode()) for one in range(1, 9))
    done = await asyncio.gather(*tried)
    assert sum(done) == 1
    assert await backend.value("a") == str(done.index(True) + 1).encode()


async def test_what_is_put_again_is_put_once(backend: Backend) -> None:
    await backend.put("a", b"one", "alice")
    await backend.put("a", b"two", "bob")
    assert await backend.value("a", "bob") == b"two"
    assert await backend.store.count(backend.room) == 1
    assert await backend.store.count(backend.room, owner="alice") == 0


async def test_each_lives_as_long_as_it_was_given(backend: Backend) -> None:
    await backend.put("long", life=600.0)
    await backend.put("short", life=0.05)
    assert await backend.keys() == ["short", "long"], "what expires first comes first"
    await backend.later(0.05)
    assert await backend.keys() == ["long"]
    assert await backend.take("short") is None
    assert await backend.take("long") == b"value"


async def test_what_was_replaced_ends_when_it_would_have(backend: Backend) -> None:
    await backend.put("a", life=0.05)
    read = await backend.store.get(backend.room, "a")
    if read is not None:  # a slow machine may be too late
        await backend.store.replace(backend.room, "a", read, b"another")
    await backend.later(0.05)
    assert await backend.value("a") is None


async def test_an_owner_pushes_out_its_own_oldest_only(backend: Backend) -> None:
    await backend.put("his", owner="bob", per_owner=2)
    for name in ("first", "second", "third"):
        await backend.put(name, per_owner=2)
    assert await backend.keys() == ["his", "second", "third"]
    assert await backend.keys("alice") == ["second", "third"]
    assert [await backend.store.count(backend.room, owner=one) for one in ("alice", "bob", "eve")] == [
        2,
        1,
        0,
    ]


async def test_a_full_room_is_shared_evenly(backend: Backend) -> None:
    for number in range(3):
        await backend.put(str(number), owner=f"caller {number}", total=3)
    with pytest.raises(TooMany):
        await backend.put("one too many", owner="another", total=3)
    await backend.put("anew", owner="caller 1", total=3)
    assert await backend.keys() == ["0", "2", "anew"]


async def test_who_fills_a_room_is_in_nobodys_way(backend: Backend) -> None:
    bounds: dict[str, Any] = {"per_owner": 16, "total": 25}
    await backend.put("first", **bounds)
    for number in range(60):
        await backend.put(f"mallory {number}", owner="mallory", **bounds)
        await backend.put(f"eve {number}", owner="eve", **bounds)
    for number in range(12):
        await backend.put(f"other {number}", owner=f"caller {number}", **bounds)
    keys = await backend.keys()
    assert len(keys) == 25
    assert {"first", *(f"other {number}" for number in range(12))} <= set(keys)


async def test_large_values_push_out_older_ones_of_the_same_owner(backend: Backend) -> None:
    bounds: dict[str, Any] = {"per_owner_size": 10}
    await backend.put("his", owner="bob", size=9, **bounds)
    await backend.put("first", size=9, **bounds)
    await backend.put("second", size=9, **bounds)
    await backend.put("small", size=1, **bounds)
    assert await backend.keys("alice") == ["second", "small"]
    await backend.put("huge", size=40, **bounds)
    assert await backend.keys() == ["his", "huge"], "a single one is bounded by what brings it"


async def test_what_it_weighed_is_forgotten_with_it(backend: Backend) -> None:
    for number in range(20):
        await backend.put(f"taken {number}", size=9, per_owner_size=10)
        await backend.take(f"taken {number}")
    await backend.put("short", size=9, per_owner_size=10, life=0.0)
    await backend.put("a", size=5, per_owner_size=10)
    await backend.put("b", size=5, per_owner_size=10)
    assert await backend.keys("alice") == ["a", "b"]


async def test_names_are_any_text(backend: Backend) -> None:
    for name in ("", "ключ", "a b\n", "{x}", "0" * 500):
        await backend.put(name, name.encode(), owner=f"o {name} \ud800")
        assert await backend.value(name, f"o {name} \ud800") == name.encode()
    assert len(await backend.keys()) == 5


async def test_it_answers(backend: Backend) -> None:
    await backend.store.check()
    await backend.store.aclose()
    await backend.put("a")
    assert await backend.value("a") == b"value", "it can be used again"
