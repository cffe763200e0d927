"""References to secrets in, redaction out.

`${AEP_SECRET_NAME}` below `auth.params` of a connection's body stands for an environment variable of this
process. It is resolved in the bytes that are sent and nowhere else: previews, results, errors and the audit
log show the reference. A value in a credential field that is no reference works too, and is shown as `***`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from aep_flow_mcp.guard.canonical import JSON, dotted
from aep_flow_mcp.guard.kinds import Kind

if TYPE_CHECKING:
    from aep_flow_mcp.guard.change import Change, Step

MASK = "***"
Way = tuple[str | int, ...]

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Names that mean a secret wherever they stand.
_SECRET = re.compile(
    r"(?i)passw|passphrase|secret|private_?-?key|access_?-?key|account_?-?key|api_?-?key|connection_?-?string"
    r"|(?<!continuation)(?<!page)token|credential|sas_?-?(uri|url)|signature|authorization"
)
# Names that mean one below auth.params.
_SECRET_IN_CREDENTIALS = re.compile(
    r"(?i)passw|pwd|key|token|secret|sas|sign|cert|phrase|credential|connection|auth"
)
_HARMLESS_IN_CREDENTIALS = re.compile(
    r"(?i)^(authenticationrequired|authorizeddate|authtype|authenticationtype|keyid|publickeyid|tokenurl|authurl)$"
)


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
        inside = _credential_ways(step)
        for way, text in _texts(step.body):
            if not _below(way, inside):
                if f"${{{prefix}" in text:
                    raise SecretError(
                        f"A secret is referenced in {_place(step, way)}: ${{{prefix}...}} is taken below auth.params "
                        "of a connection only."
                    )
                continue
            for name in _REFERENCE.findall(text):
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
        inside = _credential_ways(step)
        for way, text in _texts(step.body):
            names = _REFERENCE.findall(text) if _below(way, inside) else []
            references.update(names)
            rest = _REFERENCE.sub("", text) if names else text
            if rest.strip() and _is_secret(way, step, inside):
                literal[_place(step, way)] = None
    return SecretUse(tuple(sorted(references)), tuple(literal))


def resolve(step: Step, body: JSON, environ: Mapping[str, str], prefix: str) -> JSON:
    """The body with every reference below `auth.params` replaced by its value. Values are not expanded again.

    Raises:
        SecretError: as `check`; the environment may have changed since.
    """
    inside = _credential_ways(step)

    def expand(text: str, way: Way) -> str:
        if not _below(way, inside):
            return text

        def value(match: re.Match[str]) -> str:
            _check_name(match[1], _place(step, way), prefix)
            found = environ.get(match[1])
            if not found:
                raise SecretError(f"{match[1]} is not set in the environment of this server.")
            return found

        return _REFERENCE.sub(value, text)

    return _rebuilt(body, expand)


def masked_body(step: Step) -> JSON:
    """The body as it may be shown: references as they are, literal secrets as `***`."""
    inside = _credential_ways(step)
    return _rebuilt(step.body, lambda text, way: _mask(text) if _is_secret(way, step, inside) else text)


def masked_fields(step: Step, content: str | None) -> JSON:
    """`before` or `after` of a step as it may be shown."""
    if content is None:
        return None
    inside = (("auth", "params"),) if step.kind is Kind.CONNECTION else ()
    return _rebuilt(
        json.loads(content), lambda text, way: _mask(text) if _is_secret(way, step, inside) else text
    )


def masked_answer(value: JSON) -> JSON:
    """What the API returned, with everything that looks like a secret as `***`."""

    def hide(text: str, way: Way) -> str:
        names = [part for part in way if isinstance(part, str)]
        return MASK if _secret_names(names, credentials="auth" in names) else text

    return _rebuilt(value, hide)


class Redactor:
    """Takes the secret values of a Change out of any text: of an error, a result, an audit line."""

    def __init__(self, change: Change, environ: Mapping[str, str]) -> None:
        replaced: dict[str, str] = {}
        for step in change.steps:
            inside = _credential_ways(step)
            for way, text in _texts(step.body):
                names = _REFERENCE.findall(text) if _below(way, inside) else []
                for name in names:
                    for form in _forms(environ.get(name, "")):
                        replaced[form] = f"${{{name}}}"
                if not names and _is_secret(way, step, inside):
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


# --- where credentials are --------------------------------------------------------------------------------


def _credential_ways(step: Step) -> tuple[Way, ...]:
    """Where in the step's body values of `auth.params` of a connection stand."""
    if step.kind is not Kind.CONNECTION:
        return ()
    if step.method in ("POST", "PUT"):
        return (("auth", "params"),) if step.content is not None else ()
    ways: list[Way] = []
    body = step.body
    for index, op in enumerate(body if isinstance(body, list) else []):
        pointer = [
            part.replace("~1", "/").replace("~0", "~") for part in str(op.get("path", "")).split("/")[1:]
        ]
        if pointer[:2] == ["auth", "params"]:
            ways.append((index, "value"))
        elif pointer == ["auth"]:
            ways.append((index, "value", "params"))
        elif not pointer:
            ways.append((index, "value", "auth", "params"))
    return tuple(ways)


