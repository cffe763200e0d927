"""The checker finds what differs: in a small document of our own, and in Adobe's examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract.known import STRING, KnownError, KnownErrors, thing
from contract.openapi import Contract, Query, locate, needs
from contract.shapes import Schema, Violation, rename, walk

HEADERS = {"Authorization": "Bearer x"}


def json_of(schema: Schema) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def document() -> dict[str, Any]:
    """A service with one collection, in which each thing the checker knows occurs once."""
    book = {
        "allOf": [{"$ref": "#/components/schemas/Identified"}],
        "properties": {
            "title": {"type": "string"},
            "tags": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Tag"}},
            "free": {"type": "object"},
            "forgotten": {"type": "object", "properties": {}},
            "cover": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/Tag"}]},
        },
    }
    listed = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Book"}}},
    }
    return {
        "servers": [{"url": "//example.test/data/library"}],
        "paths": {
            "/books": {
                "get": {
                    "operationId": "listBooks",
                    "parameters": [
                        {"name": "Authorization", "in": "header", "required": True, "schema": STRING},
                        {"name": "sort", "in": "query", "required": True, "schema": {"enum": ["title"]}},
                        {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                        {
                            "name": "property",
                            "in": "query",
                            "explode": False,
                            "schema": {"type": "array", "items": STRING},
                        },
                    ],
                    "responses": {"200": json_of(listed), "403": {"content": {}}},
                },
                "post": {
                    "operationId": "createBook",
                    "requestBody": {"required": True, **json_of({"required": ["title"], **book})},
                    "responses": {"201": json_of({"$ref": "#/components/schemas/Identified"})},
                },
            },
            "/books/{ID}/": {"delete": {"operationId": "deleteBook", "responses": {"204": {}}}},
            "/books/search": {"get": {"operationId": "search", "responses": {"200": json_of(listed)}}},
            "/books/{ID}": {"get": {"operationId": "getBook", "responses": {"200": json_of(listed)}}},
        },
        "components": {
            "schemas": {
                "Identified": {
                    "required": ["id"],
                    "type": "object",
                    "properties": {"id": {"type": "string"}},
                },
                "Tag": {"type": "object", "properties": {"color": {"type": "string"}}},
                "Book": book,
            }
        },
    }


@pytest.fixture
def library() -> Contract:
    return Contract(document())


def kinds(found: list[Violation]) -> set[tuple[str, str, str]]:
    return {(v.part, v.pointer, v.kind) for v in found}


def listed(**book: Any) -> dict[str, Any]:
    return {"items": [{"id": "1", **book}]}


@pytest.mark.parametrize("path", ["/data/library/books", "/books"])
def test_a_right_request_and_answer_have_no_violation(library: Contract, path: str) -> None:
    body = listed(title="x", tags={"a": {"color": "red"}}, free={"any": {"thing": 1}}, cover={"color": "red"})
    assert library.check_request("GET", path, "sort=title&limit=3", HEADERS, None) == []
    assert library.check_response("GET", path, 200, body) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=title&sorted=x", ("query", "/sorted", "undeclared")),
        ("sort=name", ("query", "/sort", "enum")),
        ("", ("query", "/sort", "required")),
        ("sort=title&limit=many", ("query", "/limit", "type")),
        ("sort=title&limit=1&limit=2", ("query", "/limit", "repeated")),
        ("sort=title&property=a&property=b", ("query", "/property", "repeated")),
    ],
)
def test_a_wrong_query_is_found(library: Contract, query: str, expected: tuple[str, str, str]) -> None:
    assert kinds(library.check_request("GET", "/books", query, HEADERS, None)) == {expected}


@pytest.mark.parametrize(
    "query", ["sort=title&limit=x", [("sort", "title"), ("limit", "x")], {"sort": "title", "limit": ["x"]}]
)
def test_a_query_may_be_text_pairs_or_a_mapping(library: Contract, query: Query) -> None:
    found = library.check_request("GET", "/books", query, HEADERS, None)
    assert kinds(found) == {("query", "/limit", "type")}


def test_headers_are_compared_without_case_and_only_those_of_the_platform(library: Contract) -> None:
    headers = {"authorization": "x", "Accept": "*/*", "X-Sandbox-Name": "dev"}
    found = library.check_request("GET", "/books", "sort=title", headers, None)
    assert kinds(found) == {("header", "/x-sandbox-name", "undeclared")}
    missing = library.check_request("GET", "/books", "sort=title", {}, None)
    assert kinds(missing) == {("header", "/authorization", "required")}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, ("request", "", "required")),
        ({"id": "1"}, ("request", "", "required")),
        ({"id": "1", "title": 3}, ("request", "/title", "type")),
        ({"id": "1", "title": "x", "titel": "y"}, ("request", "/titel", "undeclared")),
        (
            {"id": "1", "title": "x", "tags": {"a": {"colour": "red"}}},
            ("request", "/tags/a/colour", "undeclared"),
        ),
    ],
)
def test_a_wrong_body_is_found(library: Contract, body: object, expected: tuple[str, str, str]) -> None:
    assert kinds(library.check_request("POST", "/books", "", {}, body)) == {expected}


def test_a_body_nobody_declared_is_found(library: Contract) -> None:
    found = library.check_request("DELETE", "/books/7/", "", {}, {"why": "because"})
    assert kinds(found) == {("request", "", "undeclared")}


def test_of_alternatives_the_one_that_fits_best_decides(library: Contract) -> None:
    found = library.check_response("GET", "/books/1", 200, listed(cover={"colour": "red"}))
    assert kinds(found) == {("response", "/items/*/cover/colour", "undeclared")}


def test_an_object_whose_properties_were_forgotten_is_found(library: Contract) -> None:
    found = library.check_response("GET", "/books/1", 200, listed(forgotten={"any": 1}))
    assert kinds(found) == {("response", "/items/*/forgotten", "unshaped")}
    assert library.check_response("GET", "/books/1", 200, listed(forgotten={})) == []


def test_a_status_or_a_body_without_a_shape_is_found(library: Contract) -> None:
    assert kinds(library.check_response("GET", "/books", 404, {"m": 1})) == {("status", "/404", "undeclared")}
    assert kinds(library.check_response("GET", "/books", 403, {"m": 1})) == {("status", "/403", "no-schema")}
    assert library.check_response("GET", "/books", 403, None) == []


def test_a_path_is_matched_literally_first_and_its_slash_counts(library: Contract) -> None:
    operation = library.operation("GET", "/data/library/books/search")
    assert operation is not None
    assert operation.operation_id == "search"
    assert kinds(library.check_request("DELETE", "/books/7", "", {}, None)) == {("path", "", "slash")}
    assert kinds(library.check_request("GET", "/shelves", "", {}, None)) == {("path", "", "unknown")}


def test_what_is_declared_and_what_a_value_holds_are_written_alike(library: Contract) -> None:
    operation = library.operation("GET", "/books")
    assert operation is not None
    schema = operation.responses["200"]
    assert schema is not None
    declared = set(library.schemas.declared(schema))
    assert declared == {
        "/items", "/items/*/id", "/items/*/title", "/items/*/free", "/items/*/tags", "/items/*/tags/*/color",
        "/items/*/cover", "/items/*/cover/color", "/items/*/forgotten",
    }  # fmt: skip
    assert set(walk(listed(title="x", cover={"color": "red"}))) < declared


def test_a_known_error_explains_only_what_it_says(library: Contract) -> None:
    excuse = KnownError(
        ("GET /books",), "response", "/items/*/author", "undeclared", thing(name=STRING), "ours"
    )
    unused = KnownError(("GET /books",), "response", "/items/*/shelf", "undeclared", STRING, "ours")
    known = KnownErrors(library, [excuse, unused])

    def left(**book: Any) -> set[tuple[str, str, str]]:
        return kinds(known.unexpected(library.check_response("GET", "/books", 200, listed(**book))))

    assert left(author={"name": "x"}) == set()
    assert left(author={"nom": "x"}) == {("response", "/items/*/author/nom", "undeclared")}
    assert left(author="x") == {("response", "/items/*/author", "type")}
    assert left(autor={"name": "x"}) == {("response", "/items/*/autor", "undeclared")}
    assert known.dead() == [unused]


def examples() -> list[dict[str, str]]:
    path = locate()
    index = path.parents[1] / "examples" / "sources" / "_index.json" if path else None
    found: list[dict[str, str]] = json.loads(index.read_text("utf-8")) if index and index.is_file() else []
    return found


def check_example(contract: Contract, entry: dict[str, str], body: object) -> list[Violation]:
    if entry["role"] == "request":
        found = contract.check_request(entry["method"], entry["path"], "", {}, body)
        return [violation for violation in found if violation.part == "request"]
    return contract.check_response(entry["method"], entry["path"], int(entry["role"]), body)


def example_body(entry: dict[str, str]) -> Any:
    path = locate()
    assert path is not None
    return json.loads((path.parents[1] / "examples" / "sources" / entry["file"]).read_text(encoding="utf-8"))


@needs("flow-service")
def test_adobes_composed_examples_agree_with_adobes_file(flow_service: Contract) -> None:
    """They are made of the file's own property values; the one slip is a flow spec as a bare string."""
    composed = [entry for entry in examples() if entry["kind"] != "explicit"]
    if not composed:
        pytest.skip("Adobe's examples are not beside the OpenAPI file")
    found = {v.pointer for e in composed for v in check_example(flow_service, e, example_body(e))}
    assert len(composed) > 40
    assert found == {"/items/*/flowSpec"}


