"""What may be shown of a step: where its credentials stand, and bodies and answers with `***` in their place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from aep_flow_mcp.guard.changes.canonical import JSON
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import Step
from aep_flow_mcp.platform.redaction import MASK
from aep_flow_mcp.platform.redaction.masking import Leaf, Place, Way, hidden, masked, scalars, walked

REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_ENDS = (Kind.SOURCE_CONNECTION, Kind.TARGET_CONNECTION)


def masked_body(step: Step) -> JSON:
    """The body as it may be shown: references as they are, literal secrets as `***`."""
    return walked(step.body, _shown, Place.root(step.secret_keys))


def masked_fields(step: Step, content: str | None) -> JSON:
    """`before` or `after` of a step as it may be shown."""
    return None if content is None else walked(json.loads(content), _shown, Place.root(step.secret_keys))


def masked_answer(value: JSON) -> JSON:
    """What the API returned, with everything that looks like a secret as `***`."""
    return masked(value)


def texts(step: Step) -> Iterator[tuple[Place, str]]:
    """Every text and number of the body with its place: a password may be made of digits."""
    for place, value in scalars(step.body, Place.root(step.secret_keys)):
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            yield place, str(value)


def rebuilt(step: Step, body: JSON, change: Leaf) -> JSON:
    """A body of the step, which may have ids in place of references by now, with every text changed."""
    return walked(body, change, Place.root(step.secret_keys))


def takes_reference(step: Step, place: Place) -> bool:
    """Whether a value here may name a secret: only where it stays hidden when it is read back.

    Below `auth.params` of an account that is what its spec declares secret and what is masked by its name; in
    the parameters of a source or target connection, which the service gives back, what the spec declares.
    """
    way = from_root(step, place.way)
    if step.kind is Kind.CONNECTION:
        return is_credential(step, place) and place.secret
    return step.kind in _ENDS and way[:1] == ("params",) and place.marked


def is_credential(step: Step, place: Place) -> bool:
    """Whether the place is below `auth.params` of an account."""
    way = from_root(step, place.way)
    return step.kind is Kind.CONNECTION and way[:2] == ("auth", "params") and len(way) > 2


def from_root(step: Step, way: Way) -> Way:
    """The way from the root of the object, also where the body is a JSON Patch."""
    if step.method != "PATCH" or len(way) < 2 or not isinstance(way[0], int) or way[1] != "value":
        return way if step.method != "PATCH" else ()
    pointer = str(step.body[way[0]].get("path", "")).split("/")[1:]
    return (*(part.replace("~1", "/").replace("~0", "~") for part in pointer), *way[2:])


def _shown(place: Place, value: Any) -> JSON:
    """References stay; what is around them is hidden."""
    names = REFERENCE.findall(value) if place.secret and isinstance(value, str) else []
    if not names:
        return hidden(place, value)
    literal = REFERENCE.split(str(value))[::2]
    parts = [MASK if literal[0] else ""]
    for name, rest in zip(names, literal[1:], strict=True):
        parts += [f"${{{name}}}", MASK if rest else ""]
    return "".join(parts)
