"""From a file to a policy, or to a sentence that names the line and the field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from aep_flow_mcp.guard.changes.canonical import visible
from aep_flow_mcp.guard.rules.models import PolicyFile
from aep_flow_mcp.settings import Settings, SettingsError

_LONGEST = 1_000_000


class PolicyError(SettingsError):
    """The policy file cannot be used; the message names the line and the field."""


def policy_of(settings: Settings) -> PolicyFile | None:
    """The policy that the settings name, if they name one.

    Raises:
        PolicyError: it cannot be used.
    """
    if settings.mcp_policy is None:
        return None
    found = read_policy(settings.mcp_policy)
    by_roles = next((rule.name for rule in found.rules if rule.who.roles), None)
    if by_roles is not None and not settings.mcp_auth_roles_claim:
        raise PolicyError(
            f"The policy (AEP_MCP_POLICY) has a rule for roles ({visible(by_roles)}), and AEP_MCP_AUTH_ROLES_CLAIM "
            "does not say which claim holds them."
        )
    return found


def read_policy(path: Path) -> PolicyFile:
    """A policy from a file.

    Raises:
        PolicyError: it cannot be read, or is none.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
    except OSError as error:
        raise PolicyError(
            f"The policy (AEP_MCP_POLICY) cannot be read: {path}: {error.strerror or type(error).__name__}."
        ) from None
    if len(data) > _LONGEST:
        raise PolicyError(f"The policy (AEP_MCP_POLICY) is longer than {_LONGEST} bytes: {path}.")
    return parsed(data, str(path))


def parsed(data: bytes | str, of: str) -> PolicyFile:
    """A policy from YAML. of: the name of the file, for what is said about it.

    Raises:
        PolicyError: it is none.
    """

    def wrong(line: int, what: str) -> PolicyError:
        return PolicyError(f"The policy (AEP_MCP_POLICY) is wrong in {of}, line {line}: {what}.")

    try:
        tree = yaml.compose(data, Loader=yaml.SafeLoader)
        if tree is None:
            raise wrong(1, "it is empty")
        for node in _keys_twice(tree):
            raise wrong(node.start_mark.line + 1, f"{visible(str(node.value))} is there twice")
        found = yaml.safe_load(data)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise wrong(mark.line + 1 if mark else 1, f"{error.problem or 'no YAML'}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, PolicyError):
            raise
        raise wrong(1, "it is no YAML text") from None
    try:
        return PolicyFile.model_validate(found)
    except ValidationError as error:
        # A misspelt name is also one that is missing: what was written is said.
        first = min(
            error.errors(include_url=False, include_input=False), key=lambda one: one["type"] == "missing"
        )
        line, field = _place(tree, first["loc"])
        raise wrong(line, f"{field or 'the file'} {_said(first)}") from None


def _keys_twice(node: yaml.Node) -> Iterator[yaml.Node]:
    """Keys that a mapping has already: which one was meant is not guessed."""
    seen: set[str] = set()
    waiting, done = [node], set()
    while waiting:
        one = waiting.pop()
        if id(one) in done:
            continue
        done.add(id(one))
        if isinstance(one, yaml.MappingNode):
            seen = set()
            for key, value in one.value:
                if str(key.value) in seen:
                    yield key
                seen.add(str(key.value))
                waiting.append(value)
        elif isinstance(one, yaml.SequenceNode):
            waiting.extend(one.value)


def _place(tree: yaml.Node, loc: tuple[int | str, ...]) -> tuple[int, str]:
    """The line and the path of a field, as far as the file has it."""
    node, line, path = tree, tree.start_mark.line, ""
    for part in loc:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line, path = node.start_mark.line, f"{path}[{part + 1}]"
        elif isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            path = f"{path}.{part}" if path else str(part)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
    return line + 1, visible(path)


def _said(error: Any) -> str:
    """What is wrong with a field, to go on from its name."""
    kind, message, context = error["type"], str(error["msg"]), error.get("ctx", {})
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is not known here"
    if kind in ("literal_error", "enum"):
        return f"takes {context.get('expected', 'something else')}"
    return f"is not right: {message[:1].lower()}{message[1:]}"
