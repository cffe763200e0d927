"""The blocks of README, docs/ and the other pages of the root: what is in them, as data and as commands."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
SHELLS = {"console", "sh", "bash", "shell"}
DATA = {"json", "jsonc", "toml", "yaml"}
OTHERS = {"text", "python", "nginx", "caddy"}
OURS = "aep-flow-mcp"

_SHELL_WORD = re.compile(
    rf"(?:\w+=\S* )*(?:make|{OURS}|curl|python3|claude|uvx?|pipx|sha256sum|cd|docker)\b|\w+=\$\("
)


@dataclass(frozen=True)
class Block:
    """One block: its page (relative to the root), line and language; an indented one gets that of its first word."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """One line of a shell block as a shell has it, and its words without the variables set before them."""

    block: Block
    text: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.block.page}: {self.text}"

    def ours(self) -> tuple[str, ...] | None:
        """The arguments that our command is given in it, wherever it stands."""
        if OURS not in self.words:
            return None
        return self.words[self.words.index(OURS) + 1 :]


def blocks(root: Path = ROOT) -> list[Block]:
    """All of them, in order. The changelog has none, and is history."""
    pages = [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]
    return [
        block for page in pages for block in blocks_of(page.read_text("utf-8"), str(page.relative_to(root)))
    ]


def blocks_of(text: str, page: str) -> Iterator[Block]:
    for token in MarkdownIt("commonmark").parse(text):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "fence":
            yield Block(page, line, token.info.strip(), token.content)
        elif token.type == "code_block":
            yield Block(page, line, "console" if _SHELL_WORD.match(token.content) else "", token.content)


def data(block: Block) -> Any:
    """What a block of data says.

    Raises:
        ValueError: it cannot be read; the message is the reader's own.
    """
    match block.language:
        case "json":
            return json.loads(block.text)
        case "jsonc":
            return json.loads(without_comments(block.text))
        case "toml":
            return tomllib.loads(block.text)
        case "yaml":
            try:
                return yaml.safe_load(block.text)
            except yaml.YAMLError as error:
                raise ValueError(str(error)) from error
    raise ValueError(f"{block.language} is no data")


_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_STRING_OR_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')


def without_comments(text: str) -> str:
    """JSON with comments and trailing commas as JSON."""
    for pattern in (_STRING_OR_COMMENT, _STRING_OR_COMMA):
        text = pattern.sub(lambda found: found[1] or "", text)
    return text


def commands(block: Block) -> list[Command]:
    """The commands of a shell block, each with those it is joined to by a pipe.

    Raises:
        ValueError: quotes that do not close.
    """
    lines = [line.removeprefix("$ ") for line in block.text.replace("\\\n", " ").splitlines()]
    return [
        Command(block, part.strip(), words)
        for line in lines
        for part in re.split(r"\s&&\s", line)
        if (words := _words(part))
    ]


def _words(line: str) -> tuple[str, ...]:
    words = shlex.split(line, comments=True)
    while words and re.match(r"\w+=", words[0]):
        value = words[0].partition("=")[2]
        words = [value.removeprefix("$("), *words[1:]] if value.startswith("$(") else words[1:]
    return tuple(words)


def entries(value: Any) -> Iterator[dict[str, Any]]:
    """In a host's file, each entry that starts our command (`command`, or `cmd` as Goose has it)."""
    if isinstance(value, dict):
        if OURS in (value.get("command"), value.get("cmd")):
            yield value
        for inner in value.values():
            yield from entries(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from entries(inner)
