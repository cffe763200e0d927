"""A stateful Adobe Flow Service, with IMS and the neighbours it needs, as an ASGI application.

    emulator = Emulator(EmulatorOptions(seed=7))
    uvicorn.run(emulator.app)

It shares no code with the client of this package: a wrong idea of the API must not be wrong twice.
"""

from __future__ import annotations

from .app import Emulator
from .clock import Clock
from .faults import FaultHit, FaultRule
from .journal import Exchange
from .options import EmulatorOptions, Variants
from .serving import ConnectionDropped

__all__ = [
    "Clock",
    "ConnectionDropped",
    "Emulator",
    "EmulatorOptions",
    "Exchange",
    "FaultHit",
    "FaultRule",
    "Variants",
]
