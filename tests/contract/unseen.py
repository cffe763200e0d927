"""What Adobe's file declares in answers and no answer holds: patterns of `METHOD /template /pointer`."""

from __future__ import annotations

UNSEEN: list[str] = []
