"""One credential from wherever its variable says: the value itself, a file of its own, or an entry of the keyring."""

from __future__ import annotations

from pathlib import Path

from aep_flow_mcp.credentials.keychain import PREFIX as KEYRING
from aep_flow_mcp.credentials.keychain import KeychainError, fetch
from aep_flow_mcp.environment import PREFIX, cleaned, unfilled_sentence
from aep_flow_mcp.settings import SHARED, SIGN_IN_SOURCED, SOURCED, Settings

_LONGEST = 64_000


class SourceError(Exception):
    """A credential cannot be had; the message names its variable and the fix, never a value."""


def credential(settings: Settings, name: str) -> str | None:
    """The value of one of `SOURCED`, `SHARED` or `SIGN_IN_SOURCED`, or None where nothing says it.

    Raises:
        SourceError: it is said twice, the file cannot be read or is empty, the keyring does not give it.
    """
    if name not in (*SOURCED, *SHARED, *SIGN_IN_SOURCED):
        raise ValueError(f"{name} has no other sources")
    variable = f"{PREFIX}{name.upper()}"
    given = getattr(settings, name)
    text = given.get_secret_value() if hasattr(given, "get_secret_value") else given
    file: Path | None = getattr(settings, f"{name}_file")
    if text and file:
        raise SourceError(f"{variable} and {variable}_FILE are both set: keep one of them.")
    if file is not None:
        return _from_file(f"{variable}_FILE", file)
    if text is None:
        return None
    sentence = unfilled_sentence(variable, text)
    if sentence:
        raise SourceError(sentence)
    if text.startswith(KEYRING):
        return _from_keyring(variable, text.removeprefix(KEYRING).strip())
    return str(text)


def _from_file(variable: str, path: Path) -> str:
    sentence = unfilled_sentence(variable, str(path))
    if sentence:
        raise SourceError(sentence)
    try:
        with path.open("rb") as file:
            raw = file.read(_LONGEST + 1)
        text = cleaned(raw.decode("utf-8-sig"))
    except FileNotFoundError:
        raise SourceError(f"{variable} names {path}, which does not exist.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SourceError(f"{variable} names {path}, which cannot be read: {reason}.") from None
    except UnicodeError:
        raise SourceError(f"{variable} names {path}, which is not UTF-8 text.") from None
    if len(raw) > _LONGEST:
        raise SourceError(f"{variable} names {path}, which is too large to hold one credential.")
    if text is None:
        raise SourceError(f"{variable} names {path}, which is empty.")
    return text


def _from_keyring(variable: str, name: str) -> str:
    if not name:
        raise SourceError(f"{variable} takes keyring:NAME, with the name of an entry.")
    try:
        return fetch(name)
    except KeychainError as error:
        raise SourceError(f"{variable} names an entry of the keyring, but {error}") from None
