"""References to secrets in, redaction out.

`${AEP_SECRET_NAME}` below `auth.params` of a connection's body stands for an environment variable of this
process. It is resolved in the bytes that are sent and nowhere else: previews, results, errors and the audit
log show the reference. A value in a credential field that is no reference works too, and is shown as `***`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from aep_flow_mcp.guard.changes.canonical import JSON, dotted
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.masking import (
    MASK,
    REFERENCE,
    Way,
    below,
    credential_ways,
    is_secret,
    rebuilt,
    texts,
)
from aep_flow_mcp.guard.changes.steps import Step

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SecretError(ValueError):
    """A reference to a secret is in the wrong place, has the wrong prefix, or names nothing. Never holds a value."""


@dataclass(frozen=True, slots=True)
class SecretUse:
    """What a Change does with secrets. `references`: names of variables; `literal`: fields with a value in clear."""

    references: tuple[str, ...]
    literal: tuple[str, ...]


def check(change: Change, *, prefix: str, environ: Mapping[str, str]) -> SecretUse:
    """Look at every reference of a Change, before anybody is asked.

    Raises:
        SecretError: a reference outside `auth.params` of a connection, with another prefix, or to a variable
            that is not set or empty.
    """
    for step in change.steps:
        _check_elsewhere(step, prefix)
        inside = credential_ways(step)
        for way, text in texts(step.body):
            if not below(way, inside):
                if f"${{{prefix}" in text:
                    raise SecretError(
                        f"A secret is referenced in {_place(step, way)}: ${{{prefix}...}} is taken below auth.params "
                        "of a connection only."
                    )
                continue
            for name in REFERENCE.findall(text):
                _check_name(name, _place(step, way), prefix)
                if not environ.get(name):
                    raise SecretError(
                        f"{_place(step, way)} refers to {name}, which is not set (or is empty) in the environment "
                        "of this server. Set it there and call again."
                    )
    return uses(change)


def uses(change: Change) -> SecretUse:
    """What a Change does with secrets, without looking at any value."""
    references: set[str] = set()
    literal: dict[str, None] = {}
    for step in change.steps:
        inside = credential_ways(step)
        for way, text in texts(step.body):
            names = REFERENCE.findall(text) if below(way, inside) else []
            references.update(names)
            rest = REFERENCE.sub("", text) if names else text
            if rest.strip() and is_secret(way, step, inside):
                literal[_place(step, way)] = None
    return SecretUse(tuple(sorted(references)), tuple(literal))


def resolve(step: Step, body: JSON, environ: Mapping[str, str], prefix: str) -> JSON:
    """The body with every reference below `auth.params` replaced by its value. Values are not expanded again.

    Raises:
        SecretError: as `check`; the environment may have changed since.
    """
    inside = credential_ways(step)

    def expand(text: str, way: Way) -> str:
        if not below(way, inside):
            return text

        def value(match: re.Match[str]) -> str:
            _check_name(match[1], _place(step, way), prefix)
            found = environ.get(match[1])
            if not found:
                raise SecretError(f"{match[1]} is not set in the environment of this server.")
            return found

        return REFERENCE.sub(value, text)

    return rebuilt(body, expand)


class Redactor:
    """Takes the secret values of a Change out of any text: of an error, a result, an audit line."""

    def __init__(self, change: Change, environ: Mapping[str, str]) -> None:
        replaced: dict[str, str] = {}
        for step in change.steps:
            inside = credential_ways(step)
            for way, text in texts(step.body):
                names = REFERENCE.findall(text) if below(way, inside) else []
                for name in names:
                    for form in _forms(environ.get(name, "")):
                        replaced[form] = f"${{{name}}}"
                if not names and is_secret(way, step, inside):
                    for form in _forms(text):
                        replaced.setdefault(form, MASK)
        self._replaced = sorted(replaced.items(), key=lambda item: -len(item[0]))

    def text(self, text: str) -> str:
        """The text without any secret value, the longest replaced first."""
        for value, label in self._replaced:
            text = text.replace(value, label)
        return text

    def value(self, value: JSON) -> JSON:
        """JSON without any secret value, in keys neither."""
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.text(value) if isinstance(value, str) else value


# --- the checks and the walk ------------------------------------------------------------------------------


def _check_elsewhere(step: Step, prefix: str) -> None:
    """Paths, queries, ETags and field names never hold a reference."""
    start = f"${{{prefix}"
    texts = [step.path, step.etag or "", *(part for pair in step.params for part in pair), *_names(step.body)]
    if any(start in text for text in texts):
        raise SecretError(
            f"A secret is referenced outside the body of {step.method} {step.label}: ${{{prefix}...}} is taken below "
            "auth.params of a connection only."
        )


def _check_name(name: str, place: str, prefix: str) -> None:
    if not _NAME.fullmatch(name) or not name.startswith(prefix) or name == prefix:
        raise SecretError(
            f"{place} refers to an environment variable that may not be used: only ${{{prefix}NAME}} is taken there "
            "(AEP_MCP_SECRETS_PREFIX)."
        )


def _place(step: Step, way: Way) -> str:
    if step.method == "PATCH" and way and isinstance(way[0], int):
        pointer = str(step.body[way[0]].get("path", "")).strip("/").replace("/", ".")
        rest = way[2:] if len(way) > 1 and way[1] == "value" else way[1:]
        return f"{pointer}.{dotted(rest)}" if rest else pointer
    return dotted(way)


def _names(value: JSON) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)


def _forms(secret: str) -> list[str]:
    """A secret as it may come back: as it is, quoted for a URL, escaped for JSON, or a line of it."""
    if not secret:
        return []
    escaped = json.dumps(secret)[1:-1]
    forms = {secret, secret.strip(), quote(secret, safe=""), quote_plus(secret), quote(secret), escaped}
    forms |= {json.dumps(secret, ensure_ascii=False)[1:-1], " ".join(secret.split())}
    forms |= {line.strip() for line in secret.splitlines() if len(line.strip()) >= 8}
    return [form for form in forms if len(form) >= 3]
