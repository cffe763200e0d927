from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.emulator.seed.ids import Ids, IndexedUlids, IndexedUuids, Scramble, etag, parse_uuid


@given(st.integers(0, 10**7), st.integers(0, 100))
def test_a_uuid_carries_its_index(index: int, seed: int) -> None:
    uuids = IndexedUuids(seed, "runs")
    text = uuids.of(index)
    assert UUID(text).version == 4
    assert str(UUID(text)) == text
    assert uuids.index(text) == index


@given(st.integers(0, 10**7), st.integers(10**12, 4 * 10**12))
def test_a_ulid_carries_its_index_and_sorts_by_time(index: int, created: int) -> None:
    ulids = IndexedUlids(7, "batches")
    text = ulids.of(index, created)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", text)
    assert ulids.index(text) == index
    assert ulids.of(index, created + 1) > text


@given(st.integers(0, 2**32 - 1))
def test_a_scramble_can_be_undone(index: int) -> None:
    scramble = Scramble(32, "key")
    assert scramble.find(scramble.hide(index)) == index


def test_a_foreign_id_has_no_row() -> None:
    uuids = IndexedUuids(7, "runs")
    assert (uuids.index("3d17a4ff-9e0a-4f7c-94bb-bc0b61a3a76d") or 0) > 10**12
    assert uuids.index("not a uuid") is None
    assert uuids.index(uuids.of(3).upper()) is None
    assert IndexedUlids(7, "batches").index("tooshort") is None


@pytest.mark.parametrize(
    "text", ["", "x" * 36, "3d17a4ff-9e0a-1f7c-94bb-bc0b61a3a76d", "3d17a4ff9e0a4f7c94bbbc0b61a3a76d"]
)
def test_only_canonical_version_4_uuids_are_read(text: str) -> None:
    assert parse_uuid(text) is None


def test_ids_depend_on_seed_and_key() -> None:
    assert Ids(7).uuid("flow:dev/a") == Ids(7).uuid("flow:dev/a")
    assert len({Ids(7).uuid("a"), Ids(7).uuid("b"), Ids(8).uuid("a")}) == 3
    assert re.fullmatch(r"66[0-9a-f]{22}", Ids(7).dataset("dataset:dev/a"))
    assert re.fullmatch(r"[A-Z2-7]{20}", Ids(7).base32("key", 20))


def test_an_etag_has_its_own_quotes_and_the_second_of_the_write() -> None:
    text = etag(1_700_000_000_999, 2**64 - 1)
    assert re.fullmatch(r'"[0-9a-f]{8}-0000-[0-9a-f]{4}-0000-[0-9a-f]{12}"', text)
    assert text.endswith(f'{1_700_000_000:x}0000"')
