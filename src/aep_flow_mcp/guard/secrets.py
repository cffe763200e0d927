"""References to secrets in, redaction out.

`${AEP_SECRET_NAME}` in a credential field stands for an environment variable of this process. It is resolved in
the bytes that are sent and nowhere else: previews, results, errors and the audit log show the reference. It is taken
only where the value stays hidden when it is read back (`masking.takes_reference`). A value in a credential
field that is no reference works too, and is shown as `***`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aep_flow_mcp.guard.changes.canonical import JSON, dotted
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.masking import (
    REFERENCE,
    from_root,
    is_credential,
    rebuilt,
    takes_reference,
    texts,
)
from aep_flow_mcp.guard.changes.steps import Step
from aep_flow_mcp.platform.redaction import MASK
from aep_flow_mcp.platform.redaction.masking import Place, scalars
from aep_flow_mcp.platform.redaction.values import Redactor

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MASKED = re.compile(r"(?:^|[\s=:/\"'}])\*{3,}(?=$|[\s@;&,\"'/$])")
"""Asterisks where a value would be, ours or the service's: `***`, `AccountKey=***;`, `https://***@host`."""
_SHORTEST = 3
"""Characters of a secret that one Change uses: what it sent is taken out of what comes back, short as it is."""


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
        SecretError: a reference in a field that is shown when it is read back, with another prefix, or to a
            variable that is not set or empty; or the mask of an answer in place of a value.
    """
    for step in change.steps:
        _check_elsewhere(step, prefix)
        stored = _masks_stored(step)
        for place, text in texts(step):
            field = _field(step, place)
            if _is_mask(step, place, text) and field not in stored:
                raise SecretError(
                    f"{field} is {MASK}: this is the mask that answers show, not a value. "
                    f"Pass ${{{prefix}...}} where it is a secret, or leave the field out."
                )
            if not takes_reference(step, place):
                if f"${{{prefix}" in text:
                    raise SecretError(_not_taken(step, place, field, prefix))
                if not is_credential(step, place):
                    continue
            for name in REFERENCE.findall(text):
                _check_name(name, field, prefix)
                if not environ.get(name):
                    raise SecretError(
                        f"{field} refers to {name}, which is not set (or is empty) in the environment "
                        "of this server. Set it there and call again."
                    )
    return uses(change)


def uses(change: Change) -> SecretUse:
    """What a Change does with secrets, without looking at any value."""
    references: set[str] = set()
    literal: dict[str, None] = {}
    for step in change.steps:
        for place, text in texts(step):
            names = REFERENCE.findall(text) if takes_reference(step, place) else []
            references.update(names)
            rest = REFERENCE.sub("", text) if names else text
            if rest.strip() and place.secret:
                literal[_field(step, place)] = None
    return SecretUse(tuple(sorted(references)), tuple(literal))


def resolve(step: Step, body: JSON, environ: Mapping[str, str], prefix: str) -> JSON:
    """The body with every reference that is taken replaced by its value. Values are not expanded again.

    Raises:
        SecretError: as `check`; the environment may have changed since.
    """

    def expand(place: Place, text: Any) -> JSON:
        if not isinstance(text, str) or not takes_reference(step, place):
            return text

        def value(match: re.Match[str]) -> str:
            _check_name(match[1], _field(step, place), prefix)
            found = environ.get(match[1])
            if not found:
                raise SecretError(f"{match[1]} is not set in the environment of this server.")
            return found

        return REFERENCE.sub(value, text)

    return rebuilt(step, body, expand)


def redactor_of(change: Change, environ: Mapping[str, str]) -> Redactor:
    """Takes the secret values of a Change out of errors and results; where there is a reference, it stands instead."""
    redactor = Redactor()
    for step in change.steps:
        for place, text in texts(step):
            names = REFERENCE.findall(text) if takes_reference(step, place) else []
            for name in names:
                redactor.learn(environ.get(name, ""), f"${{{name}}}", shortest=_SHORTEST)
            if not names and place.secret:
                redactor.learn(text, shortest=_SHORTEST)
    return redactor


# --- the checks and the walk ------------------------------------------------------------------------------


def _is_mask(step: Step, place: Place, text: str) -> bool:
    """Whether a text is what an answer shows in place of a value; in a credential, also within a longer text."""
    if place.secret or is_credential(step, place):
        return _MASKED.search(text) is not None
    return text.strip() == MASK


def _masks_stored(step: Step) -> frozenset[str]:
    """Fields that hold the mask's letters already and are no secrets: a description may say what it likes."""
    if step.before is None:
        return frozenset()
    found = scalars(json.loads(step.before), Place.root(step.secret_keys))
    return frozenset(dotted(place.way) for place, value in found if value == MASK and not place.secret)


def _check_elsewhere(step: Step, prefix: str) -> None:
    """Paths, queries, ETags and field names never hold a reference."""
    start = f"${{{prefix}"
    texts = [step.path, step.etag or "", *(part for pair in step.params for part in pair), *_names(step.body)]
    if any(start in text for text in texts):
        raise SecretError(
            f"A secret is referenced outside the body of {step.method} {step.label}: {_where_taken(prefix)}"
        )


def _not_taken(step: Step, place: Place, field: str, prefix: str) -> str:
    if is_credential(step, place):
        return (
            f"{field} is shown when it is read back, so a secret cannot stand there: ${{{prefix}...}} is taken below "
            "auth.params in fields that the connector's spec declares secret, or that stay masked. Give the value "
            "itself."
        )
    return f"A secret is referenced in {field}: {_where_taken(prefix)}"


def _where_taken(prefix: str) -> str:
    return (
        f"${{{prefix}...}} is taken below auth.params of a connection, and in params of a source or target "
        "connection that the connector's spec declares secret."
    )


def _check_name(name: str, place: str, prefix: str) -> None:
    if not _NAME.fullmatch(name) or not name.startswith(prefix) or name == prefix:
        raise SecretError(
            f"{place} refers to an environment variable that may not be used: only ${{{prefix}NAME}} is taken there "
            "(AEP_MCP_SECRETS_PREFIX)."
        )


def _field(step: Step, place: Place) -> str:
    return dotted(from_root(step, place.way) or place.way)


def _names(value: JSON) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)
