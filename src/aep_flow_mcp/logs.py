"""Logs: one JSON object a line on stderr, with what could be a secret taken out.

On stdio nothing but the protocol may reach stdout, so nothing here ever writes there.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from aep_flow_mcp.platform.redaction.values import Redactor


class JsonFormatter(logging.Formatter):
    """time, level, logger, message and, for a crash, the traceback: redacted."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        super().__init__()
        self._redactor = redactor or Redactor()

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = self._clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)

    def _clean(self, text: str) -> str:
        from aep_flow_mcp.platform.redaction.texts import redact_text

        return redact_text(self._redactor.text(text))


def configure_logging(level: str, redactor: Redactor | None = None) -> None:
    """Send everything to stderr as JSON lines; the level is a name such as WARNING.

    redactor: takes what the server knows by value out of every line. What libraries say below INFO quotes whole
    messages, arguments of calls with secrets in clear included, and is not logged at any level.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(redactor))
    handler.addFilter(_is_for_the_log)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _is_for_the_log(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.INFO or record.name.partition(".")[0] == "aep_flow_mcp"
