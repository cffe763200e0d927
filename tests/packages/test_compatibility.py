"""What a breaking change needs before `make check` passes, and what is kept of the last release."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.surface.arguments import FORMER_NAMES
from distribution import compatibility
from distribution.compatibility import Released, judge, keep, released_surface, report
from distribution.product import ROOT, product
from packages.test_changes import TEXT, card, taking

CHANGELOG = (
    "# Changelog\n\n## 0.3.0 (unreleased)\n\n{lines}\n\n## 0.2.0\n\n- `look` lost `a`: an older line.\n"
)


def released(*tools: dict[str, Any], **parts: Any) -> Released:
    known: dict[str, Any] = {"version": "0.2.0", "is_out": True, "former_names": {}, "deprecated": {}}
    return Released(**(known | {"tools": list(tools)} | parts))


def lacking(promise: Released, now: list[dict[str, Any]], lines: str = "") -> set[str]:
    verdict = judge(promise, now, former_names={}, changelog=CHANGELOG.format(lines=lines))
    return {sentence for _, sentence in verdict.missing}


def test_a_breaking_change_needs_a_line_and_an_announcement() -> None:
    said = "- `look` takes no `a` any more;\n  use another tool."
    assert len(lacking(released(taking(TEXT)), [card()])) == 2
    assert lacking(released(taking(TEXT)), [card()], said) == {
        "0.2.0 did not announce it (distribution/deprecations.json)"
    }
    announced = released(taking(TEXT), deprecated={"look.a": "0.2.0: use another tool"})
    assert lacking(announced, [card()]) == {"CHANGELOG.md has no line that names `look` and `a`"}
    assert lacking(announced, [card()], said) == set()


@pytest.mark.parametrize(
    "line", ["- `look` is better.", "- `a` is gone.", "- look takes no a.", "`look` and `a`"]
)
def test_a_line_must_name_both_in_one_entry_of_this_version(line: str) -> None:
    announced = released(taking(TEXT), deprecated={"look": "0.2.0"})
    assert bool(lacking(announced, [card()], line)) is line.startswith("-")


def test_a_tool_that_was_announced_takes_everything_along() -> None:
    announced = released(taking(TEXT), deprecated={"look": "0.2.0: use see"})
    assert lacking(announced, [], "- `look` is gone.") == set()
    assert lacking(announced, [card()], "- `look` takes no `a`.") == set()


def test_another_announcement_does_not_help() -> None:
    announced = released(taking(TEXT), deprecated={"look.b": "0.2.0", "see": "0.2.0"})
    assert len(lacking(announced, [], "- `look` is gone.")) == 1


def test_compatible_changes_need_nothing() -> None:
    verdict = judge(released(card()), [taking(TEXT)], former_names={}, changelog="")
    assert (verdict.kind, verdict.missing) == ("compatible", [])
    verdict = judge(released(card()), [card()], former_names={}, changelog="")
    assert (verdict.kind, verdict.found) == ("none", [])


def test_a_former_name_ends_with_a_line_in_the_changelog() -> None:
    promise = released(taking(TEXT), former_names={"old": "a", "look.older": "a"})
    verdict = judge(
        promise, [taking(TEXT)], former_names={}, changelog=CHANGELOG.format(lines="- `old` is gone.")
    )
    assert [(item.subject, item.breaking) for item in verdict.found] == [
        ("look.older", True),
        ("every tool.old", True),
    ]
    assert {subject for subject, _ in verdict.missing} == {"look.older"}


def test_the_report_says_the_sort_first_and_what_is_lacking() -> None:
    promise = released(taking(TEXT), card(name="see"), is_out=False)
    now = [card(), card(name="see", toolset="core"), card(name="watch")]
    lines = report(promise, judge(promise, now, former_names={}, changelog="")).splitlines()
    assert lines[0] == "Against the surface of 0.2.0, which is not released yet: breaking."
    assert lines[1].startswith("breaking    look.a: is gone (CHANGELOG.md has no line")
    assert lines[2] == "compatible  watch: is new"
    assert "make released-surface" in lines[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in (
        "pyproject.toml",
        "CHANGELOG.md",
        *map(str, (compatibility.DEPRECATIONS, compatibility.SURFACE)),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_check_fails_when_a_tool_is_taken_away(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compatibility.main(["--keep-released"], checkout) == 0
    assert compatibility.main([], checkout) == 0
    surface = checkout / compatibility.SURFACE
    tools = json.loads(surface.read_text(encoding="utf-8"))
    surface.write_text(json.dumps([tool for tool in tools if tool["name"] != "find_flows"]), encoding="utf-8")
    assert compatibility.main([], checkout) == 1
    said = capsys.readouterr().out
    assert ": breaking." in said
    assert "find_flows: is gone (" in said


def test_an_unknown_option_keeps_nothing(checkout: Path) -> None:
    assert compatibility.main(["--kep"], checkout) == 2
    assert not (checkout / compatibility.KEPT).exists()


def test_what_is_kept_is_read_again(checkout: Path) -> None:
    keep(checkout, is_out=True)
    kept = released_surface(checkout)
    assert kept.version == product().version
    assert kept.is_out
    assert kept.tools == json.loads((checkout / compatibility.SURFACE).read_text(encoding="utf-8"))
    assert kept.former_names == FORMER_NAMES


def test_the_promise_that_is_kept_is_of_a_version_up_to_this_one() -> None:
    kept = released_surface()
    assert tuple(map(int, kept.version.split("."))) <= tuple(map(int, product().version.split(".")))
    assert len(kept.tools) > 90
