"""Faults of the product that are known and not yet mended. A line goes from here with the change that mends it."""

from __future__ import annotations

import re

OPEN: dict[str, str] = {}
"""Pattern of what `Report.found` calls it -> what is wrong. The first that fits counts."""


def known(kind: str) -> str | None:
    """The pattern of a known fault, or None for one that nobody has seen."""
    return next((pattern for pattern in OPEN if re.fullmatch(pattern, kind)), None)
