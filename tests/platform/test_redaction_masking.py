"""Secrets in JSON: by a spec's marks, by the place, by the name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aep_flow_mcp.platform.models.specs import ConnectionSpec
from aep_flow_mcp.platform.redaction.declared import secret_pointers
from aep_flow_mcp.platform.redaction.masking import masked

M = "zzMARKzz"
CASES: list[tuple[str, Any]] = [
    ("auth", {"auth": {"specName": "W", "params": {"jwt": M, "zebra": M, "deep": {"x": [M]}}}}),
    ("auth without params", {"auth": {"username": "me", "pin": M}}),
    (
        "destinations",
        {"auth": {"params": {"connectionUrl": f"https://u:{M}@h/p?sig={M}", "host": f"u:p@{''}h"}}},
    ),
    ("headers", {"params": {"headerParams": {"X-Auth-Key1": M, "Cookie": f"s={M}", "Unheard-Of": M}}}),
    ("headers, deep", {"headers": {"X-Foo": {"value": M, "values": [M]}}}),
    ("headers as text", {"headers": f"Authorization:Basic {M},x-api-key:{M}"}),
    ("headers as list", {"httpHeaders": [{"key": "X-Foo", "value": M}, f"X-Bar: {M}"]}),
    ("pairs", {"list": [{"name": "Authorization", "value": M}, {"key": "x-api-key", "value": M}]}),
    ("queries", {"urlParams": {"path": f"/a?api_key={M}", "queryParams": {"key": M, "code": M}}}),
    ("queries as text", {"queryParameters": f"a=1&api_key={M}&key={M}"}),
    (
        "names",
        dict.fromkeys(("pwd", "pass", "dbPass", "pat", "jwt", "dsn", "sasKey", "storageKey", "cookie"), M),
    ),
    (
        "more names",
        dict.fromkeys(("bearer", "serviceAccountJson", "sshKey", "connectionString", "accessToken"), M),
    ),
    ("credentials", {"credentials": {"a": M, "list": [M]}, "passwords": [M, M], "secret": 12345678}),
    ("list of objects", [{"pass": M}, {"inner": [{"pwd": M}]}]),
    ("patches", [{"op": "replace", "path": "/auth/params/zebra", "value": M}]),
    ("a patch of all", {"ops": [{"op": "add", "path": "/auth", "value": {"params": {"zebra": M}}}]}),
    ("a patch of params", {"ops": [{"op": "add", "path": "/auth/params", "value": {"zebra": M}}]}),
    ("a patch of headers", [{"op": "add", "path": "/params/headerParams/X-Q", "value": M}]),
    ("a patch of auth", [{"op": "add", "path": "/auth/anything", "value": M}]),
    (
        "schemas",
        {
            "properties": {
                "password": {"type": "string", "default": M},
                "p": {"format": "password", "const": M},
            }
        },
    ),
    ("header schemas", {"headerParams": {"type": "object", "properties": {"X-Foo": {"default": M}}}}),
    ("next link", {"_links": {"next": {"href": f"/flows?continuationToken=a&access_token={M}"}}}),
]


@pytest.mark.parametrize("value", [value for _, value in CASES], ids=[name for name, _ in CASES])
def test_masked(value: Any) -> None:
    shown = masked(value)
    assert M not in json.dumps(shown)
    assert "12345678" not in json.dumps(shown)
    assert masked(shown) == shown


def test_what_may_be_shown_stays() -> None:
    value = {
        "auth": {
            "specName": "Basic Authentication",
            "params": {
                "host": "h.example",
                "userName": "me",
                "connectionUrl": "https://h.example/p?v=1",
                "signInHost": "login.example",
                "keyVaultUrl": "https://v.vault.azure.net/",
                "authenticationRequired": True,
                "nothing": None,
            },
        },
        "params": {
            "headerParams": {"Accept": "text/csv", "Content-Type": "a/b"},
            "queryParams": {"page": "1"},
        },
        "ops": [{"op": "replace", "path": "/name", "value": "n"}],
        "errors": [{"code": "CONNECTOR-1001-500", "key": "k"}],
        "pairs": [{"name": "delimiter", "value": ","}],
        "properties": {"password": {"type": "string", "description": "of the user"}},
        "required": ["password"],
        "continuationToken": "abc",
    }
    assert masked(value) == value


SCHEMA = {
    "type": "object",
    "properties": {
        "plain": {"type": "string"},
        "zebra": {"type": "string", "format": "password"},
        "list": {"type": "array", "items": {"properties": {"stripe": {"format": "password"}}}},
        "map": {"type": "object", "additionalProperties": {"format": "password"}},
        "choice": {"oneOf": [{"properties": {"deep/er": {"secret": True}}}, {"type": "string"}]},
        "ref": {"$ref": "#/definitions/whole"},
    },
    "if": {"properties": {"plain": {"const": "x"}}},
    "then": {"properties": {"later": {"format": "password"}}},
    "definitions": {"whole": {"type": "object", "format": "password"}},
}


def test_what_a_schema_marks_is_found_at_any_depth() -> None:
    assert secret_pointers("/params", [SCHEMA]) == {
        "/params/zebra",
        "/params/list/*/stripe",
        "/params/map/*",
        "/params/choice/deep~1er",
        "/params/ref",
        "/params/later",
    }


def test_the_marks_of_the_connector_decide_first() -> None:
    spec = ConnectionSpec.model_validate(
        {
            "id": "s1",
            "authSpec": [{"name": "W", "spec": {"properties": {"host": {"format": "password"}}}}],
            "targetSpec": {"spec": SCHEMA},
        }
    )
    params = {
        "zebra": M,
        "plain": "p",
        "list": [{"stripe": M, "x": 1}],
        "map": {"a": M},
        "choice": {"deep/er": M},
    }
    item = {
        "connectionSpec": {"id": "s1", "version": "1.0"},
        "auth": {"params": {"host": M}},
        "params": {**params, "ref": {"any": [M]}},
        "lastOperation": {"ops": [{"op": "add", "path": "/params/zebra", "value": M}]},
    }
    known = {"s1": spec.secret_pointers}
    shown = masked({"items": [item]}, known)["items"][0]
    assert M not in json.dumps(shown)
    assert shown["params"]["plain"] == "p"
    assert shown["params"]["list"] == [{"stripe": "***", "x": 1}]
    other = {**item, "connectionSpec": {"id": "s2"}}
    assert masked(other, known)["params"]["zebra"] == M


def test_a_reference_out_of_the_schema_is_not_followed() -> None:
    schema = {
        "properties": {
            "a": {"$ref": "https://elsewhere.example/schema.json"},
            "b": {"$ref": "#/properties/b"},
        }
    }
    assert secret_pointers("/params", [schema]) == frozenset()
