"""Environment variables as hosts, shells and people write them: cleaned, and told apart from what nobody filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotenv.parser import Binding

PREFIX = "AEP_"
OWN = "AEP_MCP_"
"""Names that begin so belong to this server alone; plain `AEP_` names may be another tool's."""

_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’"}
_INVISIBLE = "\ufeff\u200b"
_PLACEHOLDERS = (
    ("${…}", re.compile(r"\$\{[^{}]*\}")),
    ("{{…}}", re.compile(r"\{\{.*\}\}\Z", re.DOTALL)),
    ("$NAME", re.compile(r"\A\$[A-Za-z_]\w*(?:[/\\].*)?\Z")),
    ("%NAME%", re.compile(r"\A%[A-Za-z_]\w*%\Z")),
    ("<…>", re.compile(r"\A<[^<>]*>\Z")),
)
_NEAR = 0.84
"""From this likeness on, a name is taken for a misspelt one of ours."""


class EnvFileError(ValueError):
    """A file of settings cannot be used; the message names the file, never a value from it."""


def cleaned(text: str | None) -> str | None:
    """A value without the white space and the quotes around it; None when nothing is left, which means unset."""
    value = _stripped(text or "")
    while len(value) > 1 and _QUOTES.get(value[0]) == value[-1]:
        value = _stripped(value[1:-1])
    return value or None


def _stripped(text: str) -> str:
    return text.strip().strip(_INVISIBLE).strip()


def placeholder(text: str) -> str | None:
    """The form of a placeholder that a host or a shell should have replaced (`${…}`), or None.

    The form only: by chance the value may be a secret.
    """
    return next((form for form, pattern in _PLACEHOLDERS if pattern.search(text)), None)


def unfilled_sentence(name: str, text: str) -> str | None:
    """The sentence about a value that still reads as a placeholder, or None."""
    form = placeholder(text)
    if form is None:
        return None
    return f"{name} still reads {form}, which nothing filled in: put the value itself there, or remove it."


class Cleaned(Mapping[str, str]):
    """A view of an environment whose values are cleaned; what is empty, or still reads `${…}`, is not there."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        value = cleaned(self._environ[name])
        if value is None or re.fullmatch(r"\$\{[^{}]*\}", value):
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._environ if name in self)

    def starting(self, prefix: str) -> list[str]:
        """The values of the names that start so, without a look at any other: environments are long."""
        found = (self.get(name) for name in list(self._environ) if name.startswith(prefix))
        return [value for value in found if value is not None]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_env_file(path: Path) -> dict[str, str | None]:
    """The variables of a file of `NAME=value` lines, whose quotes and comments are those of a `.env`.

    Raises:
        EnvFileError: it is not there, not text, or a line says nothing.
    """
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    try:
        with path.open(encoding="utf-8-sig") as file:
            wrong = [item.original.line for item in parse_stream(file) if item.error or _says_nothing(item)]
        if wrong:
            raise EnvFileError(f"{path}, line {wrong[0]}: a line is NAME=value.")
        return dotenv_values(path, encoding="utf-8-sig")
    except FileNotFoundError:
        raise EnvFileError(f"--env-file names {path}, which does not exist.") from None
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise EnvFileError(f"--env-file names {path}, which cannot be read: {reason}.") from None


def _says_nothing(item: Binding) -> bool:
    return item.key is not None and item.value is None


def misspelt(given: Iterable[str], known: Iterable[str], *, secrets_prefix: str) -> list[str]:
    """A sentence for every name that is none of ours and looks as if it were meant to be.

    `AEP_MCP_…` is ours alone, so any unknown one counts; another `AEP_…` counts when it is close to one of ours, since
    other tools have such variables too. Names of secrets (`AEP_SECRET_…`, the configured prefix) are anybody's.
    """
    ours = {name.upper(): name for name in known}
    exempt = tuple(prefix.upper() for prefix in ("AEP_SECRET_", secrets_prefix) if prefix)
    sentences = []
    for name in sorted({name for name in given if name.upper().startswith(PREFIX)}):
        upper = name.upper()
        if upper in ours or upper.startswith(exempt):
            continue
        likeness, closest = _closest(upper, ours)
        if likeness >= _NEAR:
            sentences.append(
                f"{name} is not a variable of this server: {closest} is meant, so correct its name."
            )
        elif upper.startswith(OWN):
            sentences.append(
                f"{name} is not a variable of this server: correct its name (the closest is {closest}) or remove it."
            )
    return sentences


def _closest(name: str, ours: Iterable[str]) -> tuple[float, str]:
    from difflib import SequenceMatcher

    return max(
        (SequenceMatcher(None, _core(name), _core(candidate), autojunk=False).ratio(), candidate)
        for candidate in ours
    )


def _core(name: str) -> str:
    """What a name says: without the prefixes that people forget, and without underscores."""
    return name.removeprefix(PREFIX).removeprefix("MCP_").replace("_", "")


def url_problem(variable: str, value: str) -> str | None:
    """Why a variable cannot name the host that the token travels to, or None; plain http is for this machine only."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return f"{variable} takes a URL such as https://platform.adobe.io."
    if parts.scheme not in ("http", "https") or not host:
        return f"{variable} takes a URL such as https://platform.adobe.io."
    if parts.username or parts.password or parts.query or parts.fragment:
        return f"{variable} takes a plain URL without user, query or fragment."
    if parts.scheme == "http" and host not in ("127.0.0.1", "localhost", "::1"):
        return f"{variable} takes https; plain http is accepted for this machine (127.0.0.1) only."
    return None
