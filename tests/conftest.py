"""Which tests take long: `make test` leaves them to `make test-long`."""

from __future__ import annotations

from pathlib import Path

import pytest

LONG = frozenset(
    {
        "configuring/test_layouts.py",
        "contract/test_known_errors.py",
        "evals/test_scripted.py",
        "foreign/test_foreign_organisations.py",
        "guard/approval/test_chromium.py",
        "guard/execution/test_cut_off.py",
        "protocol/test_consoles.py",
        "packages/test_installing.py",
        "packages/test_release.py",
        "protocol/test_networks.py",
        "pages/test_blocks_run.py",
        "pages/test_examples.py",
        "protocol/test_over_sockets.py",
        "protocol/test_snapshot_processes.py",
        "serving/test_proxies.py",
        "serving/test_real_provider.py",
        "snapshots/test_file.py",
        "snapshots/test_questions.py",
        "soak/test_soak.py",
        "tools/general/test_cut_lists.py",
        "tools/test_attacks.py",
        "tools/test_write_faults.py",
        "tutorials/test_tutorials.py",
    }
)
"""Servers as processes, browsers, thousands of generated cases: relative to this folder."""
_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE) and item.path.relative_to(_HERE).as_posix() in LONG:
            item.add_marker("long")
