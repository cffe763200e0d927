"""Named profiles: read from a file that a person decides about, and from no other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.credentials.profiles import KEYS, chosen_profiles, own_folder
from aep_flow_mcp.settings import Settings, SettingsError, read_settings

SECRET = "pr0file-Canary"
FILE = f"""
[acme]
client_id = "acme-id"
client_secret = "{SECRET}"
org_id = "acme@AdobeOrg"
sandbox = "dev"
sandboxes = ["stage", "prod"]

[globex]
config_file = "globex.json"
scopes = "openid, session"
sandbox = "dev"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(FILE, encoding="utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("AEP_PROFILES_FILE", str(path))
    return path


def chosen(*names: str) -> dict[str, Settings]:
    return chosen_profiles(read_settings(), names)


def refused(*names: str) -> str:
    with pytest.raises(SettingsError) as caught:
        chosen(*names)
    assert SECRET not in str(caught.value)
    return str(caught.value)


@pytest.mark.usefixtures("file")
def test_a_profile_is_its_own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_MCP_READ_ONLY", "true")
    found = chosen("acme,globex")
    assert list(found) == ["acme", "globex"]
    assert found["acme"].all_sandboxes == ("dev", "stage", "prod")
    assert all(each.mcp_read_only for each in found.values()), "what is said for all holds for each"
    credentials = platform_config(found["acme"]).credentials
    assert credentials is not None
    assert (credentials.client_id, credentials.org_id) == ("acme-id", "acme@AdobeOrg")
    assert found["globex"].config_file == tmp_path / "globex.json", "a path is relative to the file"
    assert found["globex"].client_secret is None
    assert SECRET not in repr(found)


@pytest.mark.usefixtures("file")
def test_the_variable_names_profiles_and_the_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen() == {}, "a file that is there decides nothing by itself"
    monkeypatch.setenv("AEP_PROFILE", "globex")
    assert list(chosen()) == ["globex"]
    assert list(chosen("acme")) == ["acme"]
    assert list(chosen("all")) == ["acme", "globex"]


@pytest.mark.parametrize(
    "variable", ["AEP_CLIENT_ID", "AEP_CLIENT_SECRET_FILE", "AEP_SANDBOX", "AEP_IMS_URL"]
)
@pytest.mark.usefixtures("file")
def test_two_organisations_are_never_mixed(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "https://other.example")
    assert refused("acme") == (
        f"{variable} is set beside the profile acme, which says all of that itself: remove one of the two."
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[acme\nx = 1", "is not TOML (line 1)"),
        (f'client_secret = "{SECRET}"', "client_secret stands outside of a profile"),
        (f'[acme]\nclientsecret = "{SECRET}"', "the profile acme has clientsecret, which no profile has"),
        ("[acme]\nmcp_approval = 'none'", "the profile acme has mcp_approval, which no profile has"),
        (f"['ac me']\norg_id = '{SECRET}'", "cannot be a profile's name"),
        ("[all]\norg_id = 'x'", "cannot be a profile's name"),
        ("[acme]\nsandbox = 7", "profile acme: AEP_SANDBOX is not valid"),
        ("[acme]\nplatform_url = 'http://evil.example'", "profile acme: AEP_PLATFORM_URL takes https"),
        ("[acme]\nclient_id = '${ID}'", "profile acme: client_id still reads ${…}"),
        ("[other]\norg_id = 'x'", "There is no profile acme in"),
        ("", "There is no profile acme in"),
    ],
)
def test_a_file_that_says_nothing_usable_is_named(file: Path, content: str, says: str) -> None:
    file.write_text(content, encoding="utf-8")
    said = refused("acme")
    assert says in said
    assert str(file) in said


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    file.unlink()
    assert f"The file of profiles {file} does not exist" in refused("acme")


@pytest.mark.skipif(sys.platform == "win32", reason="rights of another kind")
def test_a_file_that_others_may_change_is_refused(file: Path) -> None:
    file.chmod(0o646)
    assert "can be changed by others" in refused("acme")


@pytest.mark.skipif(sys.platform == "win32", reason="rights of another kind")
def test_a_file_that_its_group_may_change_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import grp
    import pwd

    def groups(name: str, members: list[str], primary: int) -> None:
        owner, gid = file.stat().st_uid, file.stat().st_gid
        monkeypatch.setattr(grp, "getgrgid", lambda _: grp.struct_group((name, "x", gid, members)))
        monkeypatch.setattr(
            pwd,
            "getpwuid",
            lambda _: pwd.struct_passwd(("me", "x", owner, primary, "", "/home/me", "/bin/sh")),
        )

    file.chmod(0o660)
    gid = file.stat().st_gid
    for name, members, primary in (("staff", [], gid), ("me", ["me", "you"], gid), ("me", [], gid + 1)):
        groups(name, members, primary)
        assert f"{file} can be changed by others: make it yours (chown), and chmod g-w it." in refused("acme")
    groups("me", [], gid)
    assert list(chosen("acme")) == ["acme"], "a group of one user's own is that user"

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert "chmod g-w it" in refused("acme")


@pytest.mark.skipif(sys.platform == "win32", reason="rights of another kind")
def test_a_file_in_a_folder_that_all_may_write_is_refused(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "mine" / "profiles.toml"
    link.parent.mkdir()
    link.symlink_to(file)
    for path, folder in ((file, file.parent), (link, link.parent), (link, file.parent)):
        monkeypatch.setenv("AEP_PROFILES_FILE", str(path))
        mode = folder.stat().st_mode
        folder.chmod(0o777)
        assert f"can be changed by others: make it yours (chown), and chmod o-w {folder}." in refused("acme")
        folder.chmod(0o1777)
        assert list(chosen("acme")) == ["acme"], "as in /tmp, only its owner may exchange it"
        folder.chmod(mode)


def test_the_working_directory_is_never_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (tmp_path, tmp_path / "aep-flow-mcp", tmp_path / ".config" / "aep-flow-mcp"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "profiles.toml").write_text(FILE, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for value in ("", ".", "relative", "./.config"):
        monkeypatch.setenv("XDG_CONFIG_HOME", value)
        assert "home/.config/aep-flow-mcp/profiles.toml does not exist" in refused("acme")


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"XDG_CONFIG_HOME": "/xdg"}, "/xdg/aep-flow-mcp/profiles.toml"),
        ("linux", {}, "/home/me/.config/aep-flow-mcp/profiles.toml"),
        ("darwin", {}, "/home/me/Library/Application Support/aep-flow-mcp/profiles.toml"),
        ("win32", {"APPDATA": "/roaming"}, "/roaming/aep-flow-mcp/profiles.toml"),
        ("win32", {}, "/home/me/AppData/Roaming/aep-flow-mcp/profiles.toml"),
    ],
)
def test_the_users_own_folder(platform: str, environ: dict[str, str], expected: str) -> None:
    assert own_folder(environ, home=Path("/home/me"), platform=platform) == Path(expected)


def test_a_profile_decides_about_no_approval() -> None:
    assert not [key for key in KEYS if key.startswith("mcp_")]
