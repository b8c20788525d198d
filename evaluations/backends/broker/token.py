"""The broker's token as couriers read it: from a file of ours, so that no environment or command holds it."""

from pathlib import Path

from evaluations.backends.broker.notes import write_bytes
from prism_site.config import env


def current() -> str:
    """The token in force."""
    secret = env().docker_broker_token
    return secret.get_secret_value() if secret else ""


def path() -> Path:
    """Where couriers find it."""
    return env().var_dir / "secrets" / "docker_broker_token"


def write() -> None:
    """Bring the file up to date, also for a courier that has waited since before the token was changed."""
    path().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path().is_file() or path().read_text() != current():
        write_bytes(path(), current().encode())
