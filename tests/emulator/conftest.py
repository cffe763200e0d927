from __future__ import annotations

import pytest

from emulator.kit import Api, make_api


@pytest.fixture
def api() -> Api:
    """A client of a fresh emulator whose clock stands at noon."""
    return make_api()
