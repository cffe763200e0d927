"""One invented organisation, the same for the same seed and time; it may import `catalogue` and `state`, and
must not know the services that show it.
"""

from __future__ import annotations

from ..state.content import ORG_ID, SandboxSeed, Seed
from .build import build_seed

__all__ = ["ORG_ID", "SandboxSeed", "Seed", "build_seed"]
