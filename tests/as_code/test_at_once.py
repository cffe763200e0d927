"""Two who create one pipeline at once, from two folders and in each order of their requests: one is left, both know."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from as_code.bed import Bed, Outcome, counts, emptied, organisation
from as_code.test_apply import MAKES, NEW

NAME = "Till refunds"
SECRETS = {"AEP_SECRET_REFUNDS": "a-secret-of-refunds", "AEP_SECRET_REFUNDS_ID": "AKIAREFUNDS"}
FLOWS = "/data/foundation/flowservice/flows"


class Person:
    """Somebody who applies a folder in a thread of its own. Before each request of theirs `at` may hold it up."""

    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        self.outcome: Outcome = None
        self.thread = threading.Thread(target=self._apply, daemon=True)

    def _apply(self) -> None:
        self.outcome = self.bed.apply()

    def start(self) -> None:
        self.thread.start()

    def finish(self) -> Outcome:
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.outcome


class Order:
    """Whose requests of one kind wait for what."""

    def __init__(self, emulator: Any) -> None:
        self._handle = emulator.handle
        self._clock = emulator.backend.clock
        self._rules: list[
            tuple[Person, Callable[[str, str, str], bool], threading.Event, threading.Event]
        ] = []
        self._one = threading.Lock()
        emulator.handle = self.handle

    def hold(
        self, person: Person, what: Callable[[str, str, str], bool]
    ) -> tuple[threading.Event, threading.Event]:
        """The person's first request of this kind waits. Returns: set when it has come, to be set to let it go on."""
        come, go = threading.Event(), threading.Event()
        self._rules.append((person, what, come, go))
        return come, go

    def handle(self, method: str, path: str, query: str, *rest: Any) -> Any:
        for rule in list(self._rules):
            person, what, come, go = rule
            if threading.current_thread() is person.thread and what(method, path, query):
                self._rules.remove(rule)
                come.set()
                assert go.wait(60)
        with self._one:
            # Each request comes at a time of its own.
            self._clock.ahead += timedelta(milliseconds=5)
            return self._handle(method, path, query, *rest)


def creates(method: str, path: str, query: str) -> bool:
    """A flow is created."""
    del query
    return (method, path) == ("POST", FLOWS)


def looks(method: str, path: str, query: str) -> bool:
    """What has the name is looked for, just before or after it is created."""
    return (method, path) == ("GET", FLOWS) and "orderby=-createdAt" in query.replace("%2D", "-")


def creates_account(method: str, path: str, query: str) -> bool:
    """An account is created."""
    del query
    return (method, path) == ("POST", "/data/foundation/flowservice/connections")


@pytest.fixture
def two(tmp_path: Path) -> tuple[Person, Person, Order]:
    emulator = emptied(organisation())
    beds = [Bed(tmp_path / folder, emulator) for folder in ("one", "other")]
    for bed in beds:
        bed.write("till-refunds.yaml", NEW)
        bed.environ |= SECRETS
    one, other = map(Person, beds)
    return one, other, Order(emulator)


def alone(tmp_path: Path, text: str = NEW) -> dict[str, int]:
    """What is there after one of them applied it by itself."""
    bed = Bed(tmp_path / "alone", emptied(organisation()))
    bed.environ |= SECRETS
    bed.write("till-refunds.yaml", text)
    assert bed.apply()[0] == 0
    return counts(bed.emulator)


def settled(one: Person, other: Person, tmp_path: Path, text: str = NEW) -> None:
    """One pipeline is there, and each folder knows it. A mapping set that nobody uses may stay."""
    emulator = one.bed.emulator
    left, wanted = counts(emulator), alone(tmp_path, text)
    assert {**left, "mappingSets": 1} == {**wanted, "mappingSets": 1}
    assert left["mappingSets"] <= wanted["mappingSets"] + 1
    assert one.bed.flow(NAME)
    for person in (one, other):
        code, said = person.bed.plan()
        assert (code, "Nothing to do." in said) == (0, True), said


def overtaken(one: Person, other: Person, order: Order, at: Callable[[str, str, str], bool]) -> Outcome:
    """What the other is told, who is held at a request until the one has finished."""
    come, go = order.hold(other, at)
    other.start()
    assert come.wait(60)
    one.start()
    assert one.finish()[0] == 0
    go.set()
    return other.finish()


