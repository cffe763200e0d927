"""Prompts: Markdown files with front matter, in `prompts/` and in a folder of the user's own.

The front matter holds name, title, description and arguments (name, description, required, complete); the body
is a Jinja2 template over the arguments. Files are read when a client first asks for prompts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMPLETIONS = ("connector", "dataset", "flow", "sandbox")
"""What an argument's `complete` may name (completions.py)."""


class PromptError(ValueError):
    """A prompt file or a call of a prompt is wrong; the message says which and why."""


@dataclass(frozen=True)
class Argument:
    """One argument of a prompt."""

    name: str
    description: str
    required: bool
    complete: str | None


@dataclass(frozen=True)
class PromptFile:
    """One prompt, parsed."""

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    body: str

    def render(self, given: dict[str, str]) -> str:
        """The text with the arguments filled in.

        Raises:
            PromptError: a required argument is missing, or one is unknown.
        """
        known = {argument.name for argument in self.arguments}
        unknown = sorted(set(given) - known)
        missing = [
            item.name for item in self.arguments if item.required and not given.get(item.name, "").strip()
        ]
        if unknown or missing:
            wrong = [f"does not take {', '.join(unknown)}"] if unknown else []
            wrong += [f"needs {', '.join(missing)}"] if missing else []
            raise PromptError(f"The prompt {self.name} {' and '.join(wrong)}.")
        from jinja2 import StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment

        template = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False).from_string(self.body)
        values = {name: " ".join(given.get(name, "").split()) for name in known}
        return template.render(values).strip()


def shipped_folder() -> Path:
    """The prompts of the package: beside it when installed, at the top of a checkout otherwise."""
    installed = Path(__file__).with_name("prompts_shipped")
    return installed if installed.is_dir() else Path(__file__).resolve().parents[2] / "prompts"


def load_prompts(own: Path | None = None) -> dict[str, PromptFile]:
    """All prompts by name; one in the user's own folder replaces a shipped one of the same name.

    Raises:
        PromptError: a file is not a prompt, or the user's folder is not there.
    """
    folders = [shipped_folder()]
    if own is not None:
        if not own.is_dir():
            raise PromptError(f"AEP_MCP_PROMPTS_DIR names {own}, which is not a folder.")
        folders.append(own)
    prompts = [parse(path) for folder in folders for path in sorted(folder.glob("*.md"))]
    return {prompt.name: prompt for prompt in prompts}


def parse(path: Path) -> PromptFile:
    """Read one file.

    Raises:
        PromptError: the front matter is missing or says something else than it may.
    """
    import yaml

    text = path.read_text(encoding="utf-8")
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise PromptError(f"{path.name} does not start with front matter between two lines of ---.")
    try:
        front = yaml.safe_load(parts[1])
        return PromptFile(
            name=str(front["name"]),
            title=str(front["title"]),
            description=str(front["description"]),
            arguments=tuple(_argument(path, item) for item in front.get("arguments") or []),
            body=parts[2],
        )
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise PromptError(
            f"{path.name}: the front matter needs name, title and description ({error})."
        ) from error


def _argument(path: Path, item: dict[str, Any]) -> Argument:
    complete = item.get("complete")
    if complete is not None and complete not in COMPLETIONS:
        raise PromptError(f"{path.name}: complete takes one of {', '.join(COMPLETIONS)}.")
    return Argument(
        name=str(item["name"]),
        description=str(item["description"]),
        required=bool(item.get("required", False)),
        complete=complete,
    )
