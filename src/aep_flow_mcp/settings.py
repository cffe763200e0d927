"""The environment, read once into one frozen object.

Every variable starts with `AEP_`. A wrong value, or a misspelt name, stops the start with one sentence that names
the variable and the fix (`SettingsError`). No file is read unless a person names it: hosts start servers inside
projects, so a file found by its place would let whoever wrote the project decide.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from aep_flow_mcp.callers import DEFAULT_SCOPES, Ability, roles_from, scopes_from
from aep_flow_mcp.environment import (
    PREFIX,
    EnvFileError,
    cleaned,
    misspelt,
    read_env_file,
    unfilled_sentence,
    url_problem,
)


class SettingsError(ValueError):
    """A setting is wrong; the message names the variable and what it takes."""


class ApprovalMode(StrEnum):
    """Who may approve a write, and how they are asked (docs/safety.md)."""

    ASK = "ask"
    HUMAN = "human"
    BROWSER = "browser"
    TWO_STEP = "two-step"
    NONE = "none"


class Approvers(StrEnum):
    """Whose yes a write takes: the caller's own, or that of another person who signed in."""

    CALLER = "caller"
    OTHERS = "others"


class Discovery(StrEnum):
    """How a model learns of the tools: all are listed, or `core` and a search."""

    LIST = "list"
    SEARCH = "search"


class Dialect(StrEnum):
    """Which JSON Schema the input schemas of tools are written in (surface/dialects.py)."""

    STANDARD = "standard"
    OPENAI_STRICT = "openai-strict"
    GEMINI = "gemini"


class AuthMode(StrEnum):
    """How callers over HTTP sign in: with tokens of an OpenID Connect issuer, or not, said in so many words."""

    OIDC = "oidc"
    NONE = "none"


def _split(value: Any) -> Any:
    """`a, b c`, or the same as a JSON list -> `("a", "b", "c")`; what is not text is left to the validation."""
    if isinstance(value, str):
        parts = (part.strip("[]\"'") for part in value.replace(",", " ").split())
        return tuple(part for part in parts if part)
    return value


def _lower(value: Any) -> Any:
    """Names that are listed here are in lower case; people write them as they like."""
    if isinstance(value, str):
        return value.lower().replace("_", "-")
    return tuple(map(str.lower, value)) if isinstance(value, tuple) else value


def _scopes(value: Any) -> Any:
    return scopes_from(value) if isinstance(value, str) else value


def _roles(value: Any) -> Any:
    return roles_from(value) if isinstance(value, str) else value


Count = Annotated[int, Field(ge=1)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
HomePath = Annotated[Path | None, AfterValidator(lambda path: path.expanduser() if path else None)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_lower), BeforeValidator(_split)]


