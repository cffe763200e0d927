"""`make docs`: the Markdown of docs/ as a site in build/site; a broken link, a forgotten page or a foreign asset fails.

The pages of the checkout's root are copied beside those of docs/, their links made right, and folders in the navigation
filled, before mkdocs sees any of it: what it gets is plain, so that another builder of the same configuration would do.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = Path(__file__).with_name("mkdocs.yml")
OF_THE_ROOT = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "RELEASING.md", "LICENSE")
"""They lie where a repository's host looks for them, and not in docs/."""

_LINK = re.compile(r"\]\(([^)\s#]+)(#[^)\s]*)?\)")
_LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\ssrc=[\"']?((?:https?:)?//[^\"'\s>]+)", re.IGNORECASE
)
_LINKED = re.compile(r"<link\b[^>]*\shref=[\"']?((?:https?:)?//[^\"'\s>]+)", re.IGNORECASE)
_IN_STYLE = re.compile(r"(?:url\(|@import\s*)[\"']?((?:https?:)?//[^\"')\s]+)")


def main() -> int:
    """Build the site; 0 when all of it is right."""
    build = ROOT / "build"
    staged = stage(ROOT, build / "pages")
    configuration = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
    configuration["nav"] = filled(configuration["nav"], staged)
    told = build / "mkdocs.yml"
    told.write_text(yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True), "utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean", "--config-file", str(told)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if outcome.returncode:
        print(outcome.stdout, outcome.stderr, sep="", file=sys.stderr)
        return outcome.returncode
    foreign = foreign_assets(build / "site")
    for line in foreign:
        print(f"is loaded from another host: {line}", file=sys.stderr)
    print(f"{len(list((build / 'site').rglob('*.html')))} pages in build/site")
    return int(bool(foreign))


def stage(root: Path, target: Path) -> Path:
    """A copy of docs/ with the pages of the root, whose links to each other hold inside of it."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(root / "docs", target)
    for name in OF_THE_ROOT:
        if (root / name).exists():
            text = (root / name).read_text("utf-8")
            if name.endswith(".md"):
                (target / name).write_text(moved(text, lambda link: link.removeprefix("docs/")), "utf-8")
            else:
                (target / name).write_text(text, "utf-8")
    for page in target.rglob("*.md"):
        if page.name not in OF_THE_ROOT:
            up = "../" * len(page.relative_to(target).parent.parts)
            page.write_text(moved(page.read_text("utf-8"), lambda link, up=up: _into(link, up)), "utf-8")
    return target


def moved(text: str, to: Any) -> str:
    """A page with each link's target replaced by what `to` says."""
    return _LINK.sub(lambda found: f"]({to(found[1])}{found[2] or ''})", text)


def _into(link: str, up: str) -> str:
    """A link out of docs/ to a page of the root, as a link inside of the site."""
    name = link.removeprefix(f"{up}../")
    return f"{up}{name}" if name in OF_THE_ROOT else link


def filled(items: list[Any], pages: Path) -> list[Any]:
    """The navigation with the pages of each folder in its place; what is not there is left out.

    A name that is wrong is seen all the same: the page that was meant is in no list then, which fails the build.
    """
    return [found for item in items if (found := _filled(item, pages))]


def _filled(item: Any, pages: Path) -> Any:
    if isinstance(item, str):
        return item if (pages / item).exists() else None
    ((title, value),) = item.items()
    if isinstance(value, list):
        return {title: filled(value, pages)}
    if not value.endswith("/"):
        return item if (pages / value).exists() else None
    names = _in_order(pages / value)
    return {title: [f"{value}{name}" for name in names]} if names else None


def _in_order(folder: Path) -> list[str]:
    """README.md first, then what it links to as it does, then what it forgets."""
    there = sorted(path.name for path in folder.glob("*.md"))
    if "README.md" not in there:
        return there
    named = [link for link, _ in _LINK.findall((folder / "README.md").read_text("utf-8")) if link in there]
    return list(dict.fromkeys(["README.md", *named, *there]))


def foreign_assets(site: Path) -> list[str]:
    """What the pages would load from another host: `page: address`. Links that a person follows do not count."""
    found = {
        f"{path.relative_to(site)}: {address}"
        for path in [*site.rglob("*.html"), *site.rglob("*.css")]
        for address in assets(path.read_text("utf-8"), path.suffix)
    }
    return sorted(found)


def assets(text: str, suffix: str) -> list[str]:
    """Addresses on another host that a page (`.html`) or a style (`.css`) loads by itself."""
    patterns = [_IN_STYLE] if suffix == ".css" else [_LOADED, _LINKED]
    return [address for pattern in patterns for address in pattern.findall(text)]


if __name__ == "__main__":
    sys.exit(main())
