"""Logs: one JSON object a line on stderr, with what could be a secret taken out.

On stdio nothing but the protocol may reach stdout, so nothing here ever writes there.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

_SECRETS = re.compile(
    r"(?i)(bearer\s+)[\w.~+/=-]+"
    r"|((?:client_secret|access_token|password|secret|token|sig|sastoken|api[_-]?key)"
    r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,}]+"
    r"|(?P<jwt>eyJ[\w-]+\.[\w-]+\.[\w-]+)"
)


def redact(text: str) -> str:
    """Replace tokens, passwords and signatures in free text."""
    return _SECRETS.sub(lambda match: f"{match.group(1) or match.group(2) or ''}***", text)


class JsonFormatter(logging.Formatter):
    """time, level, logger, message and, for a crash, the traceback: redacted."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure_logging(level: str) -> None:
    """Send everything to stderr as JSON lines; the level is a name such as WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
