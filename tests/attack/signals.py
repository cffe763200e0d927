"""Servers as processes, stopped or killed at any moment of a write: what exists was said, or is written down.

`python tests/attack/signals.py --rounds 12`
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from guard.execution.test_cut_off import EXPORT, KINDS, Upstream, export
from support.processes import emulator_process, server_environment
from support.raw_client import raw_server

LATENCY = 0.15
ENDS = ("SIGTERM", "SIGINT", "SIGKILL")


def one_round(folder: Path, seed: int) -> list[str]:
    """One server, one export, one signal at some moment; what was wrong."""
    rng = random.Random(seed)
    end, audit, name = rng.choice(ENDS), folder / f"audit-{seed}.jsonl", f"Stopped {seed}"
    with emulator_process("--latency", str(LATENCY)) as url:
        upstream = Upstream(url)
        if rng.random() < 0.5:
            upstream.fault(r"^POST .*/flows$", "status", status=rng.choice((400, 502)))
        environment = server_environment(url, AEP_MCP_APPROVAL="none", AEP_MCP_AUDIT_LOG=str(audit))
        with raw_server(stderr=folder / f"stderr-{seed}.txt", **environment) as client:
            client.open()
            client.begin(1, EXPORT, **export(name))
            # Planning takes some twelve answers, writing another eight.
            time.sleep(rng.uniform(1.0, 4.5))
            client.process.send_signal(getattr(signal, end))
            code = client.ended()
        stored = upstream.stored(name)
    lines = [json.loads(line) for line in audit.read_text().splitlines()] if audit.exists() else []
    found = [f"exit code {code}"] if end != "SIGKILL" and code != 0 else []
    found += _killed(audit, lines, stored) if end == "SIGKILL" else _stopped(lines, stored)
    return [f"round {seed}, {end}: {one}" for one in found]


def _stopped(lines: list[dict[str, Any]], stored: dict[str, str]) -> list[str]:
    """A server that was told to stop has ended what it began, and its last line is true."""
    if not lines:
        return [f"stored without a line: {stored}"] if stored else []
    last = lines[-1]
    if last["event"] == "done" and (
        set(stored) != set(KINDS) or sorted(last["ids"]) != sorted(stored.values())
    ):
        return [f"said done: {stored}"]
    if last["event"] in ("failed", "refused") and stored:
        return [f"said {last['event']}: {stored}"]
    if last["event"] not in ("done", "failed", "refused", "unknown", "partly"):
        return [f"ended with the line {last['event']}"]
    told = json.dumps(last)
    return [f"not named: {kind} {id}" for kind, id in stored.items() if id not in told]


def _killed(audit: Path, lines: list[dict[str, Any]], stored: dict[str, str]) -> list[str]:
    """Of a server that was killed, `audit unfinished` names what exists, or the request that may have happened."""
    if not lines or lines[-1]["event"] not in ("approved", "step", "undoing", "undone"):
        return _stopped(lines, stored)
    command = [sys.executable, "-m", "aep_flow_mcp", "audit", "unfinished", str(audit)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    return [
        f"neither {kind} {id} nor its request is told of"
        for kind, id in stored.items()
        if id not in told and f"/{kind}" not in told
    ]


def main() -> int:
    """1 where anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    rounds = parser.parse_args().rounds
    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(rounds):
            found += one_round(Path(folder), seed)
    for one in found:
        print(one)
    print(f"{rounds} servers stopped or killed; {len(found)} found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
