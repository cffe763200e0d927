"""One organisation for all that only judges; what creates gets one of its own."""

from __future__ import annotations

import pytest

from pipelines.organisation import Organisation


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    return Organisation.open()


@pytest.fixture
def fresh() -> Organisation:
    return Organisation.open()
