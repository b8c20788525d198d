"""Backends by name: `PRISM_EXECUTION_BACKEND` says which one new attempts get, their rows say it later."""

from evaluations.backends.jobs import Backend, BackendFault
from evaluations.backends.local_backend import LocalBackend
from prism_site.config import env


class BackendUnknown(BackendFault):
    """A name that no backend of this version bears."""

    code = "host_backend_unknown"


def of(name: str) -> Backend:
    """The backend of that name; raises `BackendUnknown`. Heavy clients are imported by whoever needs them."""
    match name:
        case LocalBackend.name:
            return LocalBackend()
        case "docker":
            from evaluations.backends.docker.backend import DockerBackend

            return DockerBackend()
        case "broker":
            from evaluations.backends.broker.backend import BrokerBackend

            return BrokerBackend()
    raise BackendUnknown(f"this version has no backend called {name!r}")


def configured() -> Backend:
    """The backend that new attempts of this host are given to."""
    return of(env().execution_backend)
