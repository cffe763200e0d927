"""Credentials of the Data Landing Zone: masked, or in clear after approval where AEP_MCP_REVEAL_SECRETS allows it."""

from typing import Any

from aep_flow_mcp.answers.present import present
from aep_flow_mcp.answers.text import Record
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.platform.neighbours import LandingZoneType
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.registry import reveal_tool, write_tool

CREDENTIALS = "/data/foundation/connectors/landingzone/credentials"
MASKED = "Secrets are masked. With AEP_MCP_REVEAL_SECRETS on the server they are shown after a person agreed."
_EXPIRY = ("expiryDate", "expiryTime")


async def reveal_landing_zone_credential(aep: Reader, dlz_type: LandingZoneType = "user_drop_zone") -> Change:
    del aep
    return _reveal("credentials", dlz_type)


async def reveal_landing_zone_sas_uri(aep: Reader, dlz_type: LandingZoneType = "user_drop_zone") -> Change:
    del aep
    return _reveal("SAS URI", dlz_type, "SASUri")


async def reveal_landing_zone_sas_token(aep: Reader, dlz_type: LandingZoneType = "user_drop_zone") -> Change:
    del aep
    return _reveal("SAS token", dlz_type, "SASToken")


def _reveal(what: str, dlz_type: LandingZoneType, *names: str) -> Change:
    keeps = (*names, *_EXPIRY) if names else ()
    label = f"show the landing zone's {what} in clear"
    return Change.reveal(CREDENTIALS, label=label, params={"type": dlz_type}, keeps=keeps)


@reveal_tool("landing_zone", plan=reveal_landing_zone_credential)
async def get_landing_zone_credential(aep: Reader, dlz_type: LandingZoneType = "user_drop_zone") -> Record:
    """Credentials of the landing zone and when they expire; secrets masked unless the server may reveal them."""
    return Record(item=present(await aep.neighbours.landing_zone_credential(dlz_type)), note=MASKED)


@reveal_tool("landing_zone", plan=reveal_landing_zone_sas_uri)
async def get_landing_zone_sas_uri(aep: Reader, dlz_type: LandingZoneType = "user_drop_zone") -> Record:
    """The landing zone's SAS URI (Azure); masked unless the server may reveal it."""
    return await _one(aep, dlz_type, "SASUri")


@reveal_tool("landing_zone", plan=reveal_landing_zone_sas_token)
async def get_landing_zone_sas_token(aep: Reader, dlz_type: LandingZoneType = "user_drop_zone") -> Record:
    """The landing zone's SAS token (Azure); masked unless the server may reveal it."""
    return await _one(aep, dlz_type, "SASToken")


@write_tool("landing_zone", destructive=True)
async def refresh_landing_zone_credential(
    aep: Reader, dlz_type: LandingZoneType = "user_drop_zone"
) -> Change:
    """Replace the landing zone's credentials; the old ones stop working at once."""
    del aep
    return Change.request(
        "POST",
        CREDENTIALS,
        label="replace the landing zone's credentials",
        params={"type": dlz_type, "action": "refresh"},
        shown_by={"type": dlz_type},
        warnings=["Whoever uploads with the present credentials is locked out until given the new ones."],
    )


async def _one(aep: Any, dlz_type: LandingZoneType, name: str) -> Record:
    shown = present(await aep.neighbours.landing_zone_credential(dlz_type))
    kept = {key: value for key, value in shown.items() if key in (name, *_EXPIRY)}
    if name not in kept:
        return Record(item=kept, note=f"This landing zone has no {name}: it is not on Azure.")
    return Record(item=kept, note=MASKED)
