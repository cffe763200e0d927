"""Diagnostics files of rejected rows, in every form that Adobe's pages show and some that none shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aep_flow_mcp.platform.models.rejected import RowError, read_rejected

VALIDATION: dict[str, Any] = {
    "causingExceptions": [],
    "keyword": "format",
    "message": "[2018-00-23T22:07:01Z] is not a valid date-time.",
    "pointerToViolation": "#/timestamp",
    "schemaLocation": "#/properties/timestamp",
}


def rows(*values: Any, whole: bool = True) -> Any:
    text = "\n".join(json.dumps(value, ensure_ascii=False) for value in values)
    return read_rejected(text.encode(), whole=whole, most=1_000).rows


def test_a_row_that_could_not_be_read() -> None:
    code = {"code": "1401", "message": "Row is corrupted and cannot be read, please fix and resend."}
    (row,) = rows({"_corrupt_record": "{missingQuotes: 'v1'}", "_errors": [code], "_filename": "f.json"})
    assert row.errors == (RowError("1401", code["message"]),)
    assert row.values == {"_corrupt_record": "{missingQuotes: 'v1'}"}


def test_a_row_that_broke_the_schema() -> None:
    entity = {"id": "c8", "timestamp": "2018-00-23T22:07:01Z", "environment": {"colorDepth": 32}}
    (row,) = rows({"body": {"xdmEntity": entity}, "_validationErrors": [VALIDATION]})
    assert row.errors == (RowError("format", VALIDATION["message"], "timestamp"),)
    assert row.values == {"id": "c8", "timestamp": "2018-00-23T22:07:01Z", "environment.colorDepth": 32}


def test_an_error_that_only_sums_up_others() -> None:
    outer = {"message": "2 violations", "causingExceptions": [VALIDATION, {"message": "no name"}]}
    (row,) = rows({"_validationErrors": [outer]})
    assert [error.message for error in row.errors] == [VALIDATION["message"], "no name"]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (
            {"_errors": {"_streamingValidation": [{"message": "Payload header is missing Source Name"}]}},
            RowError(None, "Payload header is missing Source Name"),
        ),
        (
            {
                "status": 400,
                "title": "Invalid XDM Message Format",
                "report": {"message": "unknown xdm format"},
            },
            RowError("400", "unknown xdm format"),
        ),
        ({"_errors": "all wrong"}, RowError(None, "all wrong")),
        ({"_errors": [{"code": 1601, "column": "person.name"}]}, RowError("1601", None, "person.name")),
        (
            {"day": "31.02.", "_errors": [{"code": "M", "message": "'31.02.' cannot be read as a date."}]},
            RowError("M", "'31.02.' cannot be read as a date.", "day"),
        ),
        (
            {"day": "x", "_errors": [{"message": "The column 'day' is required"}]},
            RowError(None, "The column 'day' is required", "day"),
        ),
        (
            {"a": "x1", "b": "x1", "_errors": [{"message": "'x1' is too short"}]},
            RowError(None, "'x1' is too short"),
        ),
    ],
)
def test_errors_of_other_forms(row: Any, error: RowError) -> None:
    (found,) = rows(row)
    assert found.errors == (error,)


def test_a_row_without_any_error_is_kept() -> None:
    (row,) = rows({"a": 1, "b": {"c": None}})
    assert (row.errors, row.values) == ((), {"a": 1, "b.c": None})


def test_pretty_printed_listed_and_concatenated_rows() -> None:
    row = {"_errors": [{"code": "1"}]}
    for text in (
        json.dumps(row, indent=4) + "\n" + json.dumps(row, indent=4),
        json.dumps([row, row]),
        json.dumps(row) * 2,
        "\ufeff" + json.dumps(row) + "\r\n\r\n" + json.dumps(row) + "\r\n",
    ):
        assert len(read_rejected(text.encode(), whole=True, most=10).rows) == 2


def test_a_row_that_is_no_json_does_not_hide_the_others() -> None:
    """Adobe's own example has quotes that are not escaped."""
    broken = (
        '{\n    "_corrupt_record": "{missingQuotes: "v1"}",\n    "_errors": [{\n        "code": "1401",\n'
        '        "message": "Row is corrupted"\n    }],\n    "_filename": "parsing_errors_0.json"\n}\n'
    )
    good = json.dumps({"_errors": [{"code": "2"}]})
    found = read_rejected(f"{broken}{good}\n".encode(), whole=True, most=10).rows
    assert [row.errors[0].code for row in found] == ["1401", "2"]
    assert found[0].text is not None


def test_what_was_cut_is_left_out() -> None:
    one = json.dumps({"_errors": [{"code": "1"}]})
    for text in (f"{one}\n{one[:-8]}", f"[{one}, {one[:-8]}"):
        assert len(read_rejected(text.encode(), whole=False, most=10).rows) == 1


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PAR1\x00\x01PAR1", "parquet"),
        (b"\x1f\x8b\x08\x00", "binary"),
        (b"a,b\n1,2\n", "text"),
        (b"", "json"),
    ],
)
def test_files_that_are_something_else(content: bytes, kind: str) -> None:
    found = read_rejected(content, whole=True, most=10)
    assert (found.kind, found.rows) == (kind, ())


def test_bounds() -> None:
    assert len(read_rejected(b'{"a":1}\n' * 500, whole=True, most=20).rows) == 20
    deep = b"[" * 5_000
    assert len(read_rejected(deep, whole=True, most=20).rows) == 1
    wide = json.dumps({f"c{number}": number for number in range(5_000)})
    (row,) = read_rejected(wide.encode(), whole=True, most=20).rows
    assert len(row.values) <= 400
