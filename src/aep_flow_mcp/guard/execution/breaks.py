"""Lines of a log that do not go on from the line before them: which were inserted, removed, or put elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aep_flow_mcp.guard.execution.chain import AFTER, NEW, Link

_MANY = 1_000
"""Lines of which one break is told."""

Places = Mapping[str, Sequence[int]]
"""By hash the lines that have it."""


@dataclass(frozen=True, slots=True)
class Break:
    """A line, with the hash that it states, which does not go on from the one before. over: the next line does."""

    line: int
    link: Link
    over: bool = False


def explained(breaks: Sequence[Break], places: Places, told: set[int]) -> Iterator[tuple[int, str]]:
    """Each line that is not where it was written, and why. told: lines of which something is said already."""
    told = set(told)
    for one in breaks:
        if one.line in told:
            continue
        for line, what in _one(one, places).items():
            if line not in told:
                told.add(line)
                yield line, what


def _one(one: Break, places: Places) -> dict[int, str]:
    number = one.line
    copies = [each for each in places.get(one.link.hash, ()) if each != number]
    before = places.get(one.link.prev, ())
    if copies:
        return {number: f"was inserted: it is a copy of line {copies[0]}"}
    if before and before[0] > number:
        other = before[0]
        return {
            number: f"stands before line {other}, after which it was written: their order was changed",
            other: f"stands after line {number}, before which it was written: their order was changed",
        }
    if one.over:
        return {number: f"was inserted: line {number + 1} goes on from the line before it"}
    if before:
        between = range(before[0] + 1, number)
        return dict.fromkeys(between[:_MANY], f"was inserted: line {number} goes on from line {before[0]}")
    begins = one.link.begins or ""
    if number > 1 and (begins == NEW or begins.startswith(AFTER)):
        before_it = range(1, number)
        return dict.fromkeys(before_it[:_MANY], f"was inserted: line {number} is the first of its chain")
    if begins:
        return {number: "begins a chain of its own: of what stood before it, anything may have been removed"}
    return {number: "goes on from a line that is not there: one or more lines before it were removed"}
