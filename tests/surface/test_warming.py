"""What the next questions need is imported while a first answer is waited for."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from aep_flow_mcp.surface import warming
from aep_flow_mcp.surface.snapshot import PACKAGE, load_cards
from aep_flow_mcp.surface.warming import ASKED_FIRST, Warming

NAMES = ("warmed_one", "warmed_two", "warmed_three")


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text("", encoding="utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(warming, "FIRST_AFTER_S", 0)
    monkeypatch.setattr(warming, "BETWEEN_S", 0)


def _imported() -> list[str]:
    return [name for name in NAMES if name in sys.modules]


async def _turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.mark.usefixtures("modules")
def test_one_module_a_step_and_what_one_loop_left_the_next_one_does() -> None:
    mine = Warming(NAMES, NAMES)
    seen: list[list[str]] = []

    async def begin(turns: int) -> None:
        mine.begin()
        mine.begin()
        seen.append(_imported())
        await _turns(turns)
        seen.append(_imported())

    asyncio.run(begin(2))
    assert seen[0] == [], "nothing before there is something to wait for"
    assert seen[1] == ["warmed_one"]
    asyncio.run(begin(12))
    assert seen[3] == list(NAMES)


@pytest.mark.usefixtures("modules")
def test_what_is_there_takes_no_step() -> None:
    import warmed_one  # type: ignore[import-not-found]  # noqa: F401

    async def begin() -> None:
        Warming(NAMES[:2], NAMES).begin()
        await _turns(2)

    asyncio.run(begin())
    assert _imported() == ["warmed_one", "warmed_two"]


@pytest.mark.usefixtures("modules")
def test_what_cannot_be_called_is_not_imported() -> None:
    async def begin() -> None:
        Warming(["warmed_two", "something.else"], NAMES).begin()
        await _turns(12)

    asyncio.run(begin())
    assert _imported() == ["warmed_two"]


def test_it_imports_reading_tools_of_the_core() -> None:
    core = {
        f"{PACKAGE}.{card['module']}"
        for card in load_cards()
        if card["toolset"] == "core" and not card["writes"]
    }
    assert core.issuperset(ASKED_FIRST)
