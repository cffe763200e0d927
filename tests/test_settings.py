"""The environment becomes one frozen object, or one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from aep_flow_mcp.settings import ApprovalMode, SettingsError, read_settings


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


def test_environment_wins_over_dotenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AEP_SANDBOX=from-file\nAEP_MCP_TOOLSETS=core,flows\n", encoding="utf-8")
    monkeypatch.setenv("AEP_SANDBOX", "from-environment")
    settings = read_settings()
    assert settings.sandbox == "from-environment"
    assert settings.mcp_toolsets == ("core", "flows")


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
        ("AEP_MCP_SECRETS_PREFIX", "", "AEP_MCP_SECRETS_PREFIX takes the start of a variable's name"),
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
