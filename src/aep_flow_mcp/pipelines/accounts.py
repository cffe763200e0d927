"""The account (base connection) of a pipeline: one that exists, a new one, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aep_flow_mcp.platform.models.connections import Connection
from aep_flow_mcp.platform.models.specs import NamedSpec
from aep_flow_mcp.platform.redaction.declared import declares_secret
from aep_flow_mcp.platform.redaction.names import is_secret_name

from .blueprint import Created, Part, What
from .checks.connections import check_account, check_auth, way_of
from .checks.schema import demanded
from .desk import Desk, given, named, spec_ref

_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_SECRET_NAME = re.compile(r"(?i)passw|secret|passphrase|private_?key|token|connection_?string|sas_?(key|uri)")
HOW_TO_REFER = "Put it into an environment variable of this server and pass ${AEP_SECRET_NAME}."


@dataclass(frozen=True)
class Account:
    """`id` goes into the connections' bodies (None: the connector needs no account). `part` creates a new one."""

    id: str | Created | None = None
    part: Part | None = None
    existing: Connection | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """What has to be created for it."""
        return (self.part,) if self.part else ()


def choose(desk: Desk, *, automatic: bool = False, defaults: Mapping[str, Any] | None = None) -> Account:
    """The account that the wish means.

    automatic: a connector without credentials still needs an account (destinations); it is found or made silently.
    defaults: parameters of a new account that the person need not say.
    """
    wish = desk.wish
    new = wish.auth_params is not None or wish.auth_spec is not None
    if wish.account is not None and new:
        desk.refuse(
            "auth_params", "is superfluous with an existing account: leave it out, or leave account out."
        )
    if wish.account is not None:
        return _existing(desk, automatic=automatic)
    if not desk.spec.auth_specs and not new:
        return _automatic(desk) if automatic else Account()
    if not desk.spec.auth_specs:
        return _undeclared(desk)
    if not new and desk.findings.accounts:
        _ask(desk)
        return Account()
    return _new(desk, defaults or {})


def _existing(desk: Desk, *, automatic: bool) -> Account:
    """An account by its id or name; of several with this name, that of the connector."""
    wanted, found = desk.wish.account, desk.findings.accounts_asked
    fitting = [item for item in found if item.spec_id == desk.spec.id] or list(found)
    if not found:
        offered = ", ".join(named(desk.findings.accounts[:5])) or "none; give auth_params for a new one"
        desk.refuse("account", f"there is no account {wanted}. Accounts of {desk.label}: {offered}.")
    elif len(fitting) > 1:
        desk.refuse(
            "account", f"several accounts are called {wanted}: give one id of {', '.join(named(fitting))}."
        )
    else:
        desk.take(check_account(desk.spec, fitting[0]))
        if not desk.spec.auth_specs and not automatic:
            desk.warn(f"{desk.label} declares no way to authenticate; the account is sent all the same.")
        return Account(fitting[0].id, existing=fitting[0])
    return Account()


def _automatic(desk: Desk) -> Account:
    usable = [item for item in desk.findings.accounts if item.state not in ("draft", "disabled")]
    if usable:
        return Account(usable[0].id, existing=usable[0])
    part = Part(what=What.ACCOUNT, body={"name": _name(desk), "connectionSpec": spec_ref(desk.spec)})
    return Account(part.ref, part)


def _ask(desk: Desk) -> None:
    ways = "; or ".join(_described(way) for way in desk.spec.auth_specs)
    desk.ask(
        "account",
        f"Which account of {desk.label}? Or a new one: auth_spec {ways}.",
        choices=named(desk.findings.accounts),
    )


def _described(way: NamedSpec) -> str:
    needed = demanded(way)
    fields = [
        f"{name}{' (secret)' if is_secret(name, schema) else ''}"
        for name, schema in way.properties.items()
        if name in needed
    ]
    return f"{way.name} with auth_params {', '.join(fields)}" if fields else f"{way.name}"


def _new(desk: Desk, defaults: Mapping[str, Any]) -> Account:
    way = way_of(desk.spec, desk.wish.auth_spec, desk.wish.auth_params)
    if way is None and desk.wish.auth_spec is not None:
        return _undeclared(desk)
    if way is None:
        names = tuple(item.name or "" for item in desk.spec.auth_specs)
        desk.ask("auth_spec", "How does the new account authenticate?", choices=names)
        return Account()
    params = {**defaults, **(desk.wish.auth_params or {})}
    said = {name.casefold() for name, value in params.items() if value not in (None, "")}
    for name in demanded(way, params):
        if name.casefold() not in said:
            schema = way.properties.get(name)
            params.pop(name, None)
            _ask_for(desk, name, schema if isinstance(schema, Mapping) else {})
    _refuse_secrets(desk, params, way)
    asked = {field for field in desk.missing if field.startswith("auth_params.")}
    auth = desk.take(check_auth(desk.spec, {"specName": way.name, "params": params}), but=asked)
    return _made(desk, auth)


def _undeclared(desk: Desk) -> Account:
    """A new account by a way that the spec does not name: it is sent as it was given."""
    params = dict(desk.wish.auth_params or {})
    _refuse_secrets(desk, params, NamedSpec())
    said = given(specName=desk.wish.auth_spec, params=params)
    return _made(desk, desk.take(check_auth(desk.spec, said)))


def _made(desk: Desk, auth: Mapping[str, Any]) -> Account:
    body = {"name": _name(desk), "auth": dict(auth), "connectionSpec": spec_ref(desk.spec)}
    part = Part(what=What.ACCOUNT, body=body, secret_keys=desk.spec.secret_pointers)
    return Account(part.ref, part)


def _refuse_secrets(desk: Desk, params: Mapping[str, Any], way: NamedSpec) -> None:
    for name, value in params.items():
        if is_secret(name, way.properties.get(name)) and not _is_reference(value):
            told = f"is a secret, and never goes through a conversation. {HOW_TO_REFER}"
            desk.refuse(f"auth_params.{name}", told)


def _ask_for(desk: Desk, name: str, schema: Mapping[str, Any]) -> None:
    field = f"auth_params.{name}"
    choices = tuple(str(item) for item in schema.get("enum") or ())
    if is_secret(name, schema):
        desk.ask(field, f"The secret {name} of the new account. {HOW_TO_REFER}", type="secret reference")
    else:
        desk.ask(
            field, f"{name} of the new account?", type=str(schema.get("type", "string")), choices=choices
        )


def is_secret(name: str, schema: object) -> bool:
    """Whether a field of auth params holds a secret, by its spec or by its name."""
    return declares_secret(schema) or (_SECRET_NAME.search(name) is not None and is_secret_name(name))


def _is_reference(value: object) -> bool:
    return isinstance(value, str) and _REFERENCE.fullmatch(value.strip()) is not None


def _name(desk: Desk) -> str:
    return f"{(desk.wish.name or '').strip()} account"
