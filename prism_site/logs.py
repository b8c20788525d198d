"""One log line per event: JSON on stderr, with the ids of the request, submission and attempt it belongs to.

No line holds a secret of the settings, wherever it came from: every finished line is searched for them.
"""

import json
import logging
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from pydantic import SecretStr

from prism_site.config import Environment, env

MASK = "***"
SHORTEST = 6  # masking every "a" would leave nothing to read; `check --deploy` asks for longer secrets
SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(*, text: bool, debug: bool) -> None:
    """Send structlog and the standard library's logging the same way."""
    structlog.configure(
        processors=[
            *SHARED,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MaskingFormatter(text=text))
    handler.set_name("prism")
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if each.get_name() != "prism"] + [handler]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    for noisy in ("asyncio", "httpx", "httpcore", "openai", "urllib3", "docker", "django.db.backends"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class MaskingFormatter(structlog.stdlib.ProcessorFormatter):
    """Renders a record and masks secrets in what came out, tracebacks included."""

    def __init__(self, *, text: bool) -> None:
        last = structlog.dev.ConsoleRenderer(colors=False) if text else structlog.processors.JSONRenderer()
        super().__init__(
            processors=[self.remove_processors_meta, last],
            foreign_pre_chain=[*SHARED, structlog.processors.format_exc_info],
        )

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return masked(super().format(record))


def masked(line: str) -> str:
    """`line` without any secret of the settings in force."""
    pattern = _pattern(tuple(sorted(secrets_of(env()), key=len, reverse=True)))
    return pattern.sub(MASK, line) if pattern else line


def secrets_of(settings: Environment) -> set[str]:
    """Every secret value, each line of those that have several, and passwords within addresses."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            found |= {value.get_secret_value(), *value.get_secret_value().split()}
        elif isinstance(value, str) and "://" in value:
            found |= {urlsplit(value).password or ""}
    found |= _kept(settings.var_dir / "secrets")
    return {secret for secret in found if len(secret) >= SHORTEST}


def _kept(folder: Path) -> frozenset[str]:
    try:
        return _read(folder, folder.stat().st_mtime_ns)
    except OSError:
        return frozenset()


@cache
def _read(folder: Path, changed_at: int) -> frozenset[str]:
    """The secrets that were made here and kept; read anew when one was added."""
    return frozenset(path.read_text().strip() for path in folder.iterdir() if path.is_file())


@cache
def _pattern(values: tuple[str, ...]) -> re.Pattern[str] | None:
    """Each secret as it is, as JSON writes it, and as an address does."""
    spellings = [form for value in values for form in (value, json.dumps(value)[1:-1], quote(value, safe=""))]
    return re.compile("|".join(map(re.escape, dict.fromkeys(spellings)))) if spellings else None