def test_what_appeared_before_the_last_look_is_not_doubled(
    two: tuple[Person, Person, Order], tmp_path: Path
) -> None:
    one, other, order = two
    code, said = overtaken(one, other, order, looks)
    id = one.bed.flow(NAME)["id"]
    assert (code, f"somebody else created a flow of this name: {id}" in said) == (1, True), said
    assert one.bed.writes.count(f"POST {FLOWS}") == 1
    settled(one, other, tmp_path)


def test_the_younger_of_two_takes_its_own_back(two: tuple[Person, Person, Order], tmp_path: Path) -> None:
    one, other, order = two
    code, said = overtaken(one, other, order, creates)
    id = one.bed.flow(NAME)["id"]
    assert (code, f"a moment earlier ({id})" in said) == (1, True), said
    assert one.bed.writes.count(f"POST {FLOWS}") == 2
    settled(one, other, tmp_path)


def test_the_older_of_two_stays_and_names_the_other(
    two: tuple[Person, Person, Order], tmp_path: Path
) -> None:
    one, other, order = two
    come, go = order.hold(other, creates)
    other.start()
    assert come.wait(60)
    made, look = _held_after_creating(order, one)
    one.start()
    assert made.wait(60)
    taken, back = order.hold(other, looks)
    go.set()
    assert taken.wait(60)
    mine, *others = [row["id"] for row in one.bed.emulator.store.sandboxes["dev"]["flows"]]
    assert len(others) == 1
    look.set()
    code, said = one.finish()
    assert f"a moment later ({others[0]}). This one ({mine}) stays" in said
    assert code == 1, "while both are there, nobody may take it for done"
    back.set()
    code, said = other.finish()
    assert (code, f"a moment earlier ({mine})" in said) == (1, True), said
    assert one.bed.flow(NAME)["id"] == mine
    settled(one, other, tmp_path)


def _held_after_creating(order: Order, person: Person) -> tuple[threading.Event, threading.Event]:
    """Held at the look after the creation, which is the person's second one."""
    seen: list[str] = []

    def second(method: str, path: str, query: str) -> bool:
        if creates(method, path, query):
            seen.append(path)
        return bool(seen) and looks(method, path, query)

    return order.hold(person, second)


def test_where_nobody_can_look_the_end_says_it(two: tuple[Person, Person, Order]) -> None:
    one, other, order = two
    come, go = order.hold(other, creates)
    other.start()
    assert come.wait(60)
    one.start()
    assert one.finish()[0] == 0
    one.bed.emulator.faults.add(
        FaultRule(route=r"^GET /data/foundation/flowservice/flows$", kind="status", status=403, times=1)
    )
    go.set()
    code, said = other.finish()
    assert code == 1, said
    assert "could not be read" in said
    assert "another flow of the same name now" in said
    first, second = (row["id"] for row in one.bed.emulator.store.sandboxes["dev"]["flows"])
    assert f"({first}, beside {second})" in said
    for person in (one, other):
        code, said = person.bed.plan()
        assert "another flow has this name, and no file is about it" in said


def test_an_account_is_not_made_twice_either(two: tuple[Person, Person, Order], tmp_path: Path) -> None:
    one, other, order = two
    for person in (one, other):
        person.bed.write("till-refunds.yaml", MAKES)
    code, said = overtaken(one, other, order, creates_account)
    assert (code, "created a connection of this name a moment earlier" in said) == (1, True), said
    settled(one, other, tmp_path, MAKES)


def test_what_is_on_its_way_out_is_in_nobodys_way(two: tuple[Person, Person, Order]) -> None:
    """A flow of the name that is being deleted is no second one."""
    one, *_ = two
    flows = one.bed.emulator.store.sandboxes["dev"]["flows"]
    gone = {"id": "00000000-0000-4000-8000-000000000001", "name": NAME, "state": "deleting", "createdAt": 1}
    whole = next(iter(organisation().store.sandboxes["dev"]["flows"]))
    flows.put(str(gone["id"]), {**whole, **gone})
    one.start()
    code, said = one.finish()
    assert code == 0, said
    assert [row["state"] for row in flows if row["name"] == NAME] == ["deleting", "enabled"]


def test_another_document_of_the_name_is_nobody_elses(two: tuple[Person, Person, Order]) -> None:
    """Two files may want one name; the flow of the first is no sign that somebody else was there."""
    one, *_ = two
    assert one.bed.apply()[0] == 0
    one.bed.write("till-refunds-2.yaml", NEW.replace("/refunds/", "/refunds/north/"))
    code, said = one.bed.apply()
    assert (code, "somebody else" in said) == (0, False), said
    assert one.bed.plan()[0] == 0
