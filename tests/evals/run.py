"""`make eval`: without a model, which questions one call answers; with one, how many it gets right.

    python tests/evals/run.py --seed 11 --seed 12
    EVAL_MODEL=... EVAL_API_KEY=... python tests/evals/run.py --seed 11
    ... --server 'other-mcp-server --flag'   # a peer, pointed at the same emulator

EVAL_WIRE is `openai` (default) or `anthropic`; EVAL_BASE_URL is the endpoint up to `/v1`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from pathlib import Path

import httpx

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from evals.connected import peer, present
from evals.loop import SYSTEM, Assistant, Person, Result
from evals.organisation import NOW, make_organisation
from evals.plan import SANDBOX
from evals.report import model_table, scripted_json, scripted_table
from evals.scripted import in_process, questions_of, run_scripted
from evals.wire import WIRES, Model

BASES = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com/v1"}
SEEDS = (11, 12, 13)


def main() -> int:
    arguments = _arguments()
    logging.disable(logging.CRITICAL)
    for name in [name for name in os.environ if name.startswith("AEP_")]:
        del os.environ[name]
    key, model = os.environ.get("EVAL_API_KEY"), os.environ.get("EVAL_MODEL")
    seeds = arguments.seed or list(SEEDS)
    if key and model:
        return asyncio.run(_with_model(model, key, seeds, arguments))
    if arguments.server:
        print("A peer is asked by a model: set EVAL_MODEL and EVAL_API_KEY.", file=sys.stderr)
        return 2
    by_seed = {seed: asyncio.run(run_scripted(seed)) for seed in seeds}
    print("No model (EVAL_MODEL and EVAL_API_KEY): each question's best calls.\n")
    print(scripted_table(by_seed))
    for seed, outcomes in by_seed.items():
        for one in outcomes:
            if one.held != 1:
                print(f"\nseed {seed}, {one.question.id}: {one.question.text}")
                print(
                    f"  after {one.held or 'no'} calls; {one.question.calls[0]} lacks {', '.join(one.missing)}"
                )
    arguments.output.write_text(json.dumps(scripted_json(by_seed), ensure_ascii=False, indent=1) + "\n")
    return 0


async def _with_model(name: str, key: str, seeds: list[int], arguments: argparse.Namespace) -> int:
    wire = os.environ.get("EVAL_WIRE", "openai")
    base = os.environ.get("EVAL_BASE_URL", BASES[wire]).rstrip("/")
    results: list[Result] = []
    async with httpx.AsyncClient(timeout=300) as http:

        def make_model() -> Model:
            return WIRES[wire](http, base, key, name)

        for seed in seeds:
            organisation = make_organisation(seed, present() if arguments.server else NOW)
            person = Person()
            connected = (
                peer(arguments.server, organisation, person)
                if arguments.server
                else in_process(organisation, person)
            )
            system = SYSTEM.format(sandbox=SANDBOX, now=f"{organisation.now:%Y-%m-%d %H:%M} UTC")
            async with connected as client:
                assistant = Assistant(client, organisation, person, make_model)
                for question in questions_of(organisation)[: arguments.questions]:
                    results.append(await assistant.answer(question, system))
                    print("." if results[-1].right else "x", end="", flush=True)
    print(f"\n\n{model_table(name, results)}")
    told = {
        "model": name,
        "server": arguments.server or "aep-flow-mcp",
        "results": [one.as_json() for one in results],
    }
    arguments.output.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seed", type=int, action="append", help="an organisation; may be given several times"
    )
    parser.add_argument("--server", help="the command of another MCP server, over stdio")
    parser.add_argument("--questions", type=int, help="only the first so many")
    parser.add_argument("--output", type=Path, default=Path("eval-results.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
