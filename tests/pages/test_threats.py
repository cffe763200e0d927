"""What the documentation says is held by a test, is held by one that there is."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGES = TESTS.parent / "docs"


def test_every_test_that_a_page_names_is_there() -> None:
    defined = {
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.M)
    }
    named = {
        name for page in PAGES.glob("*.md") for name in re.findall(r"`(test_\w+)`", page.read_text("utf-8"))
    }
    assert len(named) > 40
    assert named - defined - {"test_connection"} == set()
