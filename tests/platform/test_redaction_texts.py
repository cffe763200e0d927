"""Secrets inside texts, by their look; and that the work grows with the text, whatever is in it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.platform.redaction.texts import redact_headers, redact_query, redact_text

MARK = "zzMARKzz"
SECRETS = [
    "Cannot connect: Server=h;Port=3306;UID=u;PWD=zzMARKzz",
    "Server=tcp:h.database.windows.net,1433;User ID=u;Password=zzMARKzz;Encrypt=True",
    "Driver={ODBC};Pwd={zz;zzMARKzz};Uid=u",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=zzMARKzz==;EndpointSuffix=core.windows.net",
    "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=zzMARKzz=",
    "jdbc:mysql://h:3306/db?user=u&password=zzMARKzz",
    "jdbc:oracle:thin:u/zzMARKzz@h:1521:x",
    "mongodb+srv://u:zzMARKzz@h.example/db",
    "postgres://u:zz/zzMARKzz@h/db",
    "https://zzMARKzz@h.example/x",
    "https://a.blob.core.windows.net/c/f.csv?sv=2021&sig=zzMARKzz&se=2026",
    "https://b.s3.amazonaws.com/k?X-Amz-Credential=zzMARKzz&X-Amz-Signature=zzMARKzz&X-Amz-Expires=60",
    "https://h.example/a?code=zzMARKzz&page=2",
    "https://h.example/a?page=2&key=zzMARKzz",
    "https://hooks.slack.com/services/T0/B0/zzMARKzz",
    "redirect=https%3A%2F%2Fh%3Fsig%3DzzMARKzz%26a%3D1",
    'CredString [{"pass":"zzMARKzz"}]',
    '{"connection": {"pwd": "zz\\"zzMARKzz"}}',
    "{'password': 'zzMARKzz'}",
    '{\\"client_secret\\":\\"zzMARKzz\\"}',
    '{"passwords": ["zzMARKzz", "zzMARKzz"]}',
    "<Password>zzMARKzz</Password>",
    "Authorization: Basic zzMARKzz",
    "sent Basic zzMARKzz to h",
    "Authorization: Digest username=u, response=zzMARKzz",
    "Cookie: a=b; session=zzMARKzz",
    "x-api-key: zzMARKzz",
    "Ocp-Apim-Subscription-Key: zzMARKzz",
    "curl -H 'X-Auth-Key1: zzMARKzz' https://h",
    "accessToken is zzMARKzz",
    "the password was 'zzMARKzz'",
    "API key: zzMARKzz",
    "--password zzMARKzz",
    "sasKey=zzMARKzz",
    "pat=zzMARKzz",
    "-----BEGIN RSA PRIVATE KEY-----\nzzMARKzz\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\\nzzMARKzz, cut",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_a_text_gives_away_is_masked(text: str) -> None:
    shown = redact_text(f"before {text}")
    assert MARK not in shown
    assert "***" in shown
    assert shown.startswith("before ")
    assert redact_text(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "GET /flows answered 404: flows not found with id = [abc]",
        "Basic Authentication",
        "The password is wrong, the token is expired and the access key is missing.",
        "auth_params.secretKey: is a secret, and never goes through a conversation.",
        "Unexpected token: } at position 3",
        "continuationToken=abc&limit=2",
        "abfss://container@account.dfs.core.windows.net/path",
        "sftp://files.example:22/in/",
        "2026-03-02T09:00:00Z https://ns.adobe.com/xdm/context/profile",
        "Secrets that are filled in: password=${AEP_SECRET_X};next=1",
        "passwordRequired=true",
        "keyVaultUrl: https://v.vault.azure.net/, secretName: orders",
    ],
)
def test_what_gives_nothing_away_stays(text: str) -> None:
    assert redact_text(text) == text


def test_headers_and_queries_as_text() -> None:
    headers = "Authorization:Basic zzMARKzz,x-api-key:zzMARKzz, Accept: text/csv, text/plain"
    assert redact_headers(headers) == "Authorization: ***,x-api-key: ***, Accept: text/csv, text/plain"
    assert redact_headers("zzMARKzz") == "***"
    assert redact_query("a=1&api_key=zzMARKzz&key=zzMARKzz") == "a=1&api_key=***&key=***"


@given(st.text(alphabet="pwdaskey:=;,&\"'{}[]<>/?@\\ \n-|.%3D$", max_size=80))
def test_twice_is_once(text: str) -> None:
    once = redact_text(text)
    assert redact_text(redact_text(once)) == redact_text(once)


HOSTILE: list[Callable[[int], str]] = [
    lambda n: "a" * n,
    lambda n: "password" * n,
    lambda n: "password=" * n,
    lambda n: '"password":"' * n,
    lambda n: '\\"password\\":\\"' * n,
    lambda n: "password" + " " * n + "x",
    lambda n: ("password" + " " * 20) * n,
    lambda n: "://" * n,
    lambda n: "://a:b" * n,
    lambda n: "-----BEGIN " * n,
    lambda n: "bearer " * n,
    lambda n: "Authorization: a," * n,
    lambda n: "pwd=a,b" * n + "," * n,
    lambda n: "?sig%3D" * n,
    lambda n: "%25" * n,
    lambda n: "<password" * n,
    lambda n: "<password a" + " " * n,
    lambda n: "eyJaaaaaaaa." * n,
    lambda n: "pwd={" * n,
    lambda n: "pwd=[" * n,
    lambda n: "thin:a/" * n,
    lambda n: "discord.com/" * n + "://" + "a." * n,
    lambda n: "--" * n + "--password",
    lambda n: "key key " * n + ": x",
]


def _work(text: str) -> int:
    """The processor time that this thread spends on a text: its steps, not what the clock on the wall shows."""
    best = 1 << 62
    for _ in range(3):
        start = time.thread_time_ns()
        for redact in (redact_text, redact_headers, redact_query):
            redact(text)
        best = min(best, time.thread_time_ns() - start)
    return max(best, 20_000)


@pytest.mark.parametrize("make", HOSTILE, ids=range(len(HOSTILE)))
def test_sixteen_times_the_text_is_about_sixteen_times_the_work(make: Callable[[int], str]) -> None:
    """Quadratic work would be 256 times as much."""
    assert _work(make(16_000)) / _work(make(1_000)) < 80
