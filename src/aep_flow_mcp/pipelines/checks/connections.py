"""Accounts, source and target connections against their connection spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aep_flow_mcp.platform.models.connections import Connection
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec, NamedSpec

from ..wellknown import PROFILE_STORE
from .outcome import Checked, refused
from .schema import check_schema, demanded

Json = Mapping[str, Any]
ENCRYPTION = "encryptionSpecs"


def check_auth(spec: ConnectionSpec, auth: Any) -> Checked:
    """A base connection's `auth` against the ways to authenticate that its spec offers."""
    offered = [item for item in spec.auth_specs if item.name]
    if not auth:
        return _no_auth(spec, auth, offered)
    if not isinstance(auth, Mapping):
        return refused(auth, "auth", "must be an object with specName and params.")
    if not offered:
        return Checked(
            dict(auth), (), (f"auth is sent as it is: {spec.name} declares no way to authenticate.",)
        )
    way = way_of(spec, auth.get("specName"), auth.get("params"))
    if way is None:
        # Pages print a spec with one way and send another one; the list is none of what is refused. The service has the
        # last word: 1415-400, help/sources/errors/flow-service-errors.md.
        names = ", ".join(item.name or "" for item in offered)
        if not auth.get("specName"):
            return refused(dict(auth), "auth.specName", f"takes one of: {names}.")
        told = f"auth.specName is none of those that {spec.name} names ({names}); the service may refuse it (1415)."
        return Checked(dict(auth), (), (told,))
    params = check_schema(
        _with_encryption(spec, way.spec), auth.get("params") or {}, "auth.params", whose=f"{way.name}"
    )
    sent = {**auth, "specName": way.name, "params": params.value}
    return Checked(sent, params.problems, params.notes)


def way_of(spec: ConnectionSpec, name: Any, params: Any = None) -> NamedSpec | None:
    """The way of that name, however it is written (pages say `oAuth2RefreshCode` for `OAuth2 Refresh Code`). The
    only one need not be named, nor the only one that the params are enough for."""
    offered = spec.auth_specs
    if name is None or name == "":
        found = offered if len(offered) == 1 else _told_by(offered, params)
        return found[0] if len(found) == 1 else None
    exact = [way for way in offered if way.name == name]
    alike = [way for way in offered if _plain(name) in (_plain(way.name), _plain(way.type))]
    found = exact or alike
    return found[0] if exact or len(found) == 1 else None


def _told_by(offered: Sequence[NamedSpec], params: Any) -> Sequence[NamedSpec]:
    """The ways that these params are for: the one that alone has them all, else those that need no others."""
    said = set(params) if isinstance(params, Mapping) else set()
    if not said:
        return ()
    fitting = [way for way in offered if said <= set(way.properties)]
    if len(fitting) == 1:
        return fitting
    return [way for way in fitting or offered if set(demanded(way, params)) <= said]


def check_account(spec: ConnectionSpec, account: Connection) -> Checked:
    """An account that a source or target connection names. Nothing declares which ones go together."""
    notes = []
    if account.spec_id and account.spec_id != spec.id:
        whose = f"the connection spec {account.spec_id}"
        notes.append(
            f"The account {account.name or account.id} is one of {whose}, not of {spec.name} ({spec.id})."
        )
    if account.state in ("draft", "disabled"):
        notes.append(f"The account {account.name or account.id} is {account.state}.")
    return Checked(account.id, (), tuple(notes))


def check_source(
    spec: ConnectionSpec, *, params: Json | None, has_base: bool, flow_spec: FlowSpec | None = None
) -> Checked:
    """A source connection's `params`, and whether it has an account."""
    notes = []
    if not spec.is_source and spec.source_spec is None and spec.id != PROFILE_STORE:
        notes.append(f"Nothing says that {spec.name} is a source.")
    if spec.auth_specs and not has_base:
        notes.append(f"No account (baseConnectionId) is given, though {spec.name} has ways to authenticate.")
    if has_base and not spec.auth_specs and spec.id != PROFILE_STORE:
        notes.append(f"{spec.name} declares no way to authenticate; its account is sent all the same.")
    return check_params(spec.source_spec, params, flow_spec=flow_spec, whose=spec.name).and_notes(*notes)


def check_target(spec: ConnectionSpec, *, params: Json | None, flow_spec: FlowSpec | None = None) -> Checked:
    """A target connection's `params`."""
    notes = []
    if not spec.is_destination and spec.target_spec is None:
        notes.append(f"Nothing says that {spec.name} is a target.")
    return check_params(spec.target_spec, params, flow_spec=flow_spec, whose=spec.name).and_notes(*notes)


def check_params(
    part: NamedSpec | None, params: Json | None, *, flow_spec: FlowSpec | None, whose: str | None
) -> Checked:
    """`params` against the source or target part of a spec."""
    if part is None or not part.spec:
        told = (f"params are sent as they are: {whose or 'the spec'} declares none.",) if params else ()
        return Checked(dict(params) if params is not None else None, (), told)
    checked = check_schema(
        part.spec, dict(params or {}), "params", flow_spec=flow_spec, whose=whose or "the spec"
    )
    return replace(checked, value=checked.value if params is not None else None)


def _no_auth(spec: ConnectionSpec, auth: Any, offered: list[NamedSpec]) -> Checked:
    """Older pages send `"auth": {}`; a spec that offers ways does not declare that one is needed when it says so."""
    if auth is not None or not offered or _needs_none(spec):
        return Checked(auth)
    ways = "; ".join(f"{way.name} ({', '.join(demanded(way)) or 'no required field'})" for way in offered)
    return refused(auth, "auth", f"is required. {spec.name} authenticates by: {ways}.")


def _needs_none(spec: ConnectionSpec) -> bool:
    places = (spec.attributes, spec.source_spec.attributes if spec.source_spec else {})
    return any(place.get("authRequired") is False for place in places)


def _with_encryption(spec: ConnectionSpec, schema: Json) -> Json:
    """Ways to encrypt belong to `auth.params.encryptionSpecs`
    (help/destinations/api/activate-segments-file-based-destinations.md)."""
    known = schema.get("properties")
    if not spec.encryption_specs or not isinstance(known, Mapping) or ENCRYPTION in known:
        return schema
    ways = [item.spec for item in spec.encryption_specs if item.spec]
    return {**schema, "properties": {**known, ENCRYPTION: {"anyOf": ways} if ways else {}}}


def _plain(text: Any) -> str:
    return "".join(character for character in str(text).casefold() if character.isalnum())
