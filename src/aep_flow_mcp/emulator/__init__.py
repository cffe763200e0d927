"""A stateful Adobe Flow Service, with IMS and the neighbours it needs, as an ASGI application, which shares no code
with the client of this package: a wrong idea of the API must not be wrong twice.

    emulator = Emulator(EmulatorOptions(seed=7))
    uvicorn.run(emulator.app)
"""

from __future__ import annotations

from .app import Emulator
from .http.asgi_app import ConnectionDropped
from .state.clock import Clock
from .state.content import Scale
from .state.options import EmulatorOptions, Variants
from .steering.faults import FaultHit, FaultKind, FaultRule
from .steering.journal import Exchange

__all__ = [
    "Clock",
    "ConnectionDropped",
    "Emulator",
    "EmulatorOptions",
    "Exchange",
    "FaultHit",
    "FaultKind",
    "FaultRule",
    "Scale",
    "Variants",
]
