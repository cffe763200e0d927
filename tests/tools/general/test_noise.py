"""What a person does not need costs words: 36 characters of an id stand once in a row."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tools.bed import NOW, Bed
from tools.reading import READS
from tools.writing import World

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CHOICES = {"map_connection_specs", "find_connector", "plan_pipeline"}
"""Lines that offer several things of one name, or that fit, by their ids."""


def _asked(bed: Bed, tool: str) -> dict[str, Any]:
    """Its usual question, without the detail that shows objects as they are stored."""
    return {name: value for name, value in READS[tool](World(bed.emulator, NOW)).items() if name != "detail"}


@pytest.mark.parametrize("tool", READS)
async def test_an_id_stands_once_in_a_row_at_most(bed: Bed, tool: str) -> None:
    text = await bed.text(tool, **_asked(bed, tool))
    rows = [line for line in text.split("\n") if " | " in line or (": {" not in line and ": [" not in line)]
    several = [line for line in rows if len(ID.findall(line)) > 1]
    assert not several or tool in CHOICES
    tables = [line for line in rows if " | " in line]
    assert not [line for line in tables if len(ID.findall(line)) > 1]