def _below(way: Way, inside: tuple[Way, ...]) -> bool:
    return any(way[: len(root)] == root for root in inside)


def _is_secret(way: Way, step: Step, inside: tuple[Way, ...]) -> bool:
    names = [part for part in way if isinstance(part, str)]
    if step.method == "PATCH" and len(way) > 1 and way[1] == "value" and isinstance(way[0], int):
        # In a JSON Patch the name is in the operation's path, not on the way to the value.
        pointer = str(step.body[way[0]].get("path", "")).split("/")[1:]
        names = [part for part in pointer if not part.isdigit()] + names[1:]
    if any(name in step.secret_keys for name in names):
        return True
    return _secret_names(names, credentials=_below(way, inside))


def _secret_names(names: list[str], *, credentials: bool) -> bool:
    if credentials:
        names = [name for name in names if name not in ("auth", "params", "specName")]
        return any(
            _SECRET_IN_CREDENTIALS.search(name) and not _HARMLESS_IN_CREDENTIALS.match(name) for name in names
        )
    return bool(names) and bool(_SECRET.search(names[-1]))


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


def _mask(text: str) -> str:
    """References stay; what is around them is hidden."""
    if not text:
        return text
    names = _REFERENCE.findall(text)
    if not names:
        return MASK
    literal = _REFERENCE.split(text)[::2]
    shown = [f"${{{name}}}" for name in names]
    parts = [MASK if literal[0] else ""]
    for reference, rest in zip(shown, literal[1:], strict=True):
        parts += [reference, MASK if rest else ""]
    return "".join(parts)


def _place(step: Step, way: Way) -> str:
    if step.method == "PATCH" and way and isinstance(way[0], int):
        pointer = str(step.body[way[0]].get("path", "")).strip("/").replace("/", ".")
        rest = way[2:] if len(way) > 1 and way[1] == "value" else way[1:]
        return f"{pointer}.{dotted(rest)}" if rest else pointer
    return dotted(way)


def _texts(value: JSON, way: Way = ()) -> Iterator[tuple[Way, str]]:
    """Every text and number with the way to it: a password may be made of digits."""
    if isinstance(value, str):
        yield way, value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield way, str(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*way, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*way, index))


def _names(value: JSON) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)


def _rebuilt(value: JSON, change: Callable[[str, Way], str], way: Way = ()) -> JSON:
    """The same JSON with every text and number passed through `change(text, way)`; what it leaves alone stays."""
    if isinstance(value, dict):
        return {key: _rebuilt(item, change, (*way, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_rebuilt(item, change, (*way, index)) for index, item in enumerate(value)]
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value)
        changed = change(text, way)
        return value if changed == text else changed
    return value


def _forms(secret: str) -> list[str]:
    """A secret as it may come back: as it is, quoted for a URL, escaped for JSON, or a line of it."""
    if not secret:
        return []
    escaped = json.dumps(secret)[1:-1]
    forms = {secret, secret.strip(), quote(secret, safe=""), quote_plus(secret), quote(secret), escaped}
    forms |= {json.dumps(secret, ensure_ascii=False)[1:-1], " ".join(secret.split())}
    forms |= {line.strip() for line in secret.splitlines() if len(line.strip()) >= 8}
    return [form for form in forms if len(form) >= 3]
