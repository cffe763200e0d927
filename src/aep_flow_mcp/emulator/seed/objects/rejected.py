"""The rows that batches left out: invented like the source's own, each with the errors that its batch counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice

from ...json_types import JsonObject
from ..history.batches import Batches
from ..history.ingestion_runs import refusals
from ..organisation.feeds import FEEDS, Feed
from ..organisation.plan import Outcome
from .samples import sample_rows

CONVERSION, PARSING = "conversion_errors_0.json", "parsing_errors_0.json"
_INVENTED = 60
"""So many different rows are invented; a batch that refused more repeats them."""
_GERMAN_DAY = "31.02."
_CORRUPT = "Row is corrupted and cannot be read, please fix and resend."


@dataclass(frozen=True)
class Rejected:
    """Rejected rows by batch id. `feeds`: the feed of each flow; `diagnosed`: the flows that keep diagnostics of
    rows that they leave out; the chunks of a batch that failed are there in any case."""

    batches: Batches
    feeds: Mapping[str, str]
    diagnosed: frozenset[str]

    def __call__(self, batch_id: str) -> list[JsonObject]:
        try:
            run = self.batches.run_of(batch_id)
        except KeyError:
            return []
        feed = FEEDS.get(self.feeds.get(run.plan.flow_id, ""))
        kept = run.outcome is not Outcome.PARTIAL or run.plan.flow_id in self.diagnosed
        if feed is None or not kept:
            return []
        at = datetime.fromtimestamp(run.started / 1000, UTC)
        sample = sample_rows(feed, key=f"rejected:{batch_id}", at=at, count=_INVENTED)
        rows = cycle(sample)
        found: list[JsonObject] = []
        for error in refusals(run):
            found += [_rejected(feed, row, error) for row in islice(rows, error["recordCount"])]
        return found


def _rejected(feed: Feed, row: JsonObject, error: JsonObject) -> JsonObject:
    """A row as the diagnostics have it: mapped rows with their columns, unreadable ones as one text."""
    code, message = error["code"], error["message"]
    if code.startswith("MAPPER"):
        held = row | {_dated(feed): _GERMAN_DAY}
    elif code.startswith("INGEST"):
        text = json.dumps(row, ensure_ascii=False)[:-2]
        errors = [{"code": "1401", "message": _CORRUPT}]
        return {"_corrupt_record": text, "_errors": errors, "_filename": PARSING}
    else:
        held = row
    return held | {"_errors": [{"code": code, "message": message}], "_filename": CONVERSION}


def _dated(feed: Feed) -> str:
    """The column of a date, or the last one."""
    columns = feed.columns()
    return next((one.name for one in columns if one.type in ("date", "timestamp")), columns[-1].name)
