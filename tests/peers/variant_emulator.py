"""Runs an emulator with variants that the command does not offer: `variant_emulator.py name=value ... --port N`.

Executed by the project's Python, not by the one of the peers.
"""

from __future__ import annotations

import argparse
from typing import Any

import uvicorn

from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Variants


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("variants", nargs="*")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    chosen: dict[str, Any] = dict(pair.split("=", 1) for pair in asked.variants)
    emulator = Emulator(EmulatorOptions(variants=Variants(**chosen)))
    uvicorn.run(emulator.app, host=asked.host, port=asked.port, log_level="warning")


if __name__ == "__main__":
    main()
