"""Whether this surface breaks what the last release promised: a part of `make check`.

The surface of the last release is kept in released.json. Changes against it are sorted into none, compatible and
breaking. A breaking one passes only when CHANGELOG.md has a line that names it and the last release had already
announced it (deprecations.json, kept with the surface), so that everybody had one release to follow. `--keep`
(`make released-surface`) keeps the present surface: a step of a release.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aep_flow_mcp.surface.arguments import FORMER_NAMES
from distribution.changes import Card, Difference, differences
from distribution.product import ROOT, product

KEPT = Path("distribution/released.json")
DEPRECATIONS = Path("distribution/deprecations.json")
SURFACE = Path("src/aep_flow_mcp/surface/surface.json")


@dataclass(frozen=True)
class Released:
    """What the last release promised."""

    version: str
    is_out: bool
    tools: Sequence[Card]
    former_names: Mapping[str, str]
    deprecated: Mapping[str, str]


@dataclass(frozen=True)
class Verdict:
    """Every change, and what is missing for the breaking ones: a subject and the sentence about it."""

    found: list[Difference]
    missing: list[tuple[str, str]]

    @property
    def kind(self) -> str:
        """`none`, `compatible` or `breaking`."""
        if any(difference.breaking for difference in self.found):
            return "breaking"
        return "compatible" if self.found else "none"


def judge(
    released: Released, now: Sequence[Card], *, former_names: Mapping[str, str], changelog: str
) -> Verdict:
    """Sort what changed since the release, and say what the breaking changes lack.

    Args:
        released: the promise.
        now: the cards of the present surface.
        former_names: the former names of arguments that are accepted now.
        changelog: CHANGELOG.md; its first section is that of the version in the making.
    """
    found = differences(released.tools, now, former_names)
    for name in sorted(released.former_names.keys() - former_names.keys()):
        tool, _, argument = name.rpartition(".")
        found.append(Difference(tool or "every tool", argument, "is no longer accepted", breaking=True))
    lines = _lines_of_first_section(changelog)
    missing: list[tuple[str, str]] = []
    for difference in found:
        if not difference.breaking:
            continue
        if not any(_names(line, difference) for line in lines):
            missing.append((difference.subject, f"CHANGELOG.md has no line that names {_wanted(difference)}"))
        if not _announced(difference, released):
            missing.append((difference.subject, f"{released.version} did not announce it ({DEPRECATIONS})"))
    return Verdict(found, missing)


def _lines_of_first_section(changelog: str) -> list[str]:
    """The bullets of the newest version, each as one line."""
    sections = re.split(r"^## .*$", changelog, flags=re.MULTILINE)
    bullets = re.split(r"^- ", sections[1] if len(sections) > 1 else "", flags=re.MULTILINE)
    return [" ".join(bullet.split()) for bullet in bullets if bullet.strip()]


def _needed(difference: Difference) -> list[str]:
    """The names that a line about it must hold: the tool's, and that of the argument or field."""
    tool = [] if difference.tool == "every tool" else [difference.tool]
    return [*tool, *re.findall(r"\w+", difference.part)[-1:]]


def _names(line: str, difference: Difference) -> bool:
    return all(f"`{name}`" in line for name in _needed(difference))


def _wanted(difference: Difference) -> str:
    return " and ".join(f"`{name}`" for name in _needed(difference))


def _announced(difference: Difference, released: Released) -> bool:
    """A tool that was announced takes everything of it along; a former name was its own announcement."""
    if difference.what == "is no longer accepted":
        return True
    return difference.tool in released.deprecated or difference.subject in released.deprecated


def released_surface(root: Path = ROOT) -> Released:
    """Read what is kept."""
    kept: dict[str, Any] = json.loads((root / KEPT).read_text(encoding="utf-8"))
    return Released(**kept)


def keep(root: Path = ROOT, *, is_out: bool) -> None:
    """Keep the present surface as the promise of the version in pyproject.toml.

    Args:
        root: the checkout.
        is_out: whether that version is released; before the first release nobody relies on anything yet.
    """
    kept = {
        "version": product(root).version,
        "is_out": is_out,
        "former_names": dict(FORMER_NAMES),
        "deprecated": json.loads((root / DEPRECATIONS).read_text(encoding="utf-8")),
    }
    head = json.dumps(kept, indent=1, ensure_ascii=False).rstrip("}").rstrip()
    tools = json.loads((root / SURFACE).read_text(encoding="utf-8"))
    lines = ",\n".join(json.dumps(card, ensure_ascii=False, separators=(",", ":")) for card in tools)
    (root / KEPT).write_text(f'{head},\n "tools": [\n{lines}\n]}}\n', encoding="utf-8")


def report(released: Released, verdict: Verdict) -> str:
    """The verdict as lines: first the sort, then each change with what it lacks."""
    state = "" if released.is_out else ", which is not released yet"
    lines = [f"Against the surface of {released.version}{state}: {verdict.kind}."]
    for difference in sorted(verdict.found, key=lambda found: (not found.breaking, found.subject)):
        lacks = [sentence for subject, sentence in verdict.missing if subject == difference.subject]
        kind = "breaking  " if difference.breaking else "compatible"
        ending = f" ({'; '.join(dict.fromkeys(lacks))})" if difference.breaking and lacks else ""
        lines.append(f"{kind}  {difference.subject}: {difference.what}{ending}")
    if verdict.missing and not released.is_out:
        lines.append(
            "Before the first release, `make released-surface` takes the present surface as the promise."
        )
    return "\n".join(lines)


def main(arguments: list[str], root: Path = ROOT) -> int:
    """`--keep` and `--keep-released` write; without one of them, compare. 1 when a breaking change lacks something."""
    if arguments and arguments[0] not in ("--keep", "--keep-released"):
        print("Takes --keep, --keep-released or nothing.", file=sys.stderr)
        return 2
    if arguments:
        keep(root, is_out=arguments == ["--keep-released"])
        return 0
    released = released_surface(root)
    now: list[Card] = json.loads((root / SURFACE).read_text(encoding="utf-8"))
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    verdict = judge(released, now, former_names=FORMER_NAMES, changelog=changelog)
    print(report(released, verdict))
    return 1 if verdict.missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
