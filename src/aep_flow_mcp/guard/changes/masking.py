"""What may be shown: where the credentials of a step stand, and bodies and answers with `***` in their place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from aep_flow_mcp.guard.changes.canonical import JSON
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import Step

MASK = "***"
Way = tuple[str | int, ...]
"""From the root of a body to a value in it: names and positions."""

REFERENCE = re.compile(r"\$\{([^{}]*)\}")
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


def masked_body(step: Step) -> JSON:
    """The body as it may be shown: references as they are, literal secrets as `***`."""
    inside = credential_ways(step)
    return rebuilt(step.body, lambda text, way: _mask(text) if is_secret(way, step, inside) else text)


def masked_fields(step: Step, content: str | None) -> JSON:
    """`before` or `after` of a step as it may be shown."""
    if content is None:
        return None
    inside = (("auth", "params"),) if step.kind is Kind.CONNECTION else ()
    return rebuilt(
        json.loads(content), lambda text, way: _mask(text) if is_secret(way, step, inside) else text
    )


def masked_answer(value: JSON) -> JSON:
    """What the API returned, with everything that looks like a secret as `***`."""

    def hide(text: str, way: Way) -> str:
        names = [part for part in way if isinstance(part, str)]
        return MASK if _secret_names(names, credentials="auth" in names) else text

    return rebuilt(value, hide)


def credential_ways(step: Step) -> tuple[Way, ...]:
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


def below(way: Way, inside: tuple[Way, ...]) -> bool:
    return any(way[: len(root)] == root for root in inside)


def is_secret(way: Way, step: Step, inside: tuple[Way, ...]) -> bool:
    names = [part for part in way if isinstance(part, str)]
    if step.method == "PATCH" and len(way) > 1 and way[1] == "value" and isinstance(way[0], int):
        # In a JSON Patch the name is in the operation's path, not on the way to the value.
        pointer = str(step.body[way[0]].get("path", "")).split("/")[1:]
        names = [part for part in pointer if not part.isdigit()] + names[1:]
    if any(name in step.secret_keys for name in names):
        return True
    return _secret_names(names, credentials=below(way, inside))


def _secret_names(names: list[str], *, credentials: bool) -> bool:
    if credentials:
        names = [name for name in names if name not in ("auth", "params", "specName")]
        return any(
            _SECRET_IN_CREDENTIALS.search(name) and not _HARMLESS_IN_CREDENTIALS.match(name) for name in names
        )
    return bool(names) and bool(_SECRET.search(names[-1]))


def _mask(text: str) -> str:
    """References stay; what is around them is hidden."""
    if not text:
        return text
    names = REFERENCE.findall(text)
    if not names:
        return MASK
    literal = REFERENCE.split(text)[::2]
    shown = [f"${{{name}}}" for name in names]
    parts = [MASK if literal[0] else ""]
    for reference, rest in zip(shown, literal[1:], strict=True):
        parts += [reference, MASK if rest else ""]
    return "".join(parts)


def texts(value: JSON, way: Way = ()) -> Iterator[tuple[Way, str]]:
    """Every text and number with the way to it: a password may be made of digits."""
    if isinstance(value, str):
        yield way, value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield way, str(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, (*way, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*way, index))


def rebuilt(value: JSON, change: Callable[[str, Way], str], way: Way = ()) -> JSON:
    """The same JSON with every text and number passed through `change(text, way)`; what it leaves alone stays."""
    if isinstance(value, dict):
        return {key: rebuilt(item, change, (*way, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [rebuilt(item, change, (*way, index)) for index, item in enumerate(value)]
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value)
        changed = change(text, way)
        return value if changed == text else changed
    return value
