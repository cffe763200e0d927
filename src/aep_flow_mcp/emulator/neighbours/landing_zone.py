"""The Data Landing Zone: where it is, and the credentials to it, on Azure or on AWS."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from urllib.parse import quote

from ..http.errors import provider
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject
from ..state.backend import Backend
from ..state.store import SandboxStore

_EXPORT_CONTAINER = "dlz-destination"
_TTL_DAYS = 7
_CREDENTIAL_DAYS = 30
_BASE = "/data/foundation/connectors/landingzone"


def place(backend: Backend, call: Call) -> Answer:
    kind, sandbox = _kind(call), backend.sandbox(call)
    if backend.variants.dlz_provider == "azure":
        return Answer(200, {"containerName": _container(kind, sandbox), "containerTTL": str(_TTL_DAYS)})
    return Answer(
        200,
        {
            "dlzProvider": "Amazon S3",
            "dlzPath": _bucket(kind, sandbox),
            "dataTTL": {"timeUnit": "days", "timeQuantity": _TTL_DAYS},
        },
    )


def credentials(backend: Backend, call: Call) -> Answer:
    return Answer(200, _credentials(backend, call))


def refresh(backend: Backend, call: Call) -> Answer:
    """New credentials; the ones before are no longer valid. On AWS that is done by asking again."""
    kind = _kind(call)
    action = call.first("action")
    if action != "refresh":
        raise provider(1705, f"The action '{action}' is not supported")
    if backend.variants.dlz_provider == "aws":
        raise provider(1703, "These credentials cannot be refreshed; ask for them again")
    generations = backend.sandbox(call).credential_generations
    generations[kind] = generations.get(kind, 0) + 1
    return Answer(200, _credentials(backend, call))


def _kind(call: Call) -> str:
    kind = call.first("type")
    if kind not in {"user_drop_zone", "dlz_destination"}:
        raise provider(1710, f"The landing zone type '{kind}' is not supported")
    return kind


def _container(kind: str, sandbox: SandboxStore) -> str:
    return sandbox.landing_container if kind == "user_drop_zone" else _EXPORT_CONTAINER


def _bucket(kind: str, sandbox: SandboxStore) -> JsonObject:
    return {
        "bucketName": f"dlz-{_digest(sandbox.name, 'bucket')[:12]}",
        "dlzFolder": _container(kind, sandbox),
    }


def _credentials(backend: Backend, call: Call) -> JsonObject:
    kind, sandbox = _kind(call), backend.sandbox(call)
    generation = sandbox.credential_generations.get(kind, 0)
    secret = _digest(backend.options.seed, sandbox.name, kind, generation)
    expiry = _expiry(backend.clock.now())
    if backend.variants.dlz_provider == "azure":
        return _azure(_container(kind, sandbox), secret, expiry)
    return {
        "credentials": {
            "awsAccessKeyId": f"ASIA{secret[:16].upper()}",
            "awsSecretAccessKey": secret[:40],
            "awsSessionToken": secret + _digest(secret),
        },
        "dlzPath": _bucket(kind, sandbox),
        "dlzProvider": "Amazon S3",
        "expiryTime": int(expiry.timestamp()),
    }


def _expiry(now: datetime) -> datetime:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=_CREDENTIAL_DAYS)


def _azure(container: str, secret: str, expiry: datetime) -> JsonObject:
    signature = quote(f"{secret[:43]}=", safe="")
    token = (
        f"sv=2023-11-03&si={container}&sr=c&sp=racwdlm&se={expiry:%Y-%m-%dT00%%3A00%%3A00Z}&sig={signature}"
    )
    account = f"dlz{_digest(container, 'account')[:12]}"
    return {
        "containerName": container,
        "SASToken": token,
        "storageAccountName": account,
        "SASUri": f"https://{account}.blob.core.windows.net/{container}?{token}",
        "expiryDate": f"{expiry:%Y-%m-%d}",
    }


def _digest(*parts: object) -> str:
    return hashlib.sha256("/".join(str(part) for part in parts).encode()).hexdigest()


ROUTES = (
    Route("GET", _BASE, place),
    Route("GET", f"{_BASE}/credentials", credentials),
    Route("POST", f"{_BASE}/credentials", refresh),
)
