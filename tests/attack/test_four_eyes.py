"""A few stories of the attack on four eyes; `make attack` tells a hundred."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attack.four_eyes import Report, tell
from serving.issuer import Issuer, issuing
from support.redis_server import redis_server, unavailable
from tools.conftest import no_settings_from_outside as no_settings_from_outside


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


@pytest.fixture
def redis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | None]:
    """The address of the store, or nothing for memory."""
    if request.param == "memory":
        yield None
        return
    if why := unavailable():
        pytest.skip(why)
    with redis_server(tmp_path, "a-password-of-the-store") as server:
        yield server.url


@pytest.mark.parametrize("redis", ["memory", "redis"], indirect=True)
def test_nothing_is_written_without_another_persons_approval(issuer: Issuer, redis: str | None) -> None:
    reports = [asyncio.run(tell(seed, issuer, redis=redis)) for seed in range(3)]
    assert [sentence for report in reports for sentence in report.found] == []
    ends = sum((report.ends for report in reports), Counter[str]())
    assert ends["written"] > 2
    assert ends["confirm_change refused"] > 10
    assert ends["page approve 403"] > 10
    assert sum(report.attempts.total() for report in reports) > 200


def test_the_judge_sees_a_caller_who_approves_their_own(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aep_flow_mcp.guard import carrying
    from aep_flow_mcp.guard.approval.waiting import Waiting

    def nothing_against_it(*_: Any) -> None:
        return None

    def nobody_else(*_: Any) -> bool:
        return False

    monkeypatch.setattr(Waiting, "objection", nothing_against_it)
    monkeypatch.setattr(carrying, "needs_other_approver", nobody_else)
    assert _found(issuer)


def test_the_last_look_before_sending_stops_it_even_if_the_page_let_it_through(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aep_flow_mcp.guard.approval.waiting import Waiting

    monkeypatch.setattr(Waiting, "objection", lambda *_: None)
    report = _story(issuer)
    assert [one for one in report.found if "was taken" in one]
    assert not [one for one in report.found if "without a fitting approval" in one]


def _story(issuer: Issuer) -> Report:
    return asyncio.run(tell(3, issuer, moves=150))


def _found(issuer: Issuer) -> list[str]:
    return [one for one in _story(issuer).found if "without a fitting approval" in one]
