"""What the audit log takes down: who made, changed, switched or removed an account, a flow or a dataset."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..http.messages import Answer, Call
from ..json_types import JsonObject
from ..state.backend import Backend
from ..state.mint import author
from ..state.store import SandboxStore

_WRITES = re.compile(
    r"/data/foundation/(?:flowservice/(?P<kind>connections|flows)|catalog/(?P<data>dataSets))"
    r"(?:/(?P<id>[^/]+)(?P<action>/action)?)?"
)
_SOURCE, _DESTINATION, _DATASET = (
    ("EnterpriseSource", "Source Account", "Source Data Flow"),
    ("Activation", "Destination Account", "Destination"),
    ("Dataset", "Dataset", "Dataset"),
)

_MOST_NOTED = 10_000
"""An emulator that runs for long must not grow; no more than the last thousand are ever shown."""


@dataclass(frozen=True)
class Asset:
    """What an event is about. `words`: permission resource, type of an account, type of a flow."""

    kind: str
    id: str
    name: str
    words: tuple[str, str, str]
    organisation: str = ""

    @property
    def type(self) -> str:
        return self.words[2 if self.kind == "flows" else 1]


def asset_of(backend: Backend, kind: str, id: str, row: JsonObject) -> Asset:
    """An object as the log names it: flows and accounts of destinations have types of their own."""
    if kind == "dataSets":
        return Asset(kind, id, str(row.get("name", "")), _DATASET, str(row.get("imsOrg", "")))
    if kind == "flows":
        properties = (row.get("inheritedAttributes") or {}).get("properties") or {}
        outward = properties.get("isDestinationFlow") is True
    else:
        spec = backend.specs("connectionSpecs").get((row.get("connectionSpec") or {}).get("id", "")) or {}
        outward = bool((spec.get("attributes") or {}).get("isDestination"))
    words = _DESTINATION if outward else _SOURCE
    return Asset(kind, id, str(row.get("name", "")), words, str(row.get("imsOrgId", "")))


# --- of the seed ------------------------------------------------------------------------------------------


def seeded(backend: Backend, sandbox: SandboxStore, *, since_ms: int) -> Iterator[JsonObject]:
    """The events that the seed's objects tell of themselves: made, last changed, switched off."""
    for kind, created, updated in (
        ("connections", "createdAt", "updatedAt"),
        ("flows", "createdAt", "updatedAt"),
        ("dataSets", "created", "updated"),
    ):
        base = sandbox[kind].base
        for id in base.ids():
            row = base.get(id) or {}
            first, last = row.get(created, 0), row.get(updated, 0)
            if last < since_ms and first < since_ms:
                continue
            asset = asset_of(backend, kind, id, row)
            yield event(sandbox, asset, "Create", first, _by(row, "created"))
            if last != first:
                action = "Disable" if row.get("state") == "disabled" else "Update"
                yield event(sandbox, asset, action, last, _by(row, "updated"))


def _by(row: JsonObject, when: str) -> str:
    return str(row.get(f"{when}By") or row.get(f"{when}User") or "")


# --- of what is written -----------------------------------------------------------------------------------


def written_to(backend: Backend, call: Call) -> Asset | None:
    """What a call that writes is about, looked up while it is still there; None where the log takes no note."""
    match = _WRITES.fullmatch(call.path) if call.method in {"POST", "PATCH", "DELETE"} else None
    if match is None or match["id"] == "search":
        return None
    kind = match["kind"] or match["data"]
    if match["id"] is None:
        return Asset(kind, "", "", _SOURCE)
    row = backend.store.sandboxes[call.sandbox][kind].get(match["id"])
    return None if row is None else asset_of(backend, kind, match["id"], row)


def note(backend: Backend, call: Call, asset: Asset | None, answer: Answer) -> None:
    """Take down a write that succeeded."""
    action = _action(call) if asset is not None and answer.status < 300 else None
    if asset is None or action is None:
        return
    sandbox = backend.store.sandboxes[call.sandbox]
    id = asset.id or _made(answer.body)
    row = sandbox[asset.kind].get(id)
    asset = asset if row is None else asset_of(backend, asset.kind, id, row)
    user = author(call.headers.get("x-api-key", ""))
    sandbox.noted.append(event(sandbox, asset, action, backend.clock.now_ms(), user, len(sandbox.noted)))
    del sandbox.noted[:-_MOST_NOTED]


def _made(body: Any) -> str:
    """The id in the answer to a create: Flow Service gives an object, Catalog a list of one link."""
    if isinstance(body, dict):
        return str(body.get("id", ""))
    return str(body[0]).rsplit("/", 1)[-1] if isinstance(body, list) and body else ""


def _action(call: Call) -> str | None:
    if call.method == "DELETE":
        return "Delete"
    if call.path.endswith("/action"):
        words = {"ENABLE": "Enable", "DISABLE": "Disable", "PUBLISH": "Update"}
        return words.get((call.first("op") or "").upper())
    if call.method == "PATCH":
        steps = call.parsed if isinstance(call.parsed, list) else [call.parsed]
        states = [one.get("value") for one in steps if isinstance(one, dict) and one.get("path") == "/state"]
        return {"disabled": "Disable", "enabled": "Enable"}.get(str(states[-1]) if states else "", "Update")
    return "Create"


# --- an event ---------------------------------------------------------------------------------------------


def event(
    sandbox: SandboxStore, asset: Asset, action: str, at_ms: int, user: str, number: int = 0
) -> JsonObject:
    """One event with the one that says that it was carried out, as Adobe's page on audit events shows both."""
    key = f"{sandbox.name}/{asset.kind}/{asset.id}/{action}/{at_ms}/{number}"
    request = hashlib.sha256(key.encode()).hexdigest()[:32]
    about = {"assetType": asset.type, "assetId": asset.id, "assetName": asset.name}
    done = {"requestId": request, "permissionResource": asset.words[0], "action": action, "failureCode": ""}
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, key)),
        **done,
        "permissionType": "WRITE",
        **about,
        "status": "Allow",
        "timestamp": _stamp(at_ms),
        "version": "1.0",
        "imsOrgId": asset.organisation,
        "region": sandbox.about.get("region", "VA7"),
        "authId": user,
        "sandboxName": sandbox.name,
        "sandboxId": sandbox.about.get("id", ""),
        "userEmail": sandbox.people.get(user) or f"{user.split('@')[0].lower()}@techacct.adobe.com",
        "userIpAddresses": ["130.*.*.*", "10.*.*.*"],
        "enhancedEvents": [
            {
                "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{key}/done")),
                **done,
                "permissionType": "Write",
                **about,
                "status": "Success",
                "timestamp": _stamp(at_ms + 565),
            }
        ],
    }


def _stamp(at_ms: int) -> str:
    """As the log writes times: 2025-06-24T16:50:28.318+0000."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}+0000"
