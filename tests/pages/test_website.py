"""What `make docs` hands to mkdocs, without mkdocs: pages of the root, links, the navigation, assets of other hosts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pages.website import CONFIGURATION, OF_THE_ROOT, ROOT, assets, filled, stage

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stage(ROOT, tmp_path_factory.mktemp("site") / "pages")


def navigation(pages: Path) -> list[Any]:
    return filled(yaml.safe_load(CONFIGURATION.read_text("utf-8"))["nav"], pages)


def listed(items: list[Any]) -> list[str]:
    found: list[str] = []
    for item in items:
        value = next(iter(item.values())) if isinstance(item, dict) else item
        found += listed(value) if isinstance(value, list) else [value]
    return found


def anchors(page: str) -> set[str]:
    """As GitHub and the site make them: of headings outside of blocks."""
    text = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    return {
        re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


def broken(page: Path, root: Path) -> list[str]:
    """Links of a page to a file or an anchor that is not there."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    wrong: list[str] = []
    for link in LINK.findall(text):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        there = target.exists() and target.is_relative_to(root)
        if not there or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            wrong.append(link)
    return wrong


def test_every_page_is_in_the_navigation_once(staged: Path) -> None:
    pages = {path.relative_to(staged).as_posix() for path in staged.rglob("*.md")}
    found = listed(navigation(staged))
    assert len(found) == len(set(found))
    assert set(found) == pages


def test_a_folder_is_in_the_order_of_its_own_page(staged: Path) -> None:
    guides = next(item["Guides"] for item in navigation(staged) if "Guides" in item)
    assert guides[:3] == ["guides/README.md", "guides/import-files.md", "guides/import-landing-zone.md"]


def test_what_is_not_there_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "here.md").write_text("# Here\n", "utf-8")
    plan = [{"Gone": "gone/"}, "here.md", {"Part": ["here.md", "gone.md", {"Gone": "gone/"}]}]
    assert filled(plan, tmp_path) == ["here.md", {"Part": ["here.md"]}]


@pytest.mark.parametrize(
    "path", [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda path: path.name
)
def test_links_hold_in_the_checkout(path: Path) -> None:
    assert broken(path, ROOT) == []


def test_links_hold_in_the_site(staged: Path) -> None:
    wrong = {path.name: links for path in staged.rglob("*.md") if (links := broken(path, staged))}
    assert wrong == {}


def test_a_broken_link_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Two words\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md#two-words) [b](other.md#three) [c](no.md) [d](https://x.invalid)\n", "utf-8"
    )
    assert broken(page, tmp_path) == ["other.md#three", "no.md"]


def test_the_pages_of_the_root_are_there_and_lead_back(tmp_path: Path) -> None:
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    (tmp_path / "SECURITY.md").write_text("[a](docs/safety.md#x)", "utf-8")
    (tmp_path / "docs" / "deep" / "page.md").write_text("[b](../../SECURITY.md) [c](other.md)", "utf-8")
    staged = stage(tmp_path, tmp_path / "out")
    assert (staged / "SECURITY.md").read_text("utf-8") == "[a](safety.md#x)"
    assert (staged / "deep" / "page.md").read_text("utf-8") == "[b](../SECURITY.md) [c](other.md)"
    assert "SECURITY.md" in OF_THE_ROOT


def test_what_is_loaded_from_another_host_is_seen() -> None:
    page = (
        '<link rel="stylesheet" href="https://fonts.invalid/a.css"><script src="//cdn.invalid/b.js"></script>'
        '<a href="https://adobe.invalid/">read</a><img src="assets/c.png">'
    )
    assert assets(page, ".html") == ["//cdn.invalid/b.js", "https://fonts.invalid/a.css"]
    assert assets("body{background:url(https://x.invalid/d.png)}", ".css") == ["https://x.invalid/d.png"]
    assert assets("body{background:url(data:image/png;base64,AA)}", ".css") == []
