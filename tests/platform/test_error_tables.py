"""The catalogue of error codes: named rows, and every row against Adobe's own tables where a copy of them is given.

`AEP_ERROR_TABLES` is a page or a folder of pages of AdobeDocs/experience-platform.en, markdown as published.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from aep_flow_mcp.platform.errors import ErrorKind, parse_error
from aep_flow_mcp.platform.models.error_codes import ErrorInfo, all_codes, explain

PAGES = {"flow-service-errors.md": "flow-service", "sources-errors.md": "sources"}
_CELL = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"\d{4}-\d{3}")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "the and are was were for with not this that please from can could has have you your try again",
    )
)
# Rows whose neighbours say nearly the same in Adobe's words; each was read by a person.
ALIKE = {"sources 1352-400", "sources 1353-400", "sources 1362-400"} | {
    f"flow-service {code}"
    for code in ("2100-404", "2101-404", "2102-500", "2103-404", "2104-500", "2107-500", "2108-500")
}


@dataclass(frozen=True)
class Printed:
    """A row of one of Adobe's tables."""

    code: str
    words: frozenset[str]


def stems(text: str) -> frozenset[str]:
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    found = re.findall(r"[a-z]+", apart.casefold())
    return frozenset(word[:5] for word in found if len(word) > 2 and word not in _COMMON)


def tables(text: str) -> list[Printed]:
    """The rows of every markdown table whose first cell is a code."""
    rows = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in _CELL.split(line.strip().strip("|"))]
        if len(cells) > 1 and (code := _CODE.fullmatch(cells[0].strip("`* "))):
            rows.append(Printed(code.group(), stems(" ".join(cells[1:]))))
    return rows


def pages() -> dict[str, str]:
    """Path -> text of the pages that were given."""
    place = os.environ.get("AEP_ERROR_TABLES", "").strip()
    if not place:
        pytest.skip("AEP_ERROR_TABLES names no copy of Adobe's error tables, so none was compared.")
    root = Path(place)
    files = [root] if root.is_file() else sorted(root.rglob("*.md"))
    return {file.as_posix(): file.read_text("utf-8") for file in files}


def entries(issuer: str) -> dict[str, ErrorInfo]:
    return {info.code: info for info in all_codes() if info.issuer == issuer}


def likeness(mine: frozenset[str], row: Printed) -> float:
    return len(mine & row.words) / max(1, len(mine | row.words))


def test_every_row_of_adobes_tables_has_its_entry_and_no_other() -> None:
    compared = 0
    for path, text in pages().items():
        name = path.rsplit("/", 1)[-1]
        if name not in PAGES:
            continue
        known = entries(PAGES[name])
        assert [row.code for row in tables(text)] == list(known), name
        compared += len(known)
    assert compared, "AEP_ERROR_TABLES holds neither of the two pages"


def test_every_entry_is_nearer_to_its_own_row_than_to_the_rows_around() -> None:
    """A table that slipped by a line shows here."""
    astray: set[str] = set()
    for path, text in pages().items():
        name = path.rsplit("/", 1)[-1]
        if name not in PAGES:
            continue
        known, rows = entries(PAGES[name]), tables(text)
        for at, row in enumerate(rows):
            mine = stems(f"{known[row.code].meaning} {known[row.code].fix}")
            around = [*rows[max(0, at - 3) : at], *rows[at + 1 : at + 4]]
            own = likeness(mine, row)
            if own == 0 or own < max(likeness(mine, other) for other in around):
                astray.add(f"{PAGES[name]} {row.code}")
    assert astray <= ALIKE


def test_every_other_entry_stands_on_a_page_that_it_names() -> None:
    given = pages()
    for info in all_codes():
        named = tuple(re.findall(r"help/[\w/-]+\.md", info.source))
        held = [text for path, text in given.items() if named and path.endswith(named)]
        number = re.sub(r"^[A-Z_]+-(\d+)-.*", r"\1", info.code)
        assert not held or any(number in text for text in held), info


def test_a_table_that_slipped_is_noticed() -> None:
    """The comparison itself: entries against a table whose sentences moved down by one row."""
    printed = [
        Printed(info.code, stems(f"{info.meaning} {info.fix}")) for info in entries("sources").values()
    ]
    moved = [Printed(row.code, before.words) for row, before in zip(printed[1:], printed, strict=False)]
    astray = [
        row.code
        for row, own in zip(moved, printed[1:], strict=True)
        if likeness(own.words, row) < likeness(own.words, own)
    ]
    assert len(astray) > 0.9 * len(moved)


def test_tables_are_read_as_published() -> None:
    text = "| Error code | Title | Message |\n|---|---|---|\n| 1351-400 | Bad \\| request | The operator |\n|x|y|\n"
    assert tables(text) == [Printed("1351-400", stems("Bad | request The operator"))]


@pytest.mark.parametrize(
    ("code", "says", "never"),
    [
        ("1351-400", "does not support the operator", "leave"),
        ("1353-400", "not supported for this connector", "operator"),
        ("1350-400", "operator is missing", "not support"),
        ("1349-400", "filter parameters", "operator"),
        ("1201-400", "flow id is empty", "publicKeyId"),
        ("1202-400", "publicKeyId", "flow id is"),
        ("1326-400", "source connection is missing", "mapping"),
        ("1328-400", "mapping", "source connection"),
        ("1377-400", "null", "type"),
        ("1378-400", "column", "null"),
        ("1379-400", "type", "null"),
        ("1010-500", "parameter", "connection spec"),
    ],
)
def test_rows_that_once_slipped(code: str, says: str, never: str) -> None:
    info = explain(f"CONNECTOR-{code}")
    assert info is not None
    assert info.code == code
    assert info.source == "help/sources/errors/sources-errors.md"
    assert says in info.meaning
    assert never.casefold() not in f"{info.meaning} {info.fix}".casefold()


@pytest.mark.parametrize(
    "code",
    [
        "DCVS-1106-400",
        "INGEST-1360-400",
        "MAPPER-1310-400",
        "UPIN-1330-400",
        "XDM-1310-404",
        "CONNECTOR-2001-401",
    ],
)
def test_a_number_of_another_service_is_not_explained_by_the_sources_table(code: str) -> None:
    assert explain(code) is None
    assert explain(code, "sources") is None


def test_a_schema_registrys_code_is_its_own() -> None:
    info = explain("http://ns.adobe.com/aep/errors/XDM-1010-404")
    assert info is not None
    assert info.issuer == "schema-registry"
    assert "Bad" not in info.meaning


def test_a_bare_number_in_a_run_is_that_of_a_row() -> None:
    row, filters = explain("1401", "run"), explain("1401", "flow-service")
    assert row is not None
    assert row.code == "INGEST-1401-400"
    assert filters is not None
    assert filters.issuer == "flow-service"
    assert explain("1310", "run") is None


def test_a_row_without_advice_gets_that_of_its_kind() -> None:
    error = parse_error(400, {}, b'{"errorCode": "FLOW-1100-400", "message": "no"}')
    assert error.kind is ErrorKind.PERMISSION
    assert error.hint is not None
    assert "administrator" in error.hint
