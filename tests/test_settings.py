"""The environment becomes one frozen object, or one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from aep_flow_mcp.environment import Cleaned, placeholder
from aep_flow_mcp.settings import KNOWN, ApprovalMode, Settings, SettingsError, read_settings

ROOT = Path(__file__).resolve().parents[1]
SOURCED = ("client_id", "client_secret", "org_id", "access_token", "client_key_password")
CREDENTIALS = {*SOURCED, *(f"{name}_file" for name in SOURCED), "scopes", "config_file"}
"""A server lists its tools without them, so the first call says what is wrong with them."""
WORKING = {
    "config_file": "/c.json",
    "platform_url": "https://platform.example",
    "ims_url": "https://ims.example",
    "mcp_approval": "human",
    "mcp_approvers": "others",
    "mcp_auth_client_secret_file": "/client-secret",
    "mcp_audit_log": "/audit.log",
    "mcp_prompts_dir": "/prompts",
    "mcp_log_level": "INFO",
    "mcp_preview_rows": "on",
    "mcp_discovery": "search",
    "mcp_schemas": "gemini",
    "mcp_raw_paths": "/data/core/ups",
    "mcp_secrets_prefix": "MY_",
    "mcp_auth": "none",
    "mcp_auth_issuer": "https://id.example/realms/us",
    "mcp_auth_scopes": "write=pipelines.write",
    "mcp_auth_roles": "pipeline-admins=write,approve; analysts=read",
    "mcp_public_url": "https://flows.example",
    "mcp_max_body": "1000000",
    "mcp_sessions": "true",
    **dict.fromkeys(
        (
            "mcp_max_calls",
            "mcp_max_calls_per_caller",
            "mcp_max_sessions",
            "mcp_max_sessions_per_caller",
        ),
        "3",
    ),
    "mcp_allowed_origins": "https://flows.example",
    "mcp_read_only": "true",
    "mcp_allow_production_writes": "true",
    "mcp_reveal_secrets": "true",
}
"""A value that each variable takes, other than its default; the rest takes any text."""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("AEP_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_defaults_are_safe() -> None:
    settings = read_settings()
    assert settings.mcp_approval is ApprovalMode.ASK
    assert not settings.mcp_allow_production_writes
    assert not settings.mcp_reveal_secrets
    assert settings.sandbox is None
    assert settings.platform_url == "https://platform.adobe.io"


def test_a_file_is_read_when_a_person_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "AEP_SANDBOX='from-file'\nexport AEP_MCP_TOOLSETS=core,flows # and no more\n", encoding="utf-8"
    )
    assert read_settings().sandbox is None
    assert read_settings(env_file=file).sandbox == "from-file"
    monkeypatch.setenv("AEP_SANDBOX", "from-environment")
    monkeypatch.setenv("AEP_MCP_TOOLSETS", " ")
    settings = read_settings(env_file=file)
    assert settings.sandbox == "from-environment"
    assert settings.mcp_toolsets == ("core", "flows"), "what is blank is unset"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"AEP_SANDBOX=dev\nAEP_MCP_READ_ONLY true\n", "line 2"),
        (b"AEP_MCP_READONLY=true\n", "AEP_MCP_READ_ONLY is meant"),
        (b"AEP_SANDBOX=\xff\xfe\n", "not UTF-8"),
    ],
)
def test_a_file_that_says_nothing_stops_the_start(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "aep.env"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=says):
        read_settings(env_file=file)


def test_lists_take_commas_and_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_SANDBOX", "dev")
    monkeypatch.setenv("AEP_SANDBOXES", "stage, dev prod")
    monkeypatch.setenv("AEP_SCOPES", "openid,session AdobeID")
    settings = read_settings()
    assert settings.all_sandboxes == ("dev", "stage", "prod")
    assert settings.scopes == ("openid", "session", "AdobeID")


def test_blank_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AEP_CLIENT_SECRET", "AEP_ACCESS_TOKEN", "AEP_CONFIG_FILE", "AEP_SANDBOX"):
        monkeypatch.setenv(name, " ")
    settings = read_settings()
    assert settings.client_secret is None
    assert settings.access_token is None
    assert settings.config_file is None
    assert settings.all_sandboxes == ()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("AEP_MCP_APPROVAL", "yolo", "AEP_MCP_APPROVAL takes one of ask, human, browser, two-step, none"),
        ("AEP_MCP_READ_ONLY", "perhaps", "AEP_MCP_READ_ONLY takes true or false"),
        ("AEP_MCP_SECRETS_PREFIX", "A-B", "AEP_MCP_SECRETS_PREFIX takes the start of a variable's name"),
        ("AEP_PLATFORM_URL", "https://[x", "AEP_PLATFORM_URL takes a URL"),
        ("AEP_MCP_AUTH", "basic", "AEP_MCP_AUTH takes oidc"),
        ("AEP_MCP_AUTH_ISSUER", "http://id.example", "AEP_MCP_AUTH_ISSUER takes https"),
        ("AEP_MCP_AUTH_SCOPES", "read=flows:write", "AEP_MCP_AUTH_SCOPES takes the scope of each"),
        ("AEP_MCP_AUTH_SCOPES", "run=flows:run", "AEP_MCP_AUTH_SCOPES takes the scope of each"),
        ("AEP_MCP_AUTH_ROLES", "admins", "AEP_MCP_AUTH_ROLES takes what each role may do"),
        ("AEP_MCP_AUTH_ROLES", "admins=everything", "AEP_MCP_AUTH_ROLES takes what each role may do"),
        ("AEP_MCP_MAX_CALLS", "0", "AEP_MCP_MAX_CALLS takes a number"),
        ("AEP_MCP_ALLOWED_HOSTS", "*", "AEP_MCP_ALLOWED_HOSTS takes host names"),
        ("AEP_MCP_ALLOWED_ORIGINS", "https://a.example/page", "AEP_MCP_ALLOWED_ORIGINS takes origins"),
        ("AEP_PLATFORM_URL", "http://platform.example", "AEP_PLATFORM_URL takes https"),
        ("AEP_IMS_URL", "ftp://ims", "AEP_IMS_URL takes a URL"),
        ("AEP_PLATFORM_URL", "https://user:hunter2@platform.example", "without user, query or fragment"),
        ("AEP_MCP_LOG_LEVEL", "chatty", "AEP_MCP_LOG_LEVEL takes one of DEBUG"),
    ],
)
def test_a_wrong_value_names_the_variable_and_the_fix(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_plain_http_is_taken_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_PLATFORM_URL", "http://127.0.0.1:8080")
    assert read_settings().platform_url == "http://127.0.0.1:8080"


def test_frozen_and_silent_about_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_CLIENT_SECRET", "p8e-very-secret")
    monkeypatch.setenv("AEP_ACCESS_TOKEN", "eyJsecret.token.value")
    settings = read_settings()
    assert "p8e-very-secret" not in repr(settings)
    assert "eyJsecret" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.sandbox = "prod"


def plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
@pytest.mark.parametrize("around", [" {} ", "{}\n", '"{}"', "'{}'", " '\"{}\"' ", "\ufeff{}\r\n"])
def test_white_space_and_quotes_around_any_value_go(
    monkeypatch: pytest.MonkeyPatch, field: str, around: str
) -> None:
    value = WORKING.get(field, "word")
    monkeypatch.setenv(f"AEP_{field.upper()}", value)
    bare = plain(getattr(read_settings(), field))
    assert bare != Settings.model_fields[field].default
    monkeypatch.setenv(f"AEP_{field.upper()}", around.format(value))
    assert plain(getattr(read_settings(), field)) == bare


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
@pytest.mark.parametrize("nothing", ["", "  ", "\n", '""', "' '"])
def test_empty_means_unset_for_any_variable(
    monkeypatch: pytest.MonkeyPatch, field: str, nothing: str
) -> None:
    monkeypatch.setenv(f"AEP_{field.upper()}", nothing)
    assert getattr(read_settings(), field) == Settings.model_fields[field].default


@pytest.mark.parametrize(
    "text", ["${X}", "${input:x}", "a/${HOME}/b", "$NAME", "$HOME/x", "<your id>", "%APPDATA%", "{{x}}"]
)
def test_a_placeholder_is_told(text: str) -> None:
    assert placeholder(text)


@pytest.mark.parametrize("text", ["p8e-$x", "a$b", "100%", "<b", "a<b>c", "{x}", "dev"])
def test_a_value_is_no_placeholder(text: str) -> None:
    assert placeholder(text) is None


@pytest.mark.parametrize("field", sorted(set(Settings.model_fields) - CREDENTIALS))
def test_a_placeholder_in_any_setting_is_named(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    monkeypatch.setenv(f"AEP_{field.upper()}", "${user_config.it}")
    with pytest.raises(SettingsError, match=rf"^AEP_{field.upper()} still reads \$\{{…\}}"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("AEP_MCP_READONLY", "AEP_MCP_READ_ONLY"),
        ("AEP_READ_ONLY", "AEP_MCP_READ_ONLY"),
        ("aep_mcp_readonly", "AEP_MCP_READ_ONLY"),
        ("AEP_MCP_APROVAL", "AEP_MCP_APPROVAL"),
        ("AEP_MCP_SANDBOX", "AEP_SANDBOX"),
        ("AEP_CLIENTID", "AEP_CLIENT_ID"),
        ("AEP_SCOPE", "AEP_SCOPES"),
        ("AEP_MCP_ALLOW_PROD_WRITES", "AEP_MCP_ALLOW_PRODUCTION_WRITES"),
        ("AEP_MCP_SOMETHING_ELSE", "the closest is"),
    ],
)
def test_a_misspelt_name_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, meant: str) -> None:
    monkeypatch.setenv(name, "true")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert str(caught.value).startswith(f"{name} is not a variable of this server")
    assert meant in str(caught.value)


@pytest.mark.parametrize(
    "name", ["AEP_STREAM", "AEP_API_KEY", "AEP_SECRET_READ_ONLY", "AEP_SECRET_CLIENT_ID", "MCP_READONLY"]
)
def test_a_name_of_somebody_else_does_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "true")
    assert read_settings() == read_settings()


def test_names_of_secrets_are_anybodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_MCP_SECRETS_PREFIX", "AEP_KEY_")
    monkeypatch.setenv("AEP_KEY_CLIENT_ID", "x")
    assert read_settings().mcp_secrets_prefix == "AEP_KEY_"


PREFIXES = sorted({name[:length] for name in KNOWN for length in range(1, len(name) + 1)})


@pytest.mark.parametrize("prefix", [*PREFIXES, "aep_", "Aep_Mcp_"])
def test_a_secrets_prefix_never_reaches_a_setting(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv("AEP_MCP_SECRETS_PREFIX", prefix)
    with pytest.raises(SettingsError, match="must not reach this server's own variables"):
        read_settings()


def test_an_empty_secrets_prefix_is_none() -> None:
    with pytest.raises(SettingsError, match="AEP_MCP_SECRETS_PREFIX takes the start"):
        read_settings(mcp_secrets_prefix="")


def test_secrets_are_cleaned_too() -> None:
    environ = {
        "AEP_SECRET_A": ' "s3cret"\n',
        "AEP_SECRET_B": " ",
        "AEP_SECRET_C": "${C}",
        "AEP_SECRET_D": "$dollar",
    }
    assert dict(Cleaned(environ)) == {"AEP_SECRET_A": "s3cret", "AEP_SECRET_D": "$dollar"}


@pytest.mark.parametrize("page", ["docs/settings.md", "README.md"])
def test_every_variable_is_documented(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [name for name in KNOWN if f"`{name}`" not in text] == []


def test_the_page_names_no_variable_that_is_not_read() -> None:
    import re

    rows = re.findall(
        r"^\| (`AEP_.*?) \|", (ROOT / "docs/settings.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    named = {name for row in rows for name in re.findall(r"`(AEP_[A-Z_]+)`", row)}
    assert named - {"AEP_SECRET_"} == set(KNOWN)
