"""The seeded organisation, made once for all tests whose clock stands at the same time.

Emulators may share it because stored objects are never changed in place: what is written lies over it. A test holds
the emulator to that.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import Any

from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.seed import Seed, build_seed


def emulator_on_shared_seed(options: EmulatorOptions) -> Emulator:
    """An emulator as if it had made its own organisation."""
    if options.scale is not None:
        return Emulator(options)
    return Emulator(options, seed_data=shared_seed(options.seed, options.clock()))


@cache
def shared_seed(seed: int, now: datetime) -> Seed:
    """The organisation of this seed at this time."""
    return build_seed(seed=seed, now=now)


def as_text(seed: Seed) -> str:
    """All of a seed as text, to compare two."""
    parts: list[Any] = [seed.sandboxes, seed.connection_specs, seed.flow_specs, seed.broken]
    for sandbox in seed.by_sandbox.values():
        parts += [
            [*sandbox.connections, *sandbox.source_connections, *sandbox.target_connections, *sandbox.flows],
            sandbox.datasets,
            sandbox.schemas,
            list(sandbox.mapping_sets),
            sandbox.files,
        ]
        parts += [
            [sandbox.runs.get(id) for id in sandbox.runs.ids()[::7]],
            sorted(sandbox.batches)[::50],
        ]
    return json.dumps(parts, ensure_ascii=False)
