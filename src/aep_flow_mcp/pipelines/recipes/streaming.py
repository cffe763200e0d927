"""Events that are sent to an HTTP inlet into a dataset, as they arrive: raw with a mapping, or XDM without one.

The inlet is the account: a new one gets an address of its own, which is known once it is created.
"""

from __future__ import annotations

from typing import Any

from .. import accounts, parameters, wellknown
from ..accounts import Account
from ..blueprint import Verdict
from ..desk import Desk
from ..imports import into_lake

NAME = "streaming over HTTP"
RAW, XDM = "raw", "xdm"


def judge(desk: Desk) -> Verdict:
    """The verdict on a streaming import."""
    desk.leave_out("events are sent to an inlet, nothing is read", "path", "delta_column")
    desk.leave_out("events are sent as JSON", "format", "format_options")
    params = parameters.settle(desk, desk.spec.source_spec, dict(desk.wish.params))
    mapped = desk.wish.mapping_set is not None or bool(desk.wish.fields)
    account = accounts.choose(desk, defaults=_defaults(desk, mapped=mapped))
    kind = _kind(account)
    _check_kind(desk, account, kind, mapped=mapped)
    raw = mapped or kind == RAW
    spec = desk.flow_spec(wellknown.FLOW_STREAM_MAPPED if raw else wellknown.FLOW_STREAM_XDM)
    if spec is None:
        return desk.verdict(NAME)
    if account.part is not None:
        desk.warn("The inlet has its address once it exists; wait some five minutes before sending.")
        if account.part.body["auth"]["params"].get("authenticationRequired") is True:
            desk.warn(
                "Senders need an access token; auth_params.authenticationRequired=false lets anybody send."
            )
    return into_lake(desk, NAME, spec, account, params=params, mapping_required=True)


def _defaults(desk: Desk, *, mapped: bool) -> dict[str, Any]:
    """A new inlet takes what the rest of the wish implies, and nothing from senders without a token."""
    name = (desk.wish.name or "").strip()
    defaults: dict[str, Any] = {"authenticationRequired": True}
    if name:
        defaults |= {"sourceId": name, "name": name}
    if mapped:
        defaults["dataType"] = RAW
    return defaults


def _kind(account: Account) -> str | None:
    """What the inlet takes; None while that is not clear."""
    if account.existing is not None:
        params = account.existing.auth.params if account.existing.auth else {}
        found = params.get("dataType")
    else:
        found = (account.part.body["auth"]["params"] if account.part else {}).get("dataType")
    return found if found in (RAW, XDM) else None


def _check_kind(desk: Desk, account: Account, kind: str | None, *, mapped: bool) -> None:
    if not mapped or kind != XDM:
        return
    field = "mapping_set" if desk.wish.mapping_set is not None else "fields"
    if account.existing is not None:
        whose = account.existing.name or account.existing.id
        desk.refuse(
            field, f"must be left out: {whose} takes XDM data, which is not mapped. Or choose a raw account."
        )
    else:
        desk.refuse(
            "auth_params.dataType", f"must be {RAW} when the data is mapped: leave {field} out for {XDM}."
        )
