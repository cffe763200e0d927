"""The versions that a bundle and the inventory of a release name are such as pyproject.toml allows."""

from __future__ import annotations

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from distribution.product import ROOT, product

FACTS = product()


def test_every_direct_dependency_is_locked_within_its_range() -> None:
    lines = (ROOT / "distribution" / "locked.txt").read_text(encoding="utf-8").splitlines()
    locked = dict(line.split(" ;")[0].split("==") for line in lines if line[:1] != "#")
    for text in FACTS.dependencies:
        wanted = Requirement(text)
        name = canonicalize_name(wanted.name)
        assert name in locked, f"{name} is not locked: run `make lock`"
        assert wanted.specifier.contains(locked[name]), f"{text}: run `make lock`"
