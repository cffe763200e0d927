"""Logs: one JSON object a line on stderr, with what could be a secret taken out.

On stdio nothing but the protocol may reach stdout, so nothing here ever writes there.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from aep_flow_mcp.platform.models.text import redact_text


class JsonFormatter(logging.Formatter):
    """time, level, logger, message and, for a crash, the traceback: redacted."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact_text(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = redact_text(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure_logging(level: str) -> None:
    """Send everything to stderr as JSON lines; the level is a name such as WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
