"""What was measured, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evals.loop import Result
from evals.scripted import Outcome


def model_table(name: str, results: Sequence[Result]) -> str:
    """One line per kind of question, and one for all."""
    kinds = [*dict.fromkeys(one.question.kind for one in results), "all"]
    lines = ["| model | kind | questions | right | calls each | tokens in | tokens out | unapproved writes |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for kind in kinds:
        of = [one for one in results if kind in ("all", one.question.kind)]
        calls = sum(one.calls for one in of) / len(of)
        lines.append(
            f"| {name} | {kind} | {len(of)} | {sum(one.right for one in of)} | {calls:.1f} | "
            f"{sum(one.tokens_in for one in of)} | {sum(one.tokens_out for one in of)} | "
            f"{sum(one.unapproved_writes for one in of)} |"
        )
    return "\n".join(lines)


def scripted_table(by_seed: dict[int, list[Outcome]]) -> str:
    lines = [
        "| seed | questions | held by the first call | within three | never |",
        "| --- | --- | --- | --- | --- |",
    ]
    for seed, outcomes in by_seed.items():
        first = sum(one.held == 1 for one in outcomes)
        three = sum(one.held is not None and one.held <= 3 for one in outcomes)
        never = sum(one.held is None for one in outcomes)
        lines.append(f"| {seed} | {len(outcomes)} | {first} | {three} | {never} |")
    return "\n".join(lines)


def scripted_json(by_seed: dict[int, list[Outcome]]) -> list[dict[str, Any]]:
    return [
        {
            "seed": seed,
            "question": one.question.id,
            "text": one.question.text,
            "kind": one.question.kind,
            "held_after": one.held,
            "missing": list(one.missing),
            "calls": [str(call) for call in one.question.calls],
        }
        for seed, outcomes in by_seed.items()
        for one in outcomes
    ]
