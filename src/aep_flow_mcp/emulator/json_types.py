"""The type of everything that is sent, stored and answered."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]
