from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.platform.config import DEFAULT_SCOPES
from aep_flow_mcp.platform.credentials import (
    CredentialsError,
    parse_credentials,
    read_credentials_file,
    split_scopes,
)

SECRET = "p8e-not-a-real-one"
CONSOLE = {
    "CLIENT_SECRETS": [SECRET, "older"],
    "ORG_ID": "ORG@AdobeOrg",
    "TECHNICAL_ACCOUNT_ID": "t@techacct.adobe.com",
    "TECHNICAL_ACCOUNT_EMAIL": "t@example.com",
    "CLIENT_ID": "client",
    "SCOPES": ["openid", "AdobeID"],
}
PROJECT = {
    "project": {
        "org": {"id": "1", "ims_org_id": "ORG@AdobeOrg"},
        "workspace": {
            "details": {
                "credentials": [
                    {"id": "0", "integration_type": "apikey"},
                    {
                        "id": "1",
                        "integration_type": "oauth_server_to_server",
                        "oauth_server_to_server": {
                            "client_id": "client",
                            "client_secrets": [SECRET],
                            "scopes": ["openid", "AdobeID"],
                        },
                    },
                ]
            }
        },
    }
}
POSTMAN = {
    "name": "env",
    "values": [
        {"key": "CLIENT_SECRET", "value": SECRET, "enabled": True},
        {"key": "API_KEY", "value": "client", "type": "default"},
        {"key": "SCOPES", "value": "openid,AdobeID", "enabled": True},
        {"key": "ACCESS_TOKEN", "value": "", "enabled": True},
        {"key": "IMS_ORG", "value": "ORG@AdobeOrg", "enabled": True},
        {"key": "ORG_ID", "value": "wrong", "enabled": False},
    ],
}


@pytest.mark.parametrize(
    "document",
    [
        CONSOLE,
        {key.lower(): value for key, value in CONSOLE.items()},
        {
            "org_id": "ORG@AdobeOrg",
            "client_id": "client",
            "secret": SECRET,
            "scopes": "openid AdobeID",
            "sandbox-name": "x",
        },
        {
            "Org_Id": " ORG@AdobeOrg ",
            "api_key": "client",
            "client_secret": SECRET,
            "scopes": "openid, AdobeID",
            "tech_id": "t",
        },
        PROJECT,
        POSTMAN,
    ],
)
def test_every_known_form(tmp_path: Path, document: dict[str, Any]) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(document), encoding="utf-8-sig")
    found = read_credentials_file(path)
    assert (found.client_id, found.org_id, found.scopes) == ("client", "ORG@AdobeOrg", ("openid", "AdobeID"))
    assert found.client_secret is not None
    assert found.client_secret.get_secret_value() == SECRET
    assert found.access_token is None
    assert SECRET not in repr(found)


def test_scopes_have_a_default_and_a_token_alone_is_enough() -> None:
    found = parse_credentials({"client_id": "c", "org_id": "o", "access_token": "tok"})
    assert found.scopes == DEFAULT_SCOPES
    assert found.access_token is not None
    assert found.access_token.get_secret_value() == "tok"
    assert "tok'" not in repr(found)


@pytest.mark.parametrize(
    "document",
    [
        {
            "CLIENT_SECRET": SECRET,
            "ORG_ID": "o",
            "API_KEY": "c",
            "TECHNICAL_ACCOUNT_ID": "t",
            "PUBLIC_KEYS_WITH_EXPIRY": {"k": 1},
        },
        {"org_id": "o", "client_id": "c", "tech_id": "t", "secret": SECRET, "pathToKey": "/key"},
        {
            "project": {
                "org": {"ims_org_id": "o"},
                "workspace": {
                    "details": {
                        "credentials": [
                            {
                                "integration_type": "service",
                                "jwt": {"client_id": "c", "client_secret": SECRET},
                            }
                        ]
                    }
                },
            }
        },
    ],
)
def test_retired_kind_is_named(tmp_path: Path, document: dict[str, Any]) -> None:
    path = tmp_path / "jwt.json"
    path.write_text(json.dumps(document))
    with pytest.raises(CredentialsError, match="retired") as caught:
        read_credentials_file(path)
    assert str(path) in str(caught.value)
    assert "OAuth Server-to-Server" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "has no CLIENT_ID and no ORG_ID and no CLIENT_SECRET"),
        (b'{"client_id": "c", "org_id": 5, "secret": "p8e-x"}', "has no ORG_ID"),
        (b'{"client_id": "c", "org_id": "o", "client_secrets": []}', "has no CLIENT_SECRET"),
        (b'{"project": {"workspace": null}}', "has no CLIENT_ID"),
        (b'{"values": [null, {"key": 1}]}', "has no CLIENT_ID"),
        (b" " * 1_000_001, "too large"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(CredentialsError, match=words) as caught:
        read_credentials_file(path)
    assert str(path) in str(caught.value)
    assert "p8e-x" not in str(caught.value)


def test_no_file_and_no_permission(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="AEP_CONFIG_FILE"):
        read_credentials_file(tmp_path / "missing.json")
    with pytest.raises(CredentialsError, match="cannot be read"):
        read_credentials_file(tmp_path)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "project",
                        "values",
                        "org",
                        "workspace",
                        "details",
                        "credentials",
                        "key",
                        "client_id",
                        "org_id",
                        "secret",
                        "scopes",
                    ]
                ),
                inner,
            )
        ),
    )
)
def test_any_json_is_credentials_or_an_error(document: object) -> None:
    try:
        found = parse_credentials(document)
    except CredentialsError:
        return
    assert found.client_id
    assert found.org_id


@pytest.mark.parametrize(
    ("value", "scopes"),
    [
        ("a b", ("a", "b")),
        ("a, b,,c a", ("a", "b", "c")),
        (["a b", "c"], ("a", "b", "c")),
        (None, ()),
        (5, ()),
    ],
)
def test_scopes_are_split_on_spaces_and_commas(value: object, scopes: tuple[str, ...]) -> None:
    assert split_scopes(value) == scopes