class Settings(BaseSettings):
    """What the process was told. Field names are the variables' names in lower case, without `AEP_`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=None, env_file_encoding="utf-8-sig", extra="ignore", frozen=True
    )

    client_id: str | None = None
    client_secret: SecretStr | None = None
    org_id: str | None = None
    scopes: Words = ()
    config_file: HomePath = None
    access_token: SecretStr | None = None
    client_id_file: HomePath = None
    client_secret_file: HomePath = None
    org_id_file: HomePath = None
    access_token_file: HomePath = None
    profile: Words = ()
    profiles_file: HomePath = None
    sandbox: str | None = None
    sandboxes: Words = ()
    platform_url: str = "https://platform.adobe.io"
    ims_url: str = "https://ims-na1.adobelogin.com"

    ca_bundle: HomePath = None
    client_cert: HomePath = None
    client_key: HomePath = None
    client_key_password: SecretStr | None = None
    client_key_password_file: HomePath = None

    mcp_read_only: bool = False
    mcp_toolsets: Names = ()
    mcp_tools: Names = ()
    mcp_exclude_tools: Names = ()
    mcp_discovery: Annotated[Discovery, BeforeValidator(_lower)] = Discovery.LIST
    mcp_schemas: Annotated[Dialect, BeforeValidator(_lower)] = Dialect.STANDARD
    mcp_approval: Annotated[ApprovalMode, BeforeValidator(_lower)] = ApprovalMode.ASK
    mcp_approvers: Annotated[Approvers, BeforeValidator(_lower)] = Approvers.CALLER
    mcp_allow_production_writes: bool = False
    mcp_audit_log: HomePath = None
    mcp_reveal_secrets: bool = False
    mcp_secrets_prefix: str = "AEP_SECRET_"
    mcp_preview_rows: Annotated[Literal["off", "masked", "on"], BeforeValidator(_lower)] = "masked"
    mcp_raw_paths: Words = ()
    mcp_prompts_dir: HomePath = None
    mcp_log_level: str = "WARNING"
    mcp_auth: Annotated[AuthMode | None, BeforeValidator(_lower)] = None
    mcp_auth_issuer: str | None = None
    mcp_auth_audience: Words = ()
    mcp_auth_scopes: Annotated[Mapping[Ability, str], NoDecode, BeforeValidator(_scopes)] = DEFAULT_SCOPES
    mcp_auth_roles_claim: str | None = None
    mcp_auth_roles: Annotated[Mapping[str, frozenset[Ability]], NoDecode, BeforeValidator(_roles)] = {}
    mcp_auth_person_claim: str | None = None
    mcp_auth_client_id: str | None = None
    mcp_auth_client_secret: SecretStr | None = None
    mcp_auth_client_secret_file: HomePath = None
    mcp_auth_client_scopes: Words = ()
    mcp_public_url: str | None = None
    mcp_allowed_hosts: Words = ()
    mcp_allowed_origins: Words = ()
    mcp_max_body: Annotated[int, Field(ge=10_000)] = 4_194_304
    mcp_max_calls: Count = 256
    mcp_max_calls_per_caller: Count = 32
    mcp_max_sessions: Count = 500
    mcp_max_sessions_per_caller: Count = 20
    mcp_redis_url: SecretStr | None = None
    mcp_redis_url_file: HomePath = None
    mcp_state_keys: SecretStr | None = None
    mcp_state_keys_file: HomePath = None
    mcp_sessions: bool | None = None

    _network: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def network_variables(self) -> Mapping[str, str]:
        """The usual variables (`HTTPS_PROXY`, …) that the named file says and the environment does not."""
        return self._network

    @property
    def has_page(self) -> bool:
        """Whether people can sign in to the approval page with their browsers, over HTTP."""
        return self.mcp_auth is AuthMode.OIDC and self.mcp_auth_client_id is not None

    @property
    def keeps_sessions(self) -> bool:
        """Whether clients of 2025-11-25 and before get a session over HTTP: it lives on one replica alone."""
        replicated = self.mcp_redis_url is not None or self.mcp_redis_url_file is not None
        return not replicated if self.mcp_sessions is None else self.mcp_sessions

    @property
    def all_sandboxes(self) -> tuple[str, ...]:
        """The sandboxes that tools may name, the configured one first, without repeats."""
        return tuple(dict.fromkeys((*((self.sandbox,) if self.sandbox else ()), *self.sandboxes)))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file that a person named; the values of both cleaned."""
        del settings_cls, file_secret_settings
        for source in (env_settings, dotenv_settings):
            if isinstance(source, EnvSettingsSource):
                source.env_vars = _cleaned_values(source.env_vars)
        return init_settings, env_settings, dotenv_settings


def _cleaned_values(variables: Mapping[str, str | None]) -> dict[str, str]:
    found = {name: cleaned(text) for name, text in variables.items()}
    return {name: text for name, text in found.items() if text is not None}


KNOWN = tuple(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)
"""Every variable that is read."""

NETWORK = (
    *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
"""Variables of other tools that say how requests leave; also read in lower case."""

SOURCED = ("client_id", "client_secret", "org_id", "access_token", "client_key_password")
"""What may also be in a file of its own (`…_FILE`), or in the keyring (`keyring:NAME`)."""

SIGN_IN_SOURCED = ("mcp_auth_client_secret",)
"""Likewise, of signing in: what is wrong with it stops the start."""
SHARED = ("mcp_redis_url", "mcp_state_keys")
"""Likewise; what replicas have in common."""

_CREDENTIALS = frozenset({*SOURCED, *(f"{name}_file" for name in SOURCED), "scopes", "config_file"})
"""What is wrong with these is said by the first call that needs them: a server lists its tools without them too."""

_TAKES = {
    "mcp_approval": "one of ask, human, browser, two-step, none",
    "mcp_approvers": "caller (whoever asked approves) or others (another person who signed in has to)",
    "mcp_discovery": "one of list, search",
    "mcp_schemas": "one of standard, openai-strict, gemini",
    "mcp_read_only": "true or false",
    "mcp_allow_production_writes": "true or false",
    "mcp_reveal_secrets": "true or false",
    "mcp_sessions": "true or false",
    "mcp_preview_rows": "one of off, masked, on",
    "mcp_auth": "oidc (callers over HTTP sign in with an OpenID Connect issuer) or none (they do not)",
    "mcp_auth_scopes": "the scope of each ability that has another than flows:ability, such as "
    "read=pipelines.read,write=pipelines.write,approve=pipelines.approve, each its own",
    "mcp_auth_roles": "what each role may do, such as pipeline-admins=write,approve; analysts=read "
    "(of read, write, approve)",
    "mcp_max_body": "bytes, 10000 or more",
    **dict.fromkeys(
        (
            "mcp_max_calls",
            "mcp_max_calls_per_caller",
            "mcp_max_sessions",
            "mcp_max_sessions_per_caller",
        ),
        "a number, 1 or more",
    ),
}
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9._~\[\]:-]+")
_HOST = re.compile(r"[A-Za-z0-9._~-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")


