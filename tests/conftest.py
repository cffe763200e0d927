"""Which tests take long: `make test` leaves them to `make test-long` and `make test-heavy`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LONG = frozenset(
    {
        "apps/test_any_number.py",
        "apps/test_built.py",
        "apps/test_every_app.py",
        "apps/test_health_app.py",
        "apps/test_keyboard.py",
        "as_code/test_any_change.py",
        "as_code/test_any_document.py",
        "as_code/test_echoed.py",
        "as_code/test_further_organisations.py",
        "as_code/test_foreign.py",
        "as_code/test_foreign_applied.py",
        "as_code/test_interrupted.py",
        "as_code/test_killed.py",
        "as_code/test_page.py",
        "attack/test_attack.py",
        "attack/test_four_eyes.py",
        "board/test_board_page.py",
        "contract/test_emulator_contract.py",
        "contract/test_kept_contract.py",
        "contract/test_known_errors.py",
        "emulator/flow_service/objects/test_lists.py",
        "emulator/flow_service/test_self_serve.py",
        "evals/test_models.py",
        "evals/test_scripted.py",
        "field_cases/test_bounds.py",
        "field_cases/test_rights_to_write.py",
        "field_cases/test_rights.py",
        "foreign/test_foreign_organisations.py",
        "foreign/test_generator.py",
        "guard/approval/test_chromium.py",
        "guard/approval/test_given_up.py",
        "guard/approval/test_unreadable_answers.py",
        "guard/execution/test_cut_off.py",
        "guard/execution/test_verifying.py",
        "guard/test_attacks.py",
        "pages/test_examples.py",
        "packages/test_changes_generated.py",
        "pipelines/test_every_connector.py",
        "pipelines/test_nothing_dropped.py",
        "platform/test_platform_large.py",
        "platform/test_reader_emulator.py",
        "protocol/test_snapshot_processes.py",
        "serving/test_abilities.py",
        "serving/test_approvals.py",
        "serving/test_stopping.py",
        "serving/test_policy.py",
        "serving/test_page_chromium.py",
        "serving/test_page_sign_in.py",
        "serving/test_tokens.py",
        "serving/test_traces.py",
        "serving/test_whose.py",
        "snapshots/test_file.py",
        "snapshots/test_kept.py",
        "snapshots/test_questions.py",
        "soak/test_soak.py",
        "surface/test_profiles.py",
        "surface/test_patience.py",
        "tools/general/test_noise.py",
        "tools/observing/test_observing.py",
        "tools/questions/test_describe_flow_parts.py",
        "tools/questions/test_insight_tools.py",
        "tools/questions/test_planted_faults.py",
        "tools/questions/test_second_question.py",
        "tools/test_attacks.py",
        "tools/test_canaries.py",
        "tools/test_unlucky.py",
        "tools/test_write_faults.py",
        "tools/test_write_tools.py",
        "tutorials/test_planned.py",
        "tutorials/test_tutorials.py",
    }
)
"""Servers as processes, browsers, thousands of generated cases, whole organisations: relative to this folder."""
HEAVY = frozenset(
    {
        "configuring/test_layouts.py",
        "packages/test_image_built.py",
        "packages/test_installing.py",
        "packages/test_release.py",
        "pages/test_blocks_run.py",
        "protocol/test_conformance.py",
        "protocol/test_consoles.py",
        "protocol/test_networks.py",
        "protocol/test_over_sockets.py",
        "serving/test_compose_run.py",
        "serving/test_proxies.py",
        "serving/test_real_provider.py",
        "serving/test_team_page.py",
        "serving/test_two_replicas.py",
        "tools/general/test_cut_lists.py",
    }
)
"""Those that install something, start other people's servers, or do once more over sockets what runs without them: they
are not run for each change of main."""
ONE_ERA = (
    "tools/questions",
    "tools/flows",
    "tools/specs",
    "tools/exports",
    "tools/connections",
    "tools/general",
)
"""Rooms of tests in which both revisions of the protocol meet the same answers: the older one is for `make test-long`.
What a revision changes (asking, errors, streams) is tested elsewhere, in both."""
_OLDER = re.compile(r"\[.*(2025-11-25|legacy)")
_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            place = item.path.relative_to(_HERE).as_posix()
            for mark, places in (("long", LONG), ("heavy", HEAVY)):
                if place in places:
                    item.add_marker(mark)
            if place.startswith(ONE_ERA) and _OLDER.search(item.name):
                item.add_marker("long")
