"""Tokens at the door: a good one passes, every other one is refused with the right words, and reaches no tool."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from serving.bed import Served, served
from serving.issuer import RSA_KEY, STRANGE_KEY, Issuer, issuing


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing("/realms/us") as found:
        yield found


@pytest.fixture
async def door(issuer: Issuer) -> AsyncIterator[Served]:
    async with served(
        mcp_auth="oidc", mcp_auth_issuer=issuer.url, mcp_auth_audience=("aep-flows", "other")
    ) as found:
        yield found


def challenge(answer: httpx.Response) -> dict[str, str]:
    """The parameters of `WWW-Authenticate: Bearer`."""
    scheme, _, parameters = answer.headers["www-authenticate"].partition(" ")
    assert scheme == "Bearer"
    return dict(re.findall(r'(\w+)="([^"]*)"', parameters))


def unsigned(issuer: Issuer) -> str:
    return jwt.encode(issuer.claims(), "", "none", headers={"kid": "rsa-1"})


def signed_with_the_public_key(issuer: Issuer) -> str:
    """HS256, with what everybody can read as the secret: by hand, since libraries refuse to."""
    pem = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = {"alg": "HS256", "typ": "at+jwt", "kid": "rsa-1"}
    parts = [json.dumps(part).encode() for part in (header, issuer.claims())]
    signing = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = hmac.new(pem, signing, hashlib.sha256).digest()
    return (signing + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def strangers(issuer: Issuer, kid: str | None) -> str:
    return jwt.encode(issuer.claims(), STRANGE_KEY, "RS256", headers={"kid": kid} if kid else {})


def with_its_own_key(issuer: Issuer) -> str:
    """The header brings the key along, and says where more are."""
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(STRANGE_KEY.public_key()))
    return jwt.encode(
        issuer.claims(), STRANGE_KEY, "RS256", headers={"jwk": jwk, "jku": "https://evil.example/keys"}
    )


def tampered(issuer: Issuer) -> str:
    header, _, signature = issuer.token(scope="flows:read").split(".")
    return ".".join((header, issuer.token().split(".")[1], signature))


def as_another_type(issuer: Issuer) -> str:
    return jwt.encode(issuer.claims(), RSA_KEY, "RS256", headers={"kid": "rsa-1", "typ": "logout+jwt"})


def as_jwt(issuer: Issuer, **claims: Any) -> str:
    """With the type that says nothing, as most issuers write it."""
    headers = {"kid": "rsa-1", "typ": "JWT"}
    return jwt.encode(issuer.claims(**claims), RSA_KEY, "RS256", headers=headers)


BAD: dict[str, tuple[Callable[[Issuer], str], str]] = {
    "expired": (lambda one: one.token(exp=int(time.time()) - 60), "has expired"),
    "not yet valid": (lambda one: one.token(nbf=int(time.time()) + 300), "not valid yet"),
    "wrong audience": (lambda one: one.token(aud="https://another.example"), "another audience"),
    "wrong issuer": (lambda one: one.token(iss="https://evil.example"), "another issuer"),
    "issuer with a slash more": (lambda one: one.token(iss=f"{one.url}/"), "another issuer"),
    "alg none": (unsigned, "not signed in a way"),
    "HS256 with the public key": (signed_with_the_public_key, "not signed in a way"),
    "unknown key id": (lambda one: strangers(one, "rsa-99"), "does not have"),
    "known key id, another key": (lambda one: strangers(one, "rsa-1"), "not the issuer's"),
    "no key id, another key": (lambda one: strangers(one, None), "not the issuer's"),
    "its own key": (with_its_own_key, "not the issuer's"),
    "another's claims": (tampered, "not the issuer's"),
    "another type": (as_another_type, "not an access token"),
    "without expiry": (lambda one: one.token(exp=None), "lacks the claim exp"),
    "without audience": (lambda one: one.token(aud=None), "lacks the claim aud"),
    "without issuer": (lambda one: one.token(iss=None), "lacks the claim iss"),
    "without subject": (lambda one: one.token(sub=None), "lacks the claim sub"),
    "an ID token (nonce)": (lambda one: as_jwt(one, nonce="n"), "is an ID token"),
    "an ID token (at_hash)": (lambda one: as_jwt(one, at_hash="h"), "is an ID token"),
    "an ID token (c_hash)": (lambda one: one.token(c_hash="h"), "is an ID token"),
    "an ID token of Keycloak": (lambda one: as_jwt(one, typ="ID"), "is an ID token"),
    "bound to a key": (lambda one: one.token(cnf={"jkt": "x"}), "bound to a key"),
    "no token": (lambda _: "not-a-token", "can read"),
    "too long": (lambda one: one.token(padding="x" * 20_000), "can read"),
}


@pytest.mark.parametrize(
    "claims", [{}, {"typ": "Bearer", "nonce": "n"}, {"roles": ["x"], "scope": "flows:read"}]
)
async def test_an_access_token_of_an_older_kind_is_taken(
    door: Served, issuer: Issuer, claims: dict[str, Any]
) -> None:
    """Without the type of RFC 9068; Keycloak's access tokens once held `nonce`, and say that they are `Bearer`."""
    answer = await door.post("tools/list", token=as_jwt(issuer, **claims))
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_token_is_refused_and_reaches_no_tool(
    door: Served, issuer: Issuer, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    make, sentence = BAD[kind]
    token = make(issuer)
    with caplog.at_level(logging.INFO):
        answer = await door.call("list_flows", {"limit": 1}, token=token)
    assert sentence in caplog.text
    assert token not in caplog.text
    assert answer.status_code == 401
    said = challenge(answer)
    assert said["error"] == answer.json()["error"] == "invalid_token"
    assert sentence in said["error_description"]
    assert said["scope"] == "flows:read flows:write flows:approve"
    assert said["resource_metadata"].endswith("/.well-known/oauth-protected-resource/mcp")
    assert door.requests == 0


@pytest.mark.parametrize("era", ["2026-07-28", "2025-11-25"])
async def test_a_good_token_reaches_a_tool(door: Served, issuer: Issuer, era: str) -> None:
    async with door.client(issuer.token(), era=era) as client:
        found = await client.call_tool("list_flows", {"limit": 2})
    assert len((found.structured_content or {})["items"]) == 2
    assert door.requests > 0


async def test_clocks_may_differ_a_little(door: Served, issuer: Issuer) -> None:
    token = issuer.token(exp=int(time.time()) - 10, nbf=int(time.time()) + 10)
    assert (await door.call("list_flows", {"limit": 1}, token=token)).status_code == 200


async def test_one_of_several_audiences_is_enough(door: Served, issuer: Issuer) -> None:
    token = issuer.token(aud=["https://elsewhere.example", "other"])
    assert (await door.call("list_flows", {"limit": 1}, token=token)).status_code == 200


@pytest.mark.parametrize(
    ("kid", "key", "algorithm"),
    [
        ("ec", ec.generate_private_key(ec.SECP256R1()), "ES256"),
        ("ec-384", ec.generate_private_key(ec.SECP384R1()), "ES384"),
        ("ed", ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        ("pss", RSA_KEY, "PS256"),
    ],
)
async def test_other_keys_of_the_issuer_are_good_too(
    door: Served, issuer: Issuer, kid: str, key: Any, algorithm: str
) -> None:
    issuer.publish(kid, key, algorithm)
    token = issuer.token(kid=kid)
    assert (await door.call("list_flows", {"limit": 1}, token=token)).status_code == 200


@pytest.mark.parametrize(
    "members", [{"use": "enc"}, {"key_ops": ["sign"]}, {"alg": "RS512"}, {"kty": "oct", "k": "c2VjcmV0"}]
)
async def test_a_key_for_something_else_checks_no_token(
    door: Served, issuer: Issuer, members: dict[str, Any]
) -> None:
    issuer.publish("for-another-use", STRANGE_KEY, "RS256", **members)
    answer = await door.call("list_flows", {"limit": 1}, token=issuer.token(kid="for-another-use"))
    assert answer.status_code == 401
    assert door.requests == 0


async def test_who_brings_no_token_is_told_how_to_get_one(door: Served, issuer: Issuer) -> None:
    for session in ("", "made-up"):
        answer = await door.post("tools/list", headers={"Mcp-Session-Id": session})
        assert answer.status_code == 401
        said = challenge(answer)
        assert "error" not in said  # RFC 6750, 3.1
        assert said["scope"] == "flows:read flows:write flows:approve"
        where = said["resource_metadata"].removeprefix(door.url.removesuffix("/mcp"))
        published = (await door.ask("GET", where)).json()
        assert published["resource"] == door.url
        assert published["authorization_servers"] == [issuer.url]
        assert published["scopes_supported"] == ["flows:read", "flows:write", "flows:approve"]
        assert published["bearer_methods_supported"] == ["header"]
    assert (await door.ask("GET", "/.well-known/oauth-protected-resource")).json() == published
    assert (await door.ask("GET", "/.well-known/openid-configuration")).status_code == 404
    for method in ("GET", "DELETE", "PUT", "HEAD"):
        assert (await door.ask(method)).status_code == 401
    assert (await door.ask("GET", "/anything")).status_code == 401
    assert (await door.ask("POST", f"/mcp?access_token={issuer.token()}", json={})).status_code == 401
    assert door.requests == 0


@pytest.mark.parametrize("scheme", ["Basic {}", "bearer  {}", "{}", "Bearer", "DPoP {}"])
async def test_a_token_in_another_scheme_is_none(door: Served, issuer: Issuer, scheme: str) -> None:
    answer = await door.post("tools/list", headers={"Authorization": scheme.format(issuer.token())})
    assert answer.status_code == 401


async def test_another_protocol_than_http_has_no_door() -> None:
    from aep_flow_mcp.serving.signing_in.door import Door
    from aep_flow_mcp.serving.signing_in.parts import signing_in
    from aep_flow_mcp.settings import Settings

    reached, said = [], []

    async def app(scope: Any, *_: Any) -> None:
        reached.append(scope["type"])

    async def send(message: Any) -> None:
        said.append(message["type"])

    settings = Settings.model_construct(mcp_auth_issuer="https://id.example")
    door = Door(app, signing_in(settings, "https://flows.example/mcp"))

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    await door({"type": "websocket", "path": "/mcp", "headers": []}, receive, send)
    assert (reached, said) == ([], ["websocket.close"])


async def test_two_tokens_at_once_are_none(door: Served, issuer: Issuer) -> None:
    good = ("Authorization", f"Bearer {issuer.token()}")
    answer = await door.ask("POST", json={}, headers=[good, good])
    assert answer.status_code == 401


async def test_a_read_only_server_asks_for_no_more_than_reading(issuer: Issuer) -> None:
    async with served(mcp_auth="oidc", mcp_auth_issuer=issuer.url, mcp_read_only=True) as door:
        answer = await door.post("tools/list")
        assert challenge(answer)["scope"] == "flows:read"
        # Without an audience of its own it is the address that clients know (RFC 8707).
        assert (await door.post("tools/list", token=issuer.token(aud=door.url))).status_code == 200
        assert (await door.post("tools/list", token=issuer.token())).status_code == 401
