"""The checks that every Platform request passes before a service sees it."""

from __future__ import annotations

from dataclasses import replace

from ..http.errors import gateway, problem
from ..http.messages import Call
from ..state.backend import Backend

_BY_ID = "/data/infrastructure/observability/"
"""The one service whose document asks for the sandbox's id beside its name."""


def check(backend: Backend, call: Call, access: str) -> Call:
    """The call with its sandbox filled in. Raises the gateway's and the sandbox service's errors."""
    if access == "open":
        return call
    _check_identity(backend, call)
    return call if access == "org" else replace(call, sandbox=_sandbox(backend, call))


def _check_identity(backend: Backend, call: Call) -> None:
    as_number = backend.variants.gateway_code == "number"
    options = backend.options
    authorization = call.headers.get("authorization", "")
    if not authorization:
        raise gateway("403010", as_number=as_number)
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "bearer" or not backend.tokens.accepts(value.strip(), backend.clock.now_ms()):
        raise gateway("401013", as_number=as_number)
    key = call.headers.get("x-api-key", "")
    if not key:
        raise gateway("403000", as_number=as_number)
    if options.client_id not in (None, key):
        raise gateway("403003", as_number=as_number)
    organisation = call.headers.get("x-gw-ims-org-id", "")
    if not organisation:
        raise gateway("400003", as_number=as_number)
    if options.org_id not in (None, organisation):
        raise gateway("403025", as_number=as_number)


def _sandbox(backend: Backend, call: Call) -> str:
    name = call.headers.get("x-sandbox-name")
    if call.headers.get("x-sandbox-id") and not call.path.startswith(_BY_ID):
        raise problem(2110, "The x-sandbox-id header is not allowed with a user token")
    sandboxes = backend.store.sandboxes
    if not name:
        if backend.options.strict_sandbox_header or backend.variants.sandbox_header == "required":
            raise problem(2105, "The x-sandbox-name header is missing")
        name = next((key for key, one in sandboxes.items() if one.about.get("isDefault")), "prod")
    if name == "*":
        raise problem(2111, "A query across sandboxes is not allowed for this client")
    if name not in sandboxes:
        raise problem(2100, f"There is no sandbox with the name '{name}'")
    return name
