from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.platform.models.common import to_bool, to_int, to_time
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.redaction.texts import redact_text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        ("15", 15),
        ("-1", -1),
        (2.0, 2),
        ("2.5", 2),
        ("x", None),
        (None, None),
        (True, None),
        (float("nan"), None),
        ("٣", 3),
        ([], None),
    ],
)
def test_ints(value: object, number: int | None) -> None:
    assert to_int(value) == number


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), ("TRUE", True), (" false ", False), (1, None), ("yes", None), (None, None)],
)
def test_bools(value: object, flag: bool | None) -> None:
    assert to_bool(value) is flag


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        (1_700_000_000_000, "2023-11-14T22:13:20+00:00"),
        ("1700000000000", "2023-11-14T22:13:20+00:00"),
        (1_700_000_000, "2023-11-14T22:13:20+00:00"),
        (1_700_000_000_123, "2023-11-14T22:13:20.123000+00:00"),
        ("2023-11-14T22:13:20Z", "2023-11-14T22:13:20+00:00"),
        ("2023-11-14", "2023-11-14T00:00:00+00:00"),
        (datetime(2023, 11, 14), "2023-11-14T00:00:00+00:00"),
        (0, None),
        (-1, None),
        ("soon", None),
        (10**30, None),
        (True, None),
        (None, None),
    ],
)
def test_times(value: object, iso: str | None) -> None:
    found = to_time(value)
    assert (found.isoformat() if found else None) == iso
    assert found is None or found.tzinfo is not None


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain – ünïcode 日本語", "plain – ünïcode 日本語"),
        ("a\x1b[31mb", "a[31mb"),
        ("a\u202eb\u2066cd\ufeff", "abcd"),
        ("\u0645\u06cc\u200c\u0631\u0648\u062f", "\u0645\u06cc\u200c\u0631\u0648\u062f"),
        ("a\n\t b\u2028c\u3000d", "a b c d"),
        ("x\ufe0f\U000e0041\U000e0100\u3164", "x"),
        ("\ud800", ""),
        ("", ""),
    ],
)
def test_clean_text(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned
    assert clean_text("x" * 50, limit=10) == "x" * 9 + "…"


@given(st.text())
def test_clean_text_of_anything(text: str) -> None:
    cleaned = clean_text(text, limit=40)
    assert len(cleaned) <= 40
    assert clean_text(cleaned, limit=40) == cleaned
    cleaned.encode()
    assert isinstance(redact_text(text), str)


@given(st.text(st.sampled_from(" \t\n\x00ab.é\u200b\u200d\u2028\ufe0f"), max_size=12))
def test_what_is_plain_is_cleaned_as_anything_else_is(text: str) -> None:
    seen = [" " if char.isspace() else char for char in text if char not in "\x00\u200b\ufe0f"]
    assert clean_text(text) == " ".join(part for part in "".join(seen).split(" ") if part)
