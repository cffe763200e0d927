"""Rejected rows in groups: what a model may see of their values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aep_flow_mcp.answers.rejected import grouped, masked_message
from aep_flow_mcp.answers.rows import RowsShown
from aep_flow_mcp.platform.models.rejected import RejectedRow, RowError, read_rejected


def read(*values: dict[str, Any]) -> list[tuple[str, RejectedRow]]:
    text = "\n".join(json.dumps(value) for value in values)
    return [("f.json", row) for row in read_rejected(text.encode(), whole=True, most=1_000).rows]


def row(day: str, code: str = "M", **more: Any) -> dict[str, Any]:
    return {"day": day, **more, "_errors": [{"code": code, "message": f"'{day}' cannot be read as a date."}]}


ROWS = [row("31.02."), row("2024-02-30"), row("x", code="N"), {"a": "secret text", "_filename": "f"}]


def test_rows_are_grouped_by_why_and_not_by_value() -> None:
    first, *others = grouped(read(*ROWS), "masked")
    assert (first.error, first.column, first.rows, first.value) == ("M", "day", 2, "text(6)")
    assert first.message == "'text(6)' cannot be read as a date."
    assert {(group.error, group.rows) for group in others} == {("N", 1), (None, 1)}
    (bare,) = [group for group in others if group.error is None]
    assert bare.message == "the row names no error; it holds a"


@pytest.mark.parametrize(("shown", "value"), [("off", None), ("masked", "email"), ("on", "jo@example.com")])
def test_values_as_the_setting_says(shown: RowsShown, value: str | None) -> None:
    bad = {
        "mail": "jo@example.com",
        "_errors": [{"code": "1", "message": "[jo@example.com] is no mail", "column": "mail"}],
    }
    (group,) = grouped(read(bad), shown)
    assert (group.value, "jo@example.com" in (group.message or "")) == (value, shown == "on")


def test_an_unreadable_row_is_not_shown() -> None:
    corrupt = {
        "_corrupt_record": "{name: 'Aino Virtanen'",
        "_errors": [{"code": "1401", "message": "corrupt"}],
    }
    assert grouped(read(corrupt), "off")[0].value is None
    assert grouped(read(corrupt), "masked")[0].value == "text(22)"
    (group,) = grouped(read(corrupt), "on")
    assert "Aino" in str(group.value)


@pytest.mark.parametrize(
    ("message", "values", "masked"),
    [
        ("Value Aino is not allowed", {"name": "Aino"}, "Value text(4) is not allowed"),
        ("Aino has text", {"name": "Aino", "kind": "text"}, "text(4) has text(4)"),
        ("The field 'name' needs 'Aino'", {"name": "Aino"}, "The field 'name' needs 'text(4)'"),
        ('"a.b" must not be `4711-x`', {"a.b": None}, '"a.b" must not be `text(6)`'),
        ("write to jo@example.com, or call 004930123456", {}, "write to email, or call number"),
        ("isn't what it doesn't say", {}, "isn't what it doesn't say"),
        ("at most 64 characters", {}, "at most 64 characters"),
        ("code 1 of 2", {"n": 1, "m": 2}, "code 1 of 2"),
    ],
)
def test_messages_without_values(message: str, values: dict[str, Any], masked: str) -> None:
    assert masked_message(RowError("c", message), RejectedRow((), values)) == masked


def test_a_secret_is_masked_even_where_rows_are_shown() -> None:
    text = "password=hunter2hunter2 was refused"
    bad = {"login": text, "_errors": [{"code": "1", "message": text, "column": "login"}]}
    (group,) = grouped(read(bad), "on")
    assert "hunter2" not in f"{group.value}{group.message}"
