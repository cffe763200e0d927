"""Previews that once hid something: what a person is shown is what is sent, whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.tools.specs.spec_changes import update_flow_spec
from guard.bed import YES, Bed, Person
from guard.conftest import audit_file as audit_file
from guard.conftest import make_bed as make_bed
from guard.conftest import no_settings_from_outside as no_settings_from_outside

CLOUD_STORAGE = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
MakeBed = Callable[..., Bed]


async def test_a_replaced_spec_shows_every_member_that_vanishes(make_bed: MakeBed) -> None:
    bed = make_bed(emulator=Emulator(EmulatorOptions(provider_access=True)), tools=[update_flow_spec])
    before: dict[str, Any] = dict(bed.emulator.backend.specs("flowSpecs").get(CLOUD_STORAGE) or {})
    person = Person(YES)
    arguments = {"flow_spec_id": CLOUD_STORAGE, "name": "own", "provider_id": "p", "body": {"version": "1.0"}}
    result = await bed.call("update_flow_spec", arguments, person=person)
    assert result.status == "done"
    after = bed.emulator.backend.specs("flowSpecs").get(CLOUD_STORAGE) or {}
    vanished = [name for name in before if name not in after or (before[name] and not after[name])]
    assert len(vanished) >= 6
    lines = person.questions[0].splitlines()
    said = {line.split(":")[0].strip() for line in lines if line.endswith("-> (left out)")}
    assert set(vanished) <= said
    assert '   body: {"name": "own", "providerId": "p", "version": "1.0"}' in lines
