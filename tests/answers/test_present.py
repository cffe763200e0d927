"""An API object as an answer shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from aep_flow_mcp.answers.present import present, record, redacted
from aep_flow_mcp.answers.text import Answer, Listing, Record, render
from aep_flow_mcp.platform.models.connections import Connection, SourceConnection
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import LandingZone
from aep_flow_mcp.platform.redaction.names import is_secret_name

CONNECTION: dict[str, Any] = {
    "id": "c1",
    "name": "Shop",
    "description": None,
    "createdAt": 1_700_000_000_000,
    "auth": {"specName": "Basic", "params": {"host": "h.example", "password": "pw-1", "odd": 7, "on": True}},
    "connectionSpec": {"id": "s1", "version": "1.0"},
    "etag": '"e1"',
    "newField": {"clientSecret": "pw-2", "kept": 1},
}


@pytest.mark.parametrize("item", [CONNECTION, Connection.model_validate(CONNECTION)], ids=["dict", "model"])
def test_names_stay_secrets_go_times_are_read(item: Any) -> None:
    shown = present(item)
    assert shown == {
        "id": "c1",
        "name": "Shop",
        "connectionSpec": {"id": "s1", "version": "1.0"},
        "auth": {
            "specName": "Basic",
            "params": {"host": "h.example", "password": "***", "odd": "***", "on": True},
        },
        "newField": {"clientSecret": "***", "kept": 1},
        "createdAt": "2023-11-14T22:13:20Z",
        "etag": '"e1"',
    }
    assert list(shown)[-2:] == ["createdAt", "etag"]


def test_models_show_the_names_that_the_api_used() -> None:
    flow = Flow.model_validate(
        {
            "id": "f1",
            "scheduleParams": {"startTime": "1712000000", "interval": "15", "frequency": "minute"},
            "lastRunDetails": {"id": "r1", "startedAtUTC": 1_700_000_000_000, "state": "success"},
            "transformations": [],
            "lastOperation": {
                "updated": 1_700_000_000_000,
                "ops": [{"op": "replace", "path": "/auth/params/password", "value": "pw-3"}],
            },
        }
    )
    shown = present(flow)
    assert shown["scheduleParams"]["startTime"] == "2024-04-01T19:33:20Z"
    assert shown["lastRunDetails"] == {"id": "r1", "state": "success", "startedAtUTC": "2023-11-14T22:13:20Z"}
    assert shown["transformations"] == []
    assert shown["lastOperation"]["updated"] == "2023-11-14T22:13:20Z"
    assert shown["lastOperation"]["ops"][0]["value"] == "***"
    zone = present(LandingZone.model_validate({"dlzProvider": "Amazon S3", "dataTTL": {"timeQuantity": 7}}))
    assert zone == {"dlzProvider": "Amazon S3", "dataTTL": {"timeQuantity": 7}}


def test_a_schema_describes_secrets_and_holds_none() -> None:
    """In a spec the name of a secret is a key of its description, which stays readable."""
    spec = {
        "authSpec": [{"spec": {"properties": {"password": {"type": "string"}}, "required": ["password"]}}]
    }
    assert present(spec) == spec


def test_secrets_inside_texts_and_typed_secrets() -> None:
    shown = present(
        {"url": "https://x.example/c?sv=1&sig=abc123", "key": SecretStr("pw-4"), "list": [None, 1]}
    )
    assert shown == {"url": "https://x.example/c?sv=1&sig=***", "key": "***", "list": [1]}


def test_small_numbers_are_no_times() -> None:
    assert present({"started": 3, "updated": "12", "created": 0}) == {
        "started": 3,
        "updated": "12",
        "created": 0,
    }


@pytest.mark.parametrize(
    "name",
    ["password", "s3SecretKey", "s3AccessKey", "sasUri", "SASToken", "awsSessionToken", "privateKeyContent"],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["continuationToken", "inletUrl", "host", "publicKeyId", "keyName", "id", "tokenUrl"]
)
def test_names_of_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


def test_record_carries_the_note() -> None:
    assert record({"id": "x"}, "why").model_dump() == {"item": {"id": "x"}, "note": "why"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=12), JSON, max_size=6))
def test_anything_can_be_shown_and_showing_twice_changes_nothing(item: dict[str, Any]) -> None:
    shown = present(item)
    json.dumps(shown)
    assert present(shown) == shown


@given(st.text(min_size=6, max_size=30), st.sampled_from(["params", "nested"]))
def test_no_secret_parameter_survives(secret: str, place: str) -> None:
    marked = f"pw<{secret}>"
    params: Any = {"password": marked, "unheardOf": marked, "deep": [{"token": marked, "other": marked}]}
    auth = {"specName": "x", "params": params if place == "params" else {"inner": params}}
    for item in ({"auth": auth}, Connection.model_validate({"id": "c", "auth": auth})):
        assert marked not in json.dumps(present(item), ensure_ascii=False)


def test_models_of_every_kind_keep_unknown_fields() -> None:
    source = {"id": "s", "params": {"path": "/a/", "password": "pw-5"}, "surprise": [1, {"x": 2}]}
    shown = present(SourceConnection.model_validate(source))
    assert shown["surprise"] == [1, {"x": 2}]
    assert shown["params"] == {"path": "/a/", "password": "***"}


class Row(BaseModel):
    name: str
    cells: dict[str, Any] | None = None


class Told(Answer):
    """An answer with parts."""

    note: str
    rows: list[Row]
    preview: str | None = None
    data: dict[str, Any] | None = None


def test_an_answer_is_redacted_in_every_text_and_object_and_keeps_its_class() -> None:
    rows = [
        Row(name="plain"),
        Row(name="pwd=zz", cells={"password": "zz", "url": "https://h/?sig=zz", "n": 1}),
    ]
    own = "password: ${AEP_SECRET_X}"
    shown = redacted(Told(note="the token is zz1", rows=rows, preview=own, data={"SASToken": "revealed"}))
    assert isinstance(shown, Told)
    assert shown.note == "the token is ***"
    assert shown.rows[0] is rows[0]
    assert shown.rows[1].name == "pwd=***"
    assert shown.rows[1].cells == {"password": "***", "url": "https://h/?sig=***", "n": 1}
    assert (shown.preview, shown.data) == (own, {"SASToken": "revealed"})
    plain = Told(note="n", rows=[Row(name="plain")])
    assert redacted(plain) is plain


def test_a_cell_adds_no_column_and_a_key_no_line() -> None:
    rows = Listing(items=[Row(name="x | | enabled\n| y", cells={"a|b": "c | d"}), Row(name="z")])
    lines = render(rows).split("\n")
    assert len(lines) == 3
    assert {line.count("|") for line in lines} == {1}
    text = render(Record(item={"state": "on", "a\nstate: off": 1, "b: 1": 2, "meta:xdmType": "t"}))
    assert text.split("\n") == ["state: on", '"a\\nstate: off": 1', '"b: 1": 2', "meta:xdmType: t"]
