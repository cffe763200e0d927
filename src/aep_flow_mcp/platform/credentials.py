"""Credentials from a file: what Developer Console, aepp and Postman write is read as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from aep_flow_mcp.environment import placeholder

from .config import DEFAULT_SCOPES, Credentials

_MAX_BYTES = 1_000_000
_RETIRED = (
    "holds a service account (JWT) credential, a type that Adobe has retired. "
    "Add an OAuth Server-to-Server credential to the project in Developer Console and download its JSON."
)


class CredentialsError(ValueError):
    """A credentials file cannot be used; the message names the file and the fix, never a value from it."""


def read_credentials_file(path: str | Path) -> Credentials:
    """Read a credentials file.

    Known forms, keys in any case: the JSON that Developer Console offers for an OAuth Server-to-Server
    credential, the project form (`console.json`), aepp's `config.json`, a Postman environment.

    Raises:
        CredentialsError: no such file, not JSON, a retired credential type, or something is missing.
    """
    path = Path(path).expanduser()
    document = _load(path)
    try:
        return parse_credentials(document)
    except CredentialsError as error:
        raise CredentialsError(f"{path} {error}") from None


def parse_credentials(document: object) -> Credentials:
    """Credentials from a parsed JSON document. The error's message is the second half of a sentence."""
    if not isinstance(document, dict):
        raise CredentialsError(
            "is not a JSON object; use the file that Developer Console offers for download."
        )
    fields = _fields(document)
    client_id = _first(fields, "client_id", "api_key")
    org_id = _first(fields, "org_id", "ims_org", "ims_org_id")
    secret = _first(fields, "client_secret", "secret", "client_secrets")
    token = _first(fields, "access_token")
    scopes = split_scopes(fields.get("scopes", fields.get("scope")))
    if token is None and _is_service_account(fields, scopes):
        raise CredentialsError(_RETIRED)
    unfilled = [name for name in ("client_id", "org_id", "client_secret") if _is_placeholder(fields, name)]
    if unfilled:
        raise CredentialsError(
            f"still holds a placeholder for {', '.join(unfilled)}: put the values of an OAuth Server-to-Server "
            "credential from Developer Console there."
        )
    missing = [
        name
        for name, value in (("CLIENT_ID", client_id), ("ORG_ID", org_id), ("CLIENT_SECRET", secret or token))
        if value is None
    ]
    if missing or client_id is None or org_id is None:
        raise CredentialsError(
            f"has no {' and no '.join(missing)}; download the JSON of an OAuth Server-to-Server "
            "credential from Developer Console, or add what is missing."
        )
    return Credentials(
        client_id=client_id,
        org_id=org_id,
        client_secret=SecretStr(secret) if secret else None,
        scopes=scopes or DEFAULT_SCOPES,
        # A file that can obtain tokens does: the one stored next to it is old by the time it is read.
        access_token=SecretStr(token) if token and not secret else None,
    )


def split_scopes(value: object) -> tuple[str, ...]:
    """Scopes from a list or from a string with commas, spaces or both; in order, each once."""
    parts = value if isinstance(value, list | tuple) else [value]
    words = [word for part in parts if isinstance(part, str) for word in re.split(r"[\s,]+", part) if word]
    return tuple(dict.fromkeys(words))


def _load(path: Path) -> object:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise CredentialsError(
            f"{path} does not exist; set AEP_CONFIG_FILE to the downloaded JSON file."
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CredentialsError(
            f"{path} cannot be read ({reason}); check the path and its permissions."
        ) from None
    if len(raw) > _MAX_BYTES:
        raise CredentialsError(f"{path} is too large for a credentials file; check AEP_CONFIG_FILE.")
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise CredentialsError(f"{path} is not JSON; download it again from Developer Console.") from None


def _fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document's own keys in lower case with underscores, wherever the form keeps them."""
    fields = _lowered(document)
    if isinstance(fields.get("project"), dict):
        return _project_fields(fields["project"])
    if isinstance(fields.get("values"), list):
        return _postman_fields(fields["values"])
    return fields


def _lowered(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key).strip().casefold().replace("-", "_"): value for key, value in mapping.items()}


def _project_fields(project: Mapping[str, Any]) -> dict[str, Any]:
    project = _lowered(project)
    org = project.get("org")
    workspace = project.get("workspace")
    details = _lowered(workspace).get("details") if isinstance(workspace, dict) else None
    listed = _lowered(details).get("credentials") if isinstance(details, dict) else None
    found: dict[str, Any] = {}
    for credential in listed if isinstance(listed, list) else []:
        if not isinstance(credential, dict):
            continue
        lowered = _lowered(credential)
        oauth = lowered.get("oauth_server_to_server")
        if isinstance(oauth, dict):
            found = _lowered(oauth)
            break
        if lowered.get("integration_type") == "service" or isinstance(lowered.get("jwt"), dict):
            found = {"private_key": "of the retired kind"}
    if isinstance(org, dict):
        found = {**found, "org_id": _lowered(org).get("ims_org_id")}
    return found


def _postman_fields(values: list[Any]) -> dict[str, Any]:
    enabled = [item for item in values if isinstance(item, dict) and item.get("enabled") is not False]
    return _lowered({item["key"]: item.get("value") for item in enabled if isinstance(item.get("key"), str)})


def _is_service_account(fields: Mapping[str, Any], scopes: tuple[str, ...]) -> bool:
    """JWT files carry a key or its expiry, and never OAuth scopes."""
    keys = ("public_keys_with_expiry", "private_key", "path_to_key", "pathtokey")
    return not scopes and any(fields.get(key) for key in keys)


def _is_placeholder(fields: Mapping[str, Any], name: str) -> bool:
    """As in the templates that tools write: `"org_id": "<orgID>"`."""
    value = _first(fields, name)
    return value is not None and placeholder(value) is not None


def _first(fields: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = fields.get(name)
        candidates = value if isinstance(value, list) else [value]
        for candidate in candidates:
            if isinstance(candidate, str) and candidate.strip():
                return candidate.strip()
    return None
