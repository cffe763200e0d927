"""The environment, read once into one frozen object.

Every variable starts with `AEP_`. A wrong value stops the start with one sentence that names the
variable and the fix (`SettingsError`).
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class SettingsError(ValueError):
    """A setting is wrong; the message names the variable and what it takes."""


class ApprovalMode(StrEnum):
    """Who may approve a write, and how they are asked (docs/safety.md)."""

    ASK = "ask"
    HUMAN = "human"
    BROWSER = "browser"
    TWO_STEP = "two-step"
    NONE = "none"


def _split(value: Any) -> Any:
    """`a, b c` -> `("a", "b", "c")`; what is not text is left to the validation."""
    if isinstance(value, str):
        return tuple(part for part in value.replace(",", " ").split() if part)
    return value


def _blank_is_unset(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
OptionalText = Annotated[str | None, BeforeValidator(_blank_is_unset)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)]
OptionalPath = Annotated[Path | None, BeforeValidator(_blank_is_unset)]


class Settings(BaseSettings):
    """What the process was told. Field names are the variables' names in lower case, without `AEP_`."""

    model_config = SettingsConfigDict(
        env_prefix="AEP_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    client_id: OptionalText = None
    client_secret: OptionalSecret = None
    org_id: OptionalText = None
    scopes: Words = ()
    config_file: OptionalPath = None
    access_token: OptionalSecret = None
    sandbox: OptionalText = None
    sandboxes: Words = ()
    platform_url: str = "https://platform.adobe.io"
    ims_url: str = "https://ims-na1.adobelogin.com"

    mcp_read_only: bool = False
    mcp_toolsets: Words = ()
    mcp_tools: Words = ()
    mcp_exclude_tools: Words = ()
    mcp_approval: ApprovalMode = ApprovalMode.ASK
    mcp_allow_production_writes: bool = False
    mcp_audit_log: OptionalPath = None
    mcp_reveal_secrets: bool = False
    mcp_secrets_prefix: Annotated[str, Field(min_length=1)] = "AEP_SECRET_"
    mcp_prompts_dir: OptionalPath = None
    mcp_log_level: str = "WARNING"

    @property
    def all_sandboxes(self) -> tuple[str, ...]:
        """The sandboxes that tools may name, the configured one first, without repeats."""
        return tuple(dict.fromkeys((*((self.sandbox,) if self.sandbox else ()), *self.sandboxes)))


_TAKES = {
    "mcp_approval": "one of ask, human, browser, two-step, none",
    "mcp_read_only": "true or false",
    "mcp_allow_production_writes": "true or false",
    "mcp_reveal_secrets": "true or false",
    "mcp_secrets_prefix": "the start of a variable's name, such as AEP_SECRET_",
}
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def read_settings(**overrides: Any) -> Settings:
    """Read the environment and `.env`; keyword arguments win over both.

    Raises:
        SettingsError: a value is not what the variable takes.
    """
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(
            " ".join(_sentence(item["loc"], item["msg"]) for item in error.errors())
        ) from None
    for name in ("platform_url", "ims_url"):
        _check_url(name, getattr(settings, name))
    if settings.mcp_log_level.upper() not in _LEVELS:
        raise SettingsError(f"AEP_MCP_LOG_LEVEL takes one of {', '.join(_LEVELS)}.")
    return settings


def _sentence(loc: tuple[int | str, ...], message: str) -> str:
    """Name the variable and what it takes, never the value: it may be a secret."""
    field = str(loc[0]) if loc else "settings"
    takes = _TAKES.get(field)
    if takes is None:
        return f"AEP_{field.upper()} is not valid: {message}."
    return f"AEP_{field.upper()} takes {takes}."


def _check_url(name: str, value: str) -> None:
    """The token travels to this host, so plain http is taken for this machine only."""
    from urllib.parse import urlsplit

    parts = urlsplit(value)
    variable = f"AEP_{name.upper()}"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{variable} takes a URL such as https://platform.adobe.io.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError(f"{variable} takes a plain URL without user, query or fragment.")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise SettingsError(
            f"{variable} takes https; plain http is accepted for this machine (127.0.0.1) only."
        )
