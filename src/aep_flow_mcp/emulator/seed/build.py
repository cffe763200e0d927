"""Builds the organisation: its sandboxes when they are first looked into, the specs that they share."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from ..catalogue.reading import load_catalogue
from ..json_types import JsonObject
from ..state.content import Sandboxes, Scale, Seed
from .ids import Ids
from .objects.builder import build_sandbox
from .objects.pipeline import Place
from .organisation.plan import SandboxPlan
from .organisation.sandboxes import dev, prod, stage
from .organisation.scaled import with_scale


def build_seed(*, seed: int, now: datetime, scale: Scale | None = None) -> Seed:
    """The organisation as it is at `now` (which must know its time zone).

    Sandboxes are `prod` (production, the default of the organisation), `dev` (some 40 flows with 30 days
    of runs) and `stage` (nearly empty). With a scale, `dev` gets generated flows and runs in addition.
    Raises ValueError when `now` has no time zone.
    """
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    now_ms = int(now.timestamp() * 1000)
    ids = Ids(seed)
    catalogue = load_catalogue()
    plans = (prod(), dev() if scale is None else with_scale(dev(), scale), stage())
    sandboxes, build = [], {}
    broken: dict[str, str] = {}
    for plan in plans:
        place = Place(ids, ids.uuid(f"sandbox:{plan.name}"), plan.name, now_ms, catalogue)
        sandboxes.append(sandbox_row(place, plan))
        build[plan.name] = partial(build_sandbox, place, plan)
        broken |= _broken(place, plan)
    return Seed(sandboxes, catalogue.connection_specs(), catalogue.flow_specs(), Sandboxes(build), broken)


def _broken(place: Place, plan: SandboxPlan) -> dict[str, str]:
    """Why some accounts cannot be reached, by base connection id."""
    return {
        place.uuid("connection", account.key): account.broken
        for account in plan.accounts
        if account.broken is not None
    }


def sandbox_row(place: Place, plan: SandboxPlan) -> JsonObject:
    """The sandbox as the Sandbox API lists it."""
    return {
        "id": place.sandbox_id,
        "name": plan.name,
        "title": plan.title,
        "state": "active",
        "type": plan.type,
        "region": "NLD2",
        "isDefault": plan.is_default,
        "eTag": 2,
        "createdDate": "2023-03-01 09:12:44",
        "lastModifiedDate": "2024-05-17 14:03:10",
        "createdBy": "system@AdobeID",
        "modifiedBy": "system@AdobeID",
    }
