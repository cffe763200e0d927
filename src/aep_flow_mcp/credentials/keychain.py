"""The system's keyring: Keychain on macOS, Credential Manager on Windows, Secret Service on Linux.

Each entry has a name that a person chose, below the service `aep-flow-mcp`. The library is an extra of this package.
"""

from __future__ import annotations

from typing import Any

SERVICE = "aep-flow-mcp"
PREFIX = "keyring:"
"""A credential that reads so is the name of an entry."""


class KeychainError(Exception):
    """The keyring does not give or keep a secret; the message says why, and never holds one."""


def fetch(name: str) -> str:
    """The secret of an entry.

    Raises:
        KeychainError: there is no entry, no keyring, or it stays locked.
    """
    value = _asked(lambda keyring: keyring.get_password(SERVICE, name))
    if not value:
        raise KeychainError(
            f"the keyring holds nothing by the name {name}: store it with aep-flow-mcp credentials set {name}."
        )
    return str(value)


def store(name: str, secret: str) -> None:
    """Keep a secret, and make sure that it was kept: some keyrings forget without a word.

    Raises:
        KeychainError: it was not kept.
    """
    _asked(lambda keyring: keyring.set_password(SERVICE, name, secret))
    if _asked(lambda keyring: keyring.get_password(SERVICE, name)) != secret:
        raise KeychainError(f"the keyring did not keep {name}: {_no_other_way()}")


def remove(name: str) -> None:
    """Forget an entry.

    Raises:
        KeychainError: there is none, or the keyring refuses.
    """
    fetch(name)
    _asked(lambda keyring: keyring.delete_password(SERVICE, name))


def _asked(question: Any) -> Any:
    """What the keyring answers. Its backends raise errors of their own libraries too (D-Bus, the system's)."""
    try:
        import keyring
        from keyring.errors import KeyringLocked, NoKeyringError
    except ImportError:
        raise KeychainError(
            "the keyring library is not installed: install this server with its extra, aep-flow-mcp[keyring]."
        ) from None
    try:
        return question(keyring)
    except NoKeyringError:
        raise KeychainError(f"this machine has no keyring that can be used: {_no_other_way()}") from None
    except KeyringLocked:
        raise KeychainError("the keyring is locked: unlock it, and call again.") from None
    except Exception as error:  # noqa: BLE001  (as said above)
        raise KeychainError(
            f"the keyring does not answer ({type(error).__name__}): {_no_other_way()}"
        ) from None


def _no_other_way() -> str:
    return "keep the secret in a file that only you may read, and name it in the variable that ends in _FILE."
