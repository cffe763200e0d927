"""Settings as the client takes them: credentials from wherever they are said, and how requests leave this machine."""

from __future__ import annotations

import os
from collections import ChainMap
from typing import TYPE_CHECKING

from aep_flow_mcp.environment import unfilled_sentence
from aep_flow_mcp.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aep_flow_mcp.platform.config import Credentials, Network, PlatformConfig


def platform_config(settings: Settings) -> PlatformConfig:
    """Settings as the client takes them.

    Credentials that are missing, or cannot be read, do not stop the start: the first call that needs them says so.
    """
    from aep_flow_mcp.credentials.sources import SourceError
    from aep_flow_mcp.platform.config import Network, PlatformConfig

    try:
        (credentials, problem), network = _credentials(settings), _network(settings)
    except SourceError as error:
        (credentials, problem), network = (None, str(error)), Network()
    return PlatformConfig(
        platform_url=settings.platform_url,
        ims_url=settings.ims_url,
        credentials=credentials,
        credentials_problem=problem,
        sandbox=settings.all_sandboxes[0] if settings.all_sandboxes else None,
        sandboxes=settings.all_sandboxes,
        network=network,
    )


def way_to_others(settings: Settings) -> Network:
    """How requests to others than Adobe leave this machine: they are not shown the client certificate."""
    from aep_flow_mcp.platform.config import Network

    return Network(ca_bundle=settings.ca_bundle, environ=_environ(settings))


def _environ(settings: Settings) -> Mapping[str, str] | None:
    more = settings.network_variables
    return ChainMap(dict(more), os.environ) if more else None


def _network(settings: Settings) -> Network:
    from pydantic import SecretStr

    from aep_flow_mcp.credentials.sources import credential
    from aep_flow_mcp.platform.config import Network

    password = credential(settings, "client_key_password")
    return Network(
        ca_bundle=settings.ca_bundle,
        client_cert=settings.client_cert,
        client_key=settings.client_key,
        client_key_password=SecretStr(password) if password else None,
        environ=_environ(settings),
    )


def _credentials(settings: Settings) -> tuple[Credentials | None, str | None]:
    """The credentials, or why there are none. Single variables win over the file of all of them.

    Raises:
        SourceError: one of them cannot be had.
    """
    from pydantic import SecretStr

    from aep_flow_mcp.credentials.sources import credential
    from aep_flow_mcp.platform.config import DEFAULT_SCOPES, Credentials
    from aep_flow_mcp.platform.credentials import CredentialsError, read_credentials_file

    unfilled = _unfilled(settings)
    if unfilled:
        return None, unfilled
    from_file: Credentials | None = None
    if settings.config_file is not None:
        try:
            from_file = read_credentials_file(settings.config_file)
        except CredentialsError as error:
            return None, str(error)
    client_id = credential(settings, "client_id") or (from_file.client_id if from_file else None)
    org_id = credential(settings, "org_id") or (from_file.org_id if from_file else None)
    own, token = credential(settings, "client_secret"), credential(settings, "access_token")
    secret = SecretStr(own) if own else (from_file.client_secret if from_file else None)
    given = {
        "AEP_CLIENT_ID": client_id,
        "AEP_ORG_ID": org_id,
        "AEP_CLIENT_SECRET (or AEP_ACCESS_TOKEN)": secret or token,
    }
    missing = [name for name, value in given.items() if not value]
    if client_id is None or org_id is None or missing:
        if len(missing) == len(given):
            return None, None
        return None, f"The credentials are incomplete: set {', '.join(missing)}."
    scopes = settings.scopes or (from_file.scopes if from_file else DEFAULT_SCOPES)
    return Credentials(
        client_id=client_id,
        org_id=org_id,
        client_secret=secret,
        scopes=scopes,
        access_token=SecretStr(token) if token else None,
    ), None


def _unfilled(settings: Settings) -> str | None:
    """Which of the variables for credentials still read as placeholders: a host had nothing to put there."""
    given = {
        "AEP_CLIENT_ID": settings.client_id,
        "AEP_CLIENT_SECRET": settings.client_secret.get_secret_value() if settings.client_secret else None,
        "AEP_ORG_ID": settings.org_id,
        "AEP_ACCESS_TOKEN": settings.access_token.get_secret_value() if settings.access_token else None,
        "AEP_SCOPES": " ".join(settings.scopes),
        "AEP_CONFIG_FILE": str(settings.config_file or ""),
    }
    found = [unfilled_sentence(name, value) for name, value in given.items() if value]
    return " ".join(sentence for sentence in found if sentence) or None