@needs("flow-service")
def test_a_field_renamed_in_an_example_is_found(flow_service: Contract) -> None:
    """Every property of every answer, renamed one at a time where the file declares something."""
    missed, renamed = [], 0
    for entry in (e for e in examples() if e["kind"] != "explicit" and e["role"] != "request"):
        body = example_body(entry)
        operation = flow_service.operation(entry["method"], entry["path"])
        assert operation is not None
        declared = set(flow_service.schemas.declared(operation.responses[entry["role"]] or {}))
        for pointer in sorted(set(walk(body)) & declared):
            found = check_example(flow_service, entry, rename(body, pointer))
            renamed += 1
            if not any(v.pointer == pointer + "Renamed" for v in found):
                missed.append(f"{entry['file']} {pointer}")
    if not renamed:
        pytest.skip("Adobe's examples are not beside the OpenAPI file")
    assert renamed > 300
    assert missed == []


def test_rename_reaches_every_item_of_a_list() -> None:
    renamed = rename({"items": [{"a": 1}, {"b": 2}]}, "/items/*/a")
    assert renamed == {"items": [{"aRenamed": 1}, {"b": 2}]}


def test_the_place_of_the_file_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLOW_SERVICE_OPENAPI", str(tmp_path / "mine.yaml"))
    assert locate() is None
    with pytest.raises(FileNotFoundError, match="FLOW_SERVICE_OPENAPI"):
        Contract.load()
    (tmp_path / "mine.yaml").write_text(json.dumps(document()), encoding="utf-8")
    (tmp_path / "catalog.yaml").write_text(json.dumps(document()), encoding="utf-8")
    assert Contract.load().operations[0].operation_id == "listBooks"
    assert locate("catalog") == tmp_path / "catalog.yaml"
    assert locate("sandbox") is None
