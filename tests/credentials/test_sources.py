"""A credential from its variable, a file of its own, or the keyring: one of them, and never shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from aep_flow_mcp.app import App, platform_config
from aep_flow_mcp.credentials.command import check_secret, remove_secret, set_secret
from aep_flow_mcp.credentials.keychain import SERVICE, KeychainError
from aep_flow_mcp.settings import SOURCED, read_settings
from credentials.conftest import MemoryKeyring

CANARY = "C4nary-secret/of the+file"
OTHERS = {"AEP_CLIENT_ID": "id", "AEP_ORG_ID": "org"}


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)


def problem() -> str:
    """What the first call says. It never holds what must not be shown."""
    config = platform_config(read_settings())
    assert config.credentials is None
    said = config.credentials_problem or ""
    assert CANARY not in said
    return said


@pytest.mark.parametrize("content", [CANARY, f"{CANARY}\n", f"\ufeff {CANARY}\r\n", f'"{CANARY}"'])
@pytest.mark.usefixtures("others")
def test_a_secret_of_docker_or_kubernetes_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(content, encoding="utf-8")
    monkeypatch.setenv("AEP_CLIENT_SECRET_FILE", str(file))
    app = App(read_settings())
    credentials = app.client.config.credentials
    assert credentials is not None
    assert credentials.client_secret is not None
    assert credentials.client_secret.get_secret_value() == CANARY
    assert CANARY not in app.redactor.text(f"the answer says {CANARY}")
    assert CANARY not in repr(credentials)


def test_every_credential_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in SOURCED:
        (tmp_path / name).write_text(f"the-{name}\n", encoding="utf-8")
        monkeypatch.setenv(f"AEP_{name.upper()}_FILE", name)
    config = platform_config(read_settings())
    credentials = config.credentials
    assert credentials is not None, config.credentials_problem
    assert (credentials.client_id, credentials.org_id) == ("the-client_id", "the-org_id")
    assert credentials.access_token is not None
    assert credentials.access_token.get_secret_value() == "the-access_token"
    assert config.network.client_key_password is not None
    assert config.network.client_key_password.get_secret_value() == "the-client_key_password"


@pytest.mark.parametrize("name", SOURCED)
def test_said_twice_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    for each in SOURCED:
        monkeypatch.setenv(f"AEP_{each.upper()}", CANARY)
    (tmp_path / "secret").write_text(CANARY, encoding="utf-8")
    monkeypatch.setenv(f"AEP_{name.upper()}_FILE", "secret")
    assert problem() == f"AEP_{name.upper()} and AEP_{name.upper()}_FILE are both set: keep one of them."


def _forbidden(path: Path) -> None:
    path.write_text(CANARY, encoding="utf-8")
    path.chmod(0)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "which does not exist"),
        (lambda path: path.mkdir(), "which cannot be read: Is a directory"),
        (lambda path: path.write_text(" \n"), "which is empty"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00"), "which is not UTF-8 text"),
        (lambda path: path.write_text(CANARY * 10_000), "which is too large to hold one credential"),
        pytest.param(
            _forbidden,
            "which cannot be read: Permission denied",
            marks=pytest.mark.skipif(
                sys.platform == "win32" or os.geteuid() == 0, reason="root reads everything"
            ),
        ),
    ],
)
@pytest.mark.usefixtures("others")
def test_a_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: Callable[[Path], object], says: str
) -> None:
    make(tmp_path / "secret")
    monkeypatch.setenv("AEP_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    assert f"AEP_CLIENT_SECRET_FILE names {tmp_path / 'secret'}, {says}" in problem()


@pytest.mark.usefixtures("others")
def test_a_placeholder_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_CLIENT_SECRET_FILE", "${SECRET_FILE}")
    assert problem().startswith("AEP_CLIENT_SECRET_FILE still reads ${…}")


@pytest.mark.usefixtures("others")
def test_the_keyring_keeps_what_is_given_and_gives_it(
    monkeypatch: pytest.MonkeyPatch, memory: MemoryKeyring, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"{CANARY}\n")
    assert "keyring:acme" in set_secret("acme")
    assert memory.kept == {(SERVICE, "acme"): CANARY}
    monkeypatch.setenv("AEP_CLIENT_SECRET", "keyring:acme")
    app = App(read_settings())
    credentials = app.client.config.credentials
    assert credentials is not None
    assert credentials.client_secret is not None
    assert credentials.client_secret.get_secret_value() == CANARY
    assert CANARY not in app.redactor.text(f"the answer says {CANARY}")
    assert check_secret("acme") == "The keyring holds acme."
    remove_secret("acme")
    assert memory.kept == {}
    assert (
        "the keyring holds nothing by the name acme: store it with aep-flow-mcp credentials set acme"
        in problem()
    )
    assert CANARY not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        (fail.Keyring, "this machine has no keyring that can be used: keep the secret in a file"),
        (null.Keyring, "the keyring holds nothing by the name acme"),
    ],
)
@pytest.mark.usefixtures("others", "memory")
def test_a_machine_without_a_keyring(
    monkeypatch: pytest.MonkeyPatch, backend: Callable[[], keyring.backend.KeyringBackend], says: str
) -> None:
    keyring.set_keyring(backend())
    monkeypatch.setenv("AEP_CLIENT_SECRET", "keyring:acme")
    assert f"AEP_CLIENT_SECRET names an entry of the keyring, but {says}" in problem()
    monkeypatch.setattr("getpass.getpass", lambda prompt: CANARY)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with pytest.raises(KeychainError) as caught:
        set_secret("acme")
    assert "AEP_" not in str(caught.value) or "_FILE" in str(caught.value)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        (KeyringLocked("locked"), "the keyring is locked: unlock it"),
        (RuntimeError(CANARY), "the keyring does not answer (RuntimeError)"),
        (ImportError("no keyring"), "aep-flow-mcp[keyring]"),
    ],
)
@pytest.mark.usefixtures("others")
def test_a_keyring_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, memory: MemoryKeyring, raised: Exception, says: str
) -> None:
    def refuse(*_: object) -> None:
        raise raised

    monkeypatch.setenv("AEP_CLIENT_SECRET", "keyring:acme")
    if isinstance(raised, ImportError):
        monkeypatch.setitem(sys.modules, "keyring", None)
    else:
        monkeypatch.setattr(memory, "get_password", refuse)
    assert says in problem()


@pytest.mark.usefixtures("others")
def test_an_entry_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_CLIENT_SECRET", "keyring:")
    assert "AEP_CLIENT_SECRET takes keyring:NAME" in problem()
    for name in ("", " a", "a\nb", "x" * 200):
        with pytest.raises(KeychainError, match="one short line"):
            set_secret(name)
