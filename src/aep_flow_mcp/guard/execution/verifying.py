"""Whether a log is what was written: each line against the one before, and the end against what was noted elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from aep_flow_mcp.guard.execution.breaks import Break, explained
from aep_flow_mcp.guard.execution.chain import AFTER, HERE, NEW, Link, link_of, sha256
from aep_flow_mcp.guard.execution.locking import lock_file

_WAIT = 2.0
"""Seconds for which a line that is being written is waited for."""
_MANY = 1_000
"""Findings after which no more are looked for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of a line of a file; lines are counted from 1."""

    file: str
    line: int
    what: str


@dataclass(slots=True)
class Verdict:
    """What was found. first: the line where the chain of the first file begins. last: the hash of the last line."""

    lines: int = 0
    chained: int = 0
    first: int | None = None
    last: str | None = None
    problems: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"good": self.good, **asdict(self)}


def verify(paths: Sequence[Path], *, noted: str | None = None) -> Verdict:
    """Go through one log, in one file or in several, oldest first.

    noted: the hash of a line, written down elsewhere when it was the last one.

    Raises:
        OSError: a file cannot be read.
    """
    verdict = Verdict()
    met = noted is None
    count = 0
    for path in paths:
        reading = _Reading(path, verdict, noted)
        count = reading.run()
        met = met or reading.met
    if not met:
        what = "the hash that was noted is nowhere in it: lines after this one were cut off, or all of it is another's"
        verdict.problems.append(Finding(str(paths[-1]), count, what))
    return verdict


class _Reading:
    """One pass over one file."""

    def __init__(self, path: Path, verdict: Verdict, noted: str | None) -> None:
        self.path = path
        self.verdict = verdict
        self.noted = noted
        self.met = False
        self.last = verdict.last
        """The hash that the next line has to go on from; None before the first line of a chain."""
        self.begun = False
        self.ends: tuple[str | None, ...] = (verdict.last,)
        self.former: tuple[str | None, ...] = ()
        """Likewise for the line before the one that was read last."""
        self.strays: list[tuple[int, bytes]] = []
        self.before = hashlib.sha256()
        self.breaks: list[Break] = []
        self.problems: list[Finding] = []

    def run(self) -> int:
        """Read it, add what is to be said to the verdict, and give the number of lines."""
        number = 0
        for number, raw in enumerate(_lines(self.path), 1):
            line = raw.removesuffix(b"\n")
            link = link_of(line)
            if link is not None:
                self._link(number, link, line)
            else:
                self.strays.append((number, line))
            if len(raw) == len(line):
                self._cut_off(number, link)
            if not self.begun:
                self.before.update(raw)
            if len(self.problems) + len(self.breaks) >= _MANY:
                break
        self._explain()
        self._left_over(number)
        self.verdict.problems += sorted(self.problems, key=lambda finding: finding.line)
        self.verdict.lines += number
        self.verdict.last = self.last
        return number

    def _link(self, number: int, link: Link, line: bytes) -> None:
        """A line that states to be one of the chain."""
        self.met = self.met or self.noted == link.hash or (number == 1 and self.noted == link.prev)
        self.verdict.chained += 1
        if self.verdict.first is None:
            self.verdict.first = number
        strays, self.strays = self.strays, []
        if self.breaks and self.breaks[-1].line == number - 1 and link.prev in self.former:
            self.breaks[-1] = replace(self.breaks[-1], over=True)
        if link.good:
            self._good(number, link, strays)
        else:
            self._problem(number, "was changed: its bytes do not have the hash that it states")
            self._strange(strays, inserted=link.prev in self.ends)
        self.begun = True
        self.last = link.hash
        # Where a byte of the stated hash was changed, the next line has what it was.
        self.former, self.ends = self.ends, (link.hash,) if link.good else (link.hash, _computed(line))

    def _good(self, number: int, link: Link, strays: list[tuple[int, bytes]]) -> None:
        """Whether it goes on from what stands before it, and what is to be said of lines in between."""
        follows = link.prev in self.ends
        cut_off = self._cut_off_before(link, strays)
        if not self.begun and self._begins(number, link, strays):
            return
        if strays:
            self._strange(strays, inserted=follows or link.begins is not None)
            return
        if link.torn and not cut_off:
            self._problem(
                number, "says that a cut-off line stood before it, which is not there: it was removed"
            )
        if not follows:
            self.breaks.append(Break(number, link))

    def _begins(self, number: int, link: Link, strays: list[tuple[int, bytes]]) -> bool:
        """Whether it is a good first line of a chain in this file; what it says of that is written down."""
        if link.begins == HERE and strays:
            if link.prev == self.before.hexdigest():
                what = f"the chain begins here; the {len(strays)} line(s) before it have no hash, and are together "
                self._note(number, f"{what}what they were when it began")
            else:
                which = "line 1" if number == 2 else f"lines 1 to {number - 1}"
                self._problem(
                    strays[0][0], f"{which}, from before the chain, are not what they were when it began"
                )
            return True
        if strays or link.begins is None:
            return False
        if self.last is not None:
            return link.prev == self.last
        if link.begins == NEW:
            return True
        if link.begins.startswith(AFTER):
            former = link.begins.removeprefix(AFTER)
            self._note(number, f"goes on from {former}, whose last hash was {link.prev}")
            return True
        return False

    def _cut_off_before(self, link: Link, strays: list[tuple[int, bytes]]) -> bool:
        """Whether the line before is one that was cut off, as this one says; it is taken out of the strays."""
        if not link.torn or not strays or sha256(strays[-1][1]) != link.torn:
            return False
        number, _ = strays.pop()
        self._note(number, "was cut off while it was written (a process was killed, or the disk was full)")
        return True

    # --- what is wrong ----------------------------------------------------------------------------------

    def _strange(self, strays: list[tuple[int, bytes]], *, inserted: bool) -> None:
        """Lines that are no part of the chain, before one that is."""
        what = (
            "was inserted" if inserted else "was changed" if len(strays) == 1 else "was changed or inserted"
        )
        for number, _ in strays:
            self._problem(number, f"{what}: it is no line of the chain")

    def _cut_off(self, number: int, link: Link | None) -> None:
        if link is None:
            self.strays.pop()
        what = "is cut off: a process was killed while it wrote, or its end was taken away; the next line will say so"
        self._problem(number, what if link is None else "has no line feed at its end: it was taken away")

    def _left_over(self, number: int) -> None:
        """Lines after the last one of the chain."""
        if not self.begun and self.strays:
            return self._problem(
                self.strays[0][0], "no line has a hash: there is no chain that could be verified"
            )
        if not self.begun and number == 0 and self.noted is None:
            self._note(0, "the file is empty")
        for stray, _ in self.strays:
            self._problem(stray, "was changed or inserted: it is no line of the chain")
        return None

    def _explain(self) -> None:
        """Say of each break which lines are where they were not written; this takes a second look."""
        if not self.breaks:
            return
        wanted = {one.link.prev for one in self.breaks} | {one.link.hash for one in self.breaks}
        places: dict[str, list[int]] = {}
        for number, raw in enumerate(_lines(self.path), 1):
            link = link_of(raw.removesuffix(b"\n"))
            if link is not None and link.hash in wanted:
                places.setdefault(link.hash, []).append(number)
        told = {finding.line for finding in self.problems}
        for line, what in explained(self.breaks, places, told):
            self._problem(line, what)

    def _problem(self, line: int, what: str) -> None:
        self.problems.append(Finding(str(self.path), line, what))

    def _note(self, line: int, what: str) -> None:
        self.verdict.notes.append(Finding(str(self.path), line, what))


def _computed(line: bytes) -> str:
    return sha256(line[: line.rfind(b',"hash":"')])


def _lines(path: Path) -> Iterator[bytes]:
    """The lines with their line feeds, as far as they were written when this began."""
    if path.exists() and not path.is_file():
        raise OSError(None, "it is not a regular file")
    with path.open("rb") as file:
        left = _length(path)
        for line in file:
            if left <= 0:
                return
            yield line[:left]
            left -= len(line)


def _length(path: Path) -> int:
    """How long a file is, while nobody is in the middle of a line."""
    with path.open("rb") as file:
        with suppress(TimeoutError):
            lock_file(file.fileno(), within=_WAIT)
        return path.stat().st_size
