"""What operators read on stderr: start, stop and tracebacks. Nothing of a payment is in it."""

import logging
from datetime import datetime

import orjson

from app_under_test.clock import EAT


class JsonLines(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `message`, and `traceback` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": datetime.fromtimestamp(record.created, EAT).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(told).decode()


def log_as_text() -> None:
    """What goes wrong, for a person; that it runs is told on stdout."""
    logging.basicConfig(format="pesabox bank: %(message)s", level=logging.WARNING, force=True)


def log_as_json() -> None:
    """What goes wrong, and start and stop, for whoever collects logs."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("app_under_test").setLevel(logging.INFO)
