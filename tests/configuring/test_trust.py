"""What others may have put into a file, or beside it, is not started with a person's credentials."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.configuring.command import configured, removed, shown
from aep_flow_mcp.configuring.entry import OF_A_PROFILE
from aep_flow_mcp.configuring.files import opened, replaced
from aep_flow_mcp.configuring.hosts import HOSTS, Host, Scope
from aep_flow_mcp.configuring.problems import ConfigureError
from aep_flow_mcp.credentials.profiles import KEYS
from aep_flow_mcp.settings import SettingsError, read_settings
from configuring.files import parsed
from configuring.places import place_of

CURSOR, CLAUDE_CODE = HOSTS["cursor"], HOSTS["claude-code"]
OURS: dict[str, Any] = {"command": "aep-flow-mcp", "args": ["serve"]}
WITH_PROJECTS = [host for host in HOSTS.values() if host.project]


@pytest.fixture(autouse=True)
def shell(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_CONFIG_FILE", "/home/me/adobe.json")
    monkeypatch.setenv("AEP_SANDBOX", "dev")


def put(entry: dict[str, Any], path: Path | None = None) -> Path:
    path = path or Path.cwd() / ".mcp.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"mcpServers": {"aep-flow": entry}}))
    return path


def entry_in(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())["mcpServers"]["aep-flow"]
    return found


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"env": {"AEP_IMS_URL": "https://ims.evil.example"}}, "env AEP_IMS_URL"),
        ({"env": {"aep_ims_url": "https://ims.evil.example"}}, "env aep_ims_url"),
        ({"env": {"AEP_PLATFORM_URL": "https://evil.example"}}, "env AEP_PLATFORM_URL"),
        ({"env": {"AEP_MCP_APPROVAL": "none"}}, "env AEP_MCP_APPROVAL"),
        ({"env": {"AEP_MCP_APPROVAL": "two-step"}}, "env AEP_MCP_APPROVAL"),
        ({"env": {"AEP_MCP_AUTH": "none"}}, "env AEP_MCP_AUTH"),
        ({"env": {"AEP_PROFILES_FILE": "evil.toml"}}, "env AEP_PROFILES_FILE"),
        ({"env": {"AEP_CA_BUNDLE": "evil.pem"}}, "env AEP_CA_BUNDLE"),
        ({"env": {"HTTPS_PROXY": "http://evil.example"}}, "env HTTPS_PROXY"),
        ({"env": {"PYTHONPATH": "."}}, "env PYTHONPATH"),
        ({"env": {"LD_PRELOAD": "./evil.so"}}, "env LD_PRELOAD"),
        (
            {"args": ["serve", "--transport", "http", "--host", "0.0.0.0"]},
            "args --transport http --host 0.0.0.0",
        ),
        ({"args": ["aep_flow_mcp"], "command": "sh", "cwd": "/evil"}, "cwd"),
        ({"command": "sh", "args": ["-c", "evil"]}, "command sh"),
        ({"envFile": "/evil.env"}, "envFile"),
        ({"url": "https://evil.example/mcp", "type": "http"}, "url, type"),
        ({"autoApprove": ["confirm_change"]}, "autoApprove"),
        ({"\x1b]0;x\x07": 1}, "?]0;x?"),
    ],
)
@pytest.mark.parametrize("emulator", [False, True])
def test_an_entry_of_a_cloned_project_is_not_completed(
    more: dict[str, Any], named: str, emulator: bool
) -> None:
    path = put({**OURS, **more})
    before = path.read_bytes()
    with pytest.raises(ConfigureError) as caught:
        configured(CLAUDE_CODE, emulator=emulator)
    assert f": {named}. Nothing was written." in str(caught.value)
    assert path.read_bytes() == before
    assert "Removed" in removed(CLAUDE_CODE)
    configured(CLAUDE_CODE, emulator=False)
    assert entry_in(path)["env"] == {"AEP_CONFIG_FILE": "/home/me/adobe.json", "AEP_SANDBOX": "dev"}


@pytest.mark.parametrize("host", WITH_PROJECTS, ids=lambda host: host.name)
def test_every_hosts_project_is_held_to_that(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_IMS_URL", "https://ims.example")
    configured(host, emulator=False, scope=Scope.PROJECT)
    assert "nothing was written" in configured(host, emulator=False, scope=Scope.PROJECT), (
        "its own entry is fine"
    )
    monkeypatch.delenv("AEP_IMS_URL")
    with pytest.raises(ConfigureError, match="env AEP_IMS_URL"):
        configured(host, emulator=False, scope=Scope.PROJECT)


def test_what_only_tightens_stays_in_a_project(monkeypatch: pytest.MonkeyPatch) -> None:
    env = {
        "AEP_MCP_READ_ONLY": "true",
        "AEP_MCP_APPROVAL": "human",
        "AEP_SANDBOX": "theirs",
        "AEP_MCP_TOOLSETS": "core",
        "AEP_IMS_URL": "https://ims.evil.example",
    }
    path = put(
        {**OURS, "args": ["serve", "--emulator", "--env-file=/evil.env"], "env": env, "disabled": True}
    )
    monkeypatch.setenv("AEP_MCP_READ_ONLY", "false")
    monkeypatch.setenv("AEP_MCP_APPROVAL", "ask")
    monkeypatch.setenv("AEP_IMS_URL", "https://ims.example")
    configured(CLAUDE_CODE, emulator=False)
    entry = entry_in(path)
    assert entry["env"] == {
        "AEP_CONFIG_FILE": "/home/me/adobe.json",
        "AEP_SANDBOX": "dev",
        "AEP_MCP_READ_ONLY": "true",
        "AEP_MCP_APPROVAL": "human",
        "AEP_MCP_TOOLSETS": "core",
        "AEP_IMS_URL": "https://ims.example",
    }
    assert entry["disabled"] is True
    assert (entry["command"], entry["args"]) == (sys.executable, ["-P", "-m", "aep_flow_mcp", "serve"])


@pytest.mark.parametrize(
    ("theirs", "mine", "written"),
    [
        ({"AEP_MCP_APPROVAL": "ask"}, {"AEP_MCP_APPROVAL": "human"}, "human"),
        ({"AEP_MCP_APPROVAL": "none"}, {"AEP_MCP_APPROVAL": "ask"}, "ask"),
        ({"AEP_MCP_READ_ONLY": "false"}, {"AEP_MCP_READ_ONLY": "true"}, "true"),
    ],
)
def test_a_project_loosens_nothing_of_the_shell(
    monkeypatch: pytest.MonkeyPatch, theirs: dict[str, str], mine: dict[str, str], written: str
) -> None:
    path = put({**OURS, "env": theirs})
    [(name, value)] = mine.items()
    monkeypatch.setenv(name, value)
    configured(CLAUDE_CODE, emulator=False)
    assert entry_in(path)["env"][name] == written


def test_in_the_users_file_what_decides_is_told_with_its_value() -> None:
    env = {
        "AEP_IMS_URL": "https://ims.example",
        "AEP_PLATFORM_URL": "https://me:pass-Canary@p.example",
        "AEP_MCP_APPROVAL": "none",
        "AEP_MCP_AUTH": "none",
        "MY_TOKEN": "token-Canary",
    }
    more = ["serve", "--transport", "http", "--env-file=/x.env"]
    path = put({**OURS, "args": more, "env": env}, place_of(CURSOR))
    said = configured(CURSOR, emulator=False)
    assert entry_in(path)["env"].items() >= env.items()
    assert (
        "Kept as they stood in the entry: AEP_IMS_URL=https://ims.example, AEP_PLATFORM_URL (which is no plain URL), "
        "AEP_MCP_APPROVAL=none, AEP_MCP_AUTH=none, MY_TOKEN." in said
    )
    assert "serve --transport http\n" in said
    assert "Canary" not in said


@pytest.mark.parametrize(
    "host", [host for host in HOSTS.values() if not host.remote], ids=lambda host: host.name
)
def test_what_runs_other_code_is_kept_nowhere(host: Host) -> None:
    configured(host, emulator=False, scope=Scope.USER)
    path = next(item for item in Path(os.environ["HOME"]).rglob("*") if item.is_file())
    sandbox = {"json": '"AEP_SANDBOX": "dev"', "toml": 'AEP_SANDBOX = "dev"', "yaml": "AEP_SANDBOX: dev"}[
        host.format
    ]
    text = path.read_text()
    assert sandbox in text
    code = sandbox.replace("AEP_SANDBOX", "PYTHONPATH")
    between = {"json": ", ", "toml": "\n", "yaml": "\n      "}[host.format]
    path.write_text(text.replace(sandbox, f"{code}{between}{sandbox}"))
    said = configured(host, emulator=False, scope=Scope.USER)
    assert "as it can have other code run: PYTHONPATH." in said
    entry = parsed(host.format, path.read_bytes())[host.key]["aep-flow"]
    assert entry[host.word("env")] == {"AEP_CONFIG_FILE": "/home/me/adobe.json", "AEP_SANDBOX": "dev"}


@pytest.mark.parametrize("what", ["file", "folder", "nothing yet"])
def test_links_out_of_a_project_are_not_followed(tmp_path: Path, what: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mcp.json").write_text('{"mcpServers": {"other": {"env": {"TOKEN": "t"}}}}')
    folder = Path.cwd() / ".cursor"
    if what == "folder":
        folder.symlink_to(outside)
    else:
        folder.mkdir()
        (folder / "mcp.json").symlink_to(outside / ("mcp.json" if what == "file" else "new/autostart.json"))
    before = sorted(item.name for item in outside.rglob("*"))
    for command in (partial(configured, CURSOR, emulator=True), partial(removed, CURSOR)):
        with pytest.raises(ConfigureError, match="leads out of this project, to"):
            command(scope=Scope.PROJECT)
    assert sorted(item.name for item in outside.rglob("*")) == before
    assert "aep-flow" not in (outside / "mcp.json").read_text()
    assert not list(Path.cwd().rglob("*.before-aep-flow-mcp"))


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names")
def test_what_is_no_file_is_not_waited_for() -> None:
    path = Path.cwd() / ".mcp.json"
    os.mkfifo(path)
    for command in (partial(configured, CLAUDE_CODE, emulator=True), partial(removed, CLAUDE_CODE)):
        with pytest.raises(ConfigureError, match="is not a regular file"):
            command()
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(ConfigureError, match="is not a regular file"):
        opened(path)
    path.unlink()
    put(OURS)
    os.mkfifo(path.with_name(".mcp.json.before-aep-flow-mcp"))
    assert "Removed" in removed(CLAUDE_CODE)


def exchanging(monkeypatch: pytest.MonkeyPatch, folder: Path, victim: Path, moment: str) -> None:
    """Somebody who may write the folder puts a link in the place of the half-written file."""
    real: Callable[..., Any] = getattr(os, moment)

    def hooked(*arguments: Any) -> Any:
        for item in folder.iterdir():
            if item.name.startswith("..mcp.json.") and not item.is_symlink():
                item.rename(item.with_name("taken"))
                item.symlink_to(victim)
        return real(*arguments)

    monkeypatch.setattr(f"aep_flow_mcp.configuring.files.os.{moment}", hooked)


@pytest.mark.skipif(sys.platform == "win32", reason="modes of another kind")
def test_the_half_written_file_cannot_be_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    victim.chmod(0o600)
    path = Path.cwd() / ".mcp.json"
    path.write_text("{}")
    path.chmod(0o666)
    exchanging(monkeypatch, path.parent, victim, "fsync")
    with pytest.raises(ConfigureError, match="was exchanged meanwhile"):
        configured(CLAUDE_CODE, emulator=True)
    assert (victim.read_text(), victim.stat().st_mode & 0o777) == ("theirs", 0o600)
    assert (path.is_symlink(), path.read_text()) == (False, "{}")


@pytest.mark.skipif(sys.platform == "win32", reason="modes of another kind")
def test_a_mode_is_taken_over_without_what_gives_rights(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text("{}")
    path.chmod(0o6640)
    replaced(opened(path), '{"a": 1}')
    assert path.stat().st_mode & 0o7777 == 0o640


URLS = [
    "https://ims.example",
    "https://ims.example/base",
    "http://127.0.0.1:9",
    "https://user:pass-Canary@ims.example",
    "https://ims.example/?token=pass-Canary",
    "https://ims.example/#pass-Canary",
    "http://ims.example",
    "ims.example",
    "ftp://ims.example",
    "https://[::1",
    "https://ims.example:99999",
]


@pytest.mark.parametrize("variable", ["AEP_IMS_URL", "AEP_PLATFORM_URL"])
@pytest.mark.parametrize("url", URLS)
def test_a_url_is_written_if_the_server_takes_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    monkeypatch.setenv(variable, url)
    problem = ""
    try:
        read_settings()
    except SettingsError as error:
        problem = str(error)
    if not problem:
        assert url in shown(CURSOR, emulator=False)
        return
    for command in (shown, configured):
        with pytest.raises(ConfigureError) as caught:
            command(CURSOR, emulator=False)
        assert str(caught.value) == problem
    assert not place_of(CURSOR).exists()


def test_nothing_more_is_asked_for_with_a_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AEP_CONFIG_FILE")
    monkeypatch.delenv("AEP_SANDBOX")
    assert "with: AEP_CONFIG_FILE, AEP_SANDBOX." in configured(CURSOR, emulator=False)
    monkeypatch.setenv("AEP_PROFILE", "acme")
    assert "Not set" not in configured(CURSOR, emulator=False)
    assert entry_in(place_of(CURSOR))["env"] == {"AEP_PROFILE": "acme"}


def test_a_profile_and_what_it_says_are_not_written_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AEP_PROFILE", "acme")
    for command in (shown, configured):
        with pytest.raises(
            ConfigureError, match="AEP_CONFIG_FILE, AEP_SANDBOX would stand beside AEP_PROFILE"
        ):
            command(CURSOR, emulator=False)
    assert not place_of(CURSOR).exists()
    monkeypatch.delenv("AEP_CONFIG_FILE")
    monkeypatch.delenv("AEP_SANDBOX")
    put({**OURS, "env": {"AEP_CLIENT_SECRET": "s"}}, place_of(CURSOR))
    with pytest.raises(ConfigureError, match="AEP_CLIENT_SECRET would stand beside"):
        configured(CURSOR, emulator=False)
    place_of(CURSOR).unlink()
    (tmp_path / "my.env").write_text("AEP_IMS_URL=https://ims.example\n")
    with pytest.raises(ConfigureError, match="AEP_IMS_URL would stand beside"):
        configured(CURSOR, emulator=False, env_file=tmp_path / "my.env")


def test_what_a_profile_says_is_known_here() -> None:
    assert {f"AEP_{key.upper()}" for key in KEYS} == OF_A_PROFILE


def test_secrets_that_were_not_taken_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "which no host's file is given" not in configured(CURSOR, emulator=False)
    for name in ("AEP_CLIENT_SECRET", "AEP_CLIENT_ID", "AEP_SECRET_S3"):
        monkeypatch.setenv(name, "value-Canary")
    said = configured(CURSOR, emulator=False)
    assert (
        "This shell has AEP_CLIENT_ID, AEP_CLIENT_SECRET, AEP_SECRET_S3, which no host's file is given"
        in said
    )
    assert "AEP_CLIENT_SECRET_FILE" in said
    assert "Canary" not in said + place_of(CURSOR).read_text()
    assert "AEP_CLIENT_SECRET" not in configured(CURSOR, emulator=True)


def test_a_file_of_settings_that_is_not_there(tmp_path: Path) -> None:
    for command in (shown, configured):
        with pytest.raises(ConfigureError, match=r"nope\.env, which does not exist"):
            command(CURSOR, emulator=False, env_file=tmp_path / "nope.env")
    assert not place_of(CURSOR).exists()