def read_settings(*, env_file: Path | None = None, **overrides: Any) -> Settings:
    """Read the environment, then `env_file` for what the environment does not say; keyword arguments win over both.

    Raises:
        SettingsError: a value is not what its variable takes, or a name is misspelt.
    """
    given = _given(env_file)
    prefix = str(overrides.get("mcp_secrets_prefix") or given.get("AEP_MCP_SECRETS_PREFIX", ""))
    problems = misspelt(given, KNOWN, secrets_prefix=prefix)
    # A placeholder is no value at all, so nothing more is said about it.
    if unfilled := _unfilled(given):
        raise SettingsError(" ".join([*unfilled, *problems]))
    try:
        settings = Settings(**{"_env_file": env_file, **overrides})
    except ValidationError as error:
        wrong = dict.fromkeys(_sentence(item["loc"], item["msg"]) for item in error.errors())
        raise SettingsError(" ".join([*wrong, *problems])) from None
    problems += _wrong(settings)
    if problems:
        raise SettingsError(" ".join(problems))
    settings._network = _of_the_network(given)
    return settings


def _of_the_network(given: Mapping[str, str]) -> dict[str, str]:
    in_environment = {name.upper() for name, value in os.environ.items() if cleaned(value)}
    return {
        name: value
        for name, value in given.items()
        if name.upper() in NETWORK and name.upper() not in in_environment
    }


def _given(env_file: Path | None) -> dict[str, str]:
    """The variables of the environment and of the file by their names as written; cleaned, without empty ones."""
    try:
        in_file = read_env_file(env_file) if env_file is not None else {}
    except EnvFileError as error:
        raise SettingsError(str(error)) from None
    return {**_cleaned_values(in_file), **_cleaned_values(os.environ)}


def _unfilled(given: Mapping[str, str]) -> list[str]:
    later = {f"{PREFIX}{name.upper()}" for name in _CREDENTIALS}
    read = [name for name in given if name.upper() in KNOWN and name.upper() not in later]
    return [sentence for name in sorted(read) if (sentence := unfilled_sentence(name, given[name]))]


def _sentence(loc: tuple[int | str, ...], message: str) -> str:
    """Name the variable and what it takes, never the value: it may be a secret."""
    field = str(loc[0]) if loc else "settings"
    takes = _TAKES.get(field)
    if takes is None:
        return f"{PREFIX}{field.upper()} is not valid: {message}."
    return f"{PREFIX}{field.upper()} takes {takes}."


def _wrong(settings: Settings) -> list[str]:
    """What types alone do not tell."""
    found = [
        url_problem(f"{PREFIX}{name.upper()}", getattr(settings, name))
        for name in ("platform_url", "ims_url", "mcp_auth_issuer", "mcp_public_url")
        if getattr(settings, name) is not None
    ]
    if settings.mcp_log_level.upper() not in _LEVELS:
        found.append(f"AEP_MCP_LOG_LEVEL takes one of {', '.join(_LEVELS)}.")
    found.append(_prefix_problem(settings.mcp_secrets_prefix))
    if not all(path.startswith("/") and not path.startswith("//") for path in settings.mcp_raw_paths):
        found.append("AEP_MCP_RAW_PATHS takes paths below the Platform URL such as /data/core/ups.")
    if not all(map(_HOST.fullmatch, settings.mcp_allowed_hosts)):
        found.append(
            "AEP_MCP_ALLOWED_HOSTS takes host names such as flows.example.com, with or without a port."
        )
    if not all(map(_ORIGIN.fullmatch, settings.mcp_allowed_origins)):
        found.append(
            "AEP_MCP_ALLOWED_ORIGINS takes origins such as https://flows.example.com, without a path."
        )
    return [problem for problem in found if problem]


def _prefix_problem(prefix: str) -> str | None:
    """A prefix that reaches a setting would let a write send the client secret to wherever an account points."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", prefix):
        return "AEP_MCP_SECRETS_PREFIX takes the start of a variable's name, such as AEP_SECRET_."
    reached = [name for name in KNOWN if name.startswith(prefix.upper())]
    if reached:
        return f"AEP_MCP_SECRETS_PREFIX must not reach this server's own variables, such as {reached[0]}."
    return None
