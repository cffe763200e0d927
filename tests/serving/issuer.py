"""A small issuer of tokens on this machine: metadata, keys, and tokens of every kind, good and bad."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
"""Made once: it takes a while."""
STRANGE_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
"""Of nobody that the server knows."""
EVERYTHING = "flows:read flows:write flows:approve"


@dataclass
class Issuer:
    """Signs with RS256 unless told otherwise. `keys`: what it publishes, as JWKs."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """The paths that it was asked for."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Members that replace those of its metadata."""
    status: int = 200
    holds: threading.Event = field(default_factory=threading.Event)
    """While it is clear, no answer comes."""
    signs_in: str = "ada"
    """Who sits before the browsers that are sent here, and agrees to everything."""
    clients: dict[str, str | None] = field(default_factory=lambda: {"approval-page": None})
    """The clients that browsers come with, and their secrets; None for a public one."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was asked with each code that was not redeemed, and by whom."""
    scopes: dict[str, str] = field(default_factory=dict)
    """What people are granted who are not granted everything that is asked for."""
    grants: dict[str, Any] = field(default_factory=dict)
    """What replaces members of the answer of the token endpoint."""
    identity: dict[str, Any] = field(default_factory=dict)
    """What replaces claims of ID tokens."""
    private: dict[str, tuple[Any, str]] = field(default_factory=dict)
    """Key id -> private key and algorithm."""

    def __post_init__(self) -> None:
        self.holds.set()
        self.publish("rsa-1", RSA_KEY, "RS256")

    def publish(self, kid: str, key: Any, algorithm: str, **members: Any) -> None:
        """Sign with a key from now on, and publish its public half."""
        self.private[kid] = (key, algorithm)
        public = key.public_key()
        made = _jwk(public)
        self.keys.append({**made, "kid": kid, "use": "sig", "alg": algorithm, **members})

    def token(
        self, subject: str = "ada", scope: str | None = EVERYTHING, *, kid: str = "rsa-1", **claims: Any
    ) -> str:
        """A token; claims replace what it would say, None leaves one out."""
        key, algorithm = self.private[kid]
        return jwt.encode(
            self.claims(subject, scope, **claims), key, algorithm, headers={"kid": kid, "typ": "at+jwt"}
        )

    def authorize(self, query: str) -> str:
        """Where a browser is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "subject": self.signs_in}
        back = {"code": code, "state": asked["state"], "iss": self.url}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def redeem(self, form: dict[str, str], basic: str) -> dict[str, Any] | None:
        """The answer of the token endpoint; None where it refuses."""
        client, secret = form.get("client_id"), form.get("client_secret")
        if basic:
            client, _, secret = base64.b64decode(basic).decode().partition(":")
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or client not in self.clients
            or secret != self.clients[client]
            or (asked["client_id"], asked["redirect_uri"]) != (client, form.get("redirect_uri"))
            or asked["code_challenge"] != challenge
            or asked["code_challenge_method"] != "S256"
            or form.get("grant_type") != "authorization_code"
        ):
            return None
        subject, (key, algorithm) = asked["subject"], self.private["rsa-1"]
        said = {"aud": client, "nonce": asked["nonce"], "client_id": None, **self.identity}
        identity = jwt.encode(
            self.claims(subject, None, **said), key, algorithm, headers={"kid": "rsa-1", "typ": "JWT"}
        )
        access = self.token(subject, self.scopes.get(subject, asked["scope"]), client_id=client)
        return {"token_type": "Bearer", "access_token": access, "id_token": identity, **self.grants}

    def claims(self, subject: str = "ada", scope: str | None = EVERYTHING, **claims: Any) -> dict[str, Any]:
        now = int(time.time())
        said = {
            "iss": self.url,
            "aud": "aep-flows",
            "sub": subject,
            "client_id": "an-mcp-client",
            "name": subject.title(),
            "iat": now,
            "exp": now + 600,
            "scope": scope,
            **claims,
        }
        return {name: value for name, value in said.items() if value is not None}


def _jwk(public: Any) -> dict[str, Any]:
    if isinstance(public, rsa.RSAPublicKey):
        return dict(RSAAlgorithm.to_jwk(public, as_dict=True))
    if isinstance(public, ec.EllipticCurvePublicKey):
        return dict(ECAlgorithm.to_jwk(public, as_dict=True))
    assert isinstance(public, ed25519.Ed25519PublicKey)
    return dict(OKPAlgorithm.to_jwk(public, as_dict=True))


@contextmanager
def issuing(path: str = "") -> Iterator[Issuer]:
    """An issuer that answers on a port of this machine; path: of its address."""
    issuer = Issuer()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            issuer.holds.wait(30)
            if self.path.startswith(f"{path}/authorize?"):
                self.send_response(303)
                self.send_header("Location", issuer.authorize(urlsplit(self.path).query))
                self.end_headers()
                return
            documents = {
                f"{path}/.well-known/openid-configuration": {
                    "issuer": issuer.url,
                    "jwks_uri": f"{issuer.url}/keys",
                    "authorization_endpoint": f"{issuer.url}/authorize",
                    "token_endpoint": f"{issuer.url}/token",
                    "authorization_response_iss_parameter_supported": True,
                    **issuer.metadata,
                },
                f"{path}/keys": {"keys": issuer.keys},
            }
            self.say(documents.get(self.path), 404)

        def do_POST(self) -> None:
            issuer.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            basic = self.headers.get("Authorization", "").removeprefix("Basic ")
            self.say(issuer.redeem(form, basic), 400)

        def say(self, found: dict[str, Any] | None, otherwise: int) -> None:
            body = json.dumps(found or {}).encode()
            self.send_response(issuer.status if found else otherwise)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                return  # nobody waits any more

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}{path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        issuer.holds.set()
        server.shutdown()
        server.server_close()
        thread.join()
