"""Which tests take long: `make test` leaves them to `make test-long` and `make test-heavy`."""

from __future__ import annotations

from pathlib import Path

import pytest

LONG = frozenset(
    {
        "contract/test_known_errors.py",
        "evals/test_scripted.py",
        "foreign/test_foreign_organisations.py",
        "guard/approval/test_chromium.py",
        "guard/execution/test_cut_off.py",
        "pages/test_examples.py",
        "protocol/test_snapshot_processes.py",
        "snapshots/test_file.py",
        "snapshots/test_questions.py",
        "soak/test_soak.py",
        "tools/test_attacks.py",
        "tools/test_write_faults.py",
        "tutorials/test_tutorials.py",
    }
)
"""Servers as processes, browsers, thousands of generated cases: relative to this folder."""
HEAVY = frozenset(
    {
        "configuring/test_layouts.py",
        "packages/test_installing.py",
        "packages/test_release.py",
        "pages/test_blocks_run.py",
        "protocol/test_consoles.py",
        "protocol/test_networks.py",
        "protocol/test_over_sockets.py",
        "serving/test_proxies.py",
        "serving/test_real_provider.py",
        "tools/general/test_cut_lists.py",
    }
)
"""Those that install something, start other people's servers, or do once more over sockets what runs without them: they
are not run for each change of main."""
_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            place = item.path.relative_to(_HERE).as_posix()
            for mark, places in (("long", LONG), ("heavy", HEAVY)):
                if place in places:
                    item.add_marker(mark)
