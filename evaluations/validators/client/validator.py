"""Carrying out one assignment after another: pull, prepare, run behind the sandbox, hand over the outcome."""

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from evaluations import official
from evaluations.backends import local
from evaluations.backends.hostile_files import FileRefused, read_capped
from evaluations.backends.jobs import JobState, LaunchFailed
from evaluations.backends.prepare import JOB
from evaluations.backends.results import manifest_in
from evaluations.enums import Mode
from evaluations.progress import MAX_FILE_BYTES
from evaluations.reconcile import HOST_FAULT, PROGRESS
from evaluations.runner.manifest import ManifestInvalid
from evaluations.validators.bodies import LINES
from evaluations.validators.client.errors import (
    AnotherValidator,
    ServerRefused,
    ServerUnreachable,
    Unable,
)
from evaluations.validators.client.preparation import prepare
from evaluations.validators.client.server import Assigned, Server
from prism_site.config import env
from prism_site.policy.resolve import resolve_policy

LOOK_SECONDS = 0.5  # between two looks at the job
RENEWALS = 4  # of a lease in its own length, so that some may be lost
MAX_LINE_CHARS = 4_096
CONFLICT = 409

Say = Callable[[str], None]


def able_modes() -> list[str]:
    """The modes that this host can carry out: the CPU's always, official ones with GPUs and a sandbox."""
    policy = resolve_policy(official=False)
    return [mode.value for mode in Mode if not mode.is_official or not official.missing_to_run(mode, policy)]


@contextmanager
def workplace() -> Iterator[Path]:
    """The folder of this host's validator, for one process; what a killed one left behind is ended first."""
    place = env().var_dir / "validator"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (env().var_dir / "validator.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherValidator(f"another validator works in {env().var_dir}") from None
        for left in place.iterdir():
            _clear(left)
        yield place


def take_one(server: Server, place: Path, modes: list[str], say: Say) -> bool:
    """Carry out the next assignment; False where none waits.

    Raises:
        Unable, ServerRefused: it was given back: this host cannot carry it out, or its outcome is not taken.
        ServerUnreachable: nothing can be handed over.
    """
    assigned = server.next(modes)
    if assigned is None:
        return False
    say(f"run {assigned.specification.get('run_id')}, {assigned.specification.get('mode')}")
    folder = place / assigned.id
    try:
        _carry_out(server, assigned, folder, say)
    except (Unable, ServerRefused, KeyboardInterrupt) as error:
        with suppress(ServerRefused, ServerUnreachable):
            server.reject(assigned.id, _reason(error))
        raise
    finally:
        _clear(folder)
    return True


def _reason(error: BaseException) -> str:
    return (
        f"{error.code}: {error}" if isinstance(error, Unable) else "host_stopped: the validator was stopped"
    )


def _carry_out(server: Server, assigned: Assigned, folder: Path, say: Say) -> None:
    prepare(assigned, folder)
    lease = Lease(server, assigned, folder)
    lease.renew()
    limit_seconds = float(assigned.specification["hard_limit_seconds"])
    try:
        local.launch(folder, local.referee_command(folder / JOB), limit_seconds=limit_seconds)
    except LaunchFailed as error:
        raise Unable(error.code, str(error)) from error
    while local.poll(folder) is JobState.RUNNING:
        lease.keep()
        time.sleep(LOOK_SECONDS)
    local.stop(folder)
    manifest = _outcome(folder)
    lease.hand_over(manifest)
    say(f"{manifest['verdict']} {manifest['code']}")


def _outcome(folder: Path) -> dict[str, Any]:
    """The referee's manifest; without one the run is given back."""
    try:
        manifest = manifest_in(folder)
    except (ManifestInvalid, FileRefused) as error:
        raise Unable(error.code, str(error)) from error
    if manifest is not None:
        return manifest
    status = local.exit_code(folder)
    code = "host_error" if status == HOST_FAULT else "job_died"
    raise Unable(code, f"the referee ended with status {status}: {_last_words(folder)}")


def _last_words(folder: Path) -> str:
    with suppress(FileRefused, OSError):
        lines = read_capped(folder / PROGRESS, MAX_FILE_BYTES).decode(errors="replace").splitlines()
        return lines[-1][:500] if lines else ""
    return ""


def _clear(folder: Path) -> None:
    """End the job in a folder, and remove what it left."""
    local.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


class Lease:
    """The right to an assignment, renewed in time together with the progress made."""

    def __init__(self, server: Server, assigned: Assigned, folder: Path) -> None:
        self.server, self.assigned, self.folder = server, assigned, folder
        self.known = 0  # lines of progress that the server has
        self.renewed = time.monotonic()

    def keep(self) -> None:
        """Renew if it is time; an outage is borne until the lease has run out."""
        age = time.monotonic() - self.renewed
        if age < self.assigned.lease_seconds / RENEWALS:
            return
        try:
            self.renew()
        except ServerUnreachable:
            if age > self.assigned.lease_seconds:
                raise

    def renew(self) -> bool:
        """Start the lease anew; return whether all progress is known."""
        lines = self._lines()
        self.known = self.server.accept(
            self.assigned.id, first=self.known, lines=lines[self.known : self.known + LINES]
        )
        self.renewed = time.monotonic()
        return self.known >= len(lines)

    def hand_over(self, manifest: dict[str, Any]) -> None:
        """The rest of the progress, then the outcome; tried again as long as the lease stands."""
        while True:
            try:
                while not self.renew():
                    pass
                self.server.result(self.assigned.id, manifest)
                return
            except ServerUnreachable:
                if time.monotonic() - self.renewed > self.assigned.lease_seconds:
                    raise
                time.sleep(LOOK_SECONDS)

    def _lines(self) -> list[str]:
        """Whole lines of the referee's progress; what is longer than a line may be is sent empty."""
        with suppress(FileRefused):
            raw = read_capped(self.folder / PROGRESS, MAX_FILE_BYTES).decode(errors="replace")
            return [line if len(line) <= MAX_LINE_CHARS else "" for line in raw.split("\n")[:-1]]
        return []
