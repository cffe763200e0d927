"""Keys for encrypted files: pairs made by the Platform, and public keys of customers that sign their files."""

from __future__ import annotations

from datetime import timedelta

from ..http.errors import not_found, provider
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject
from ..state.backend import Backend, Handler

_ALGORITHMS = frozenset({"PGP", "GPG"})
_DAYS = 180
_KEYS = "/data/foundation/connectors/encryption/keys"
_CUSTOMER_KEYS = "/data/foundation/connectors/encryption/customer-keys"
_OWN, _CUSTOMER = "EncryptionKey", "CustomerKey"


def create(backend: Backend, call: Call) -> Answer:
    """A key pair for encrypted files, of which only the public half is told."""
    body = _checked(call.json_object())
    if not (body.get("params") or {}).get("passPhrase"):
        raise provider(1205, "The passPhrase is missing")
    expiry = backend.clock.now() + timedelta(days=_DAYS)
    key = _kept(backend, call, body, public_key=backend.mint.hex(128), kind=_OWN)
    key["expiryTime"] = str(int(expiry.timestamp()))
    return Answer(200, {name: key[name] for name in ("publicKey", "publicKeyId", "expiryTime")})


def create_for_customer(backend: Backend, call: Call) -> Answer:
    """A public key that checks signatures; it was made elsewhere."""
    body = _checked(call.json_object())
    if not body.get("publicKey"):
        raise provider(1309, "publicKey is missing")
    key = _kept(backend, call, body, public_key=body["publicKey"], kind=_CUSTOMER)
    return Answer(200, {"publicKeyId": key["publicKeyId"]})


def _checked(body: JsonObject) -> JsonObject:
    if body.get("encryptionAlgorithm") not in _ALGORITHMS:
        raise provider(1204, "The encryption algorithm has to be PGP or GPG")
    return body


def _kept(backend: Backend, call: Call, body: JsonObject, *, public_key: str, kind: str) -> JsonObject:
    key: JsonObject = {
        "encryptionAlgorithm": body["encryptionAlgorithm"],
        "name": body.get("name", ""),
        "publicKeyId": backend.mint.uuid(),
        "publicKey": public_key,
        "keyType": kind,
    }
    backend.sandbox(call).encryption_keys[key["publicKeyId"]] = key
    return key


def _listed(kind: str) -> Handler:
    def handle(backend: Backend, call: Call) -> Answer:
        keys = backend.sandbox(call).encryption_keys.values()
        return Answer(200, [key for key in keys if key["keyType"] == kind])

    return handle


def read(backend: Backend, call: Call) -> Answer:
    return Answer(200, _existing(backend, call))


def validate(backend: Backend, call: Call) -> Answer:
    key = _existing(backend, call)
    expired = int(key.get("expiryTime", 2**40)) <= backend.clock.now().timestamp()
    return Answer(200, {"publicKeyId": key["publicKeyId"], "status": "Expired" if expired else "Active"})


def delete(backend: Backend, call: Call) -> Answer:
    del backend.sandbox(call).encryption_keys[_existing(backend, call)["publicKeyId"]]
    return Answer(204)


def _existing(backend: Backend, call: Call) -> JsonObject:
    key = backend.sandbox(call).encryption_keys.get(call.args["id"])
    if key is None:
        raise not_found("keys", call.args["id"])
    return key


ROUTES = (
    Route("GET", _KEYS, _listed(_OWN)),
    Route("POST", _KEYS, create),
    Route("GET", f"{_KEYS}/validate/{{id}}", validate),
    Route("GET", f"{_KEYS}/{{id}}", read),
    Route("DELETE", f"{_KEYS}/{{id}}", delete),
    Route("GET", _CUSTOMER_KEYS, _listed(_CUSTOMER)),
    Route("POST", _CUSTOMER_KEYS, create_for_customer),
)
