"""The pieces of `manage.py demo`: throw-away hotkeys, signed uploads over HTTP, supervised processes."""

import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sr25519

from evaluations.intake.bundle import pack
from prism_site.access.hotkeys import encode
from prism_site.access.signatures import canonical_message
from prism_site.config import ROOT, env, persistent_secret
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import set_policy
from prism_site.policy.schemas.benchmarks import BenchmarkWeights

PACKS = ROOT / "examples" / "benchmarks"
PACK_WEIGHTS = dict.fromkeys(BenchmarkWeights.model_fields, 0.0) | {
    "python_answers": 0.5,
    "python_choices": 0.5,
}
EXAMPLES = ("transformer", "gru", "hooks", "prior")  # the last is held for an operator
STOP_SECONDS = 90.0
REQUEST_SECONDS = 30.0


@dataclass(frozen=True)
class Miner:
    """A throw-away key pair; the same at every start, so that a second start uploads nothing twice."""

    public: bytes
    private: bytes

    @classmethod
    def of(cls, name: str) -> "Miner":
        """The demo's key pair for one example."""
        seed = hashlib.blake2b(persistent_secret("demo_hotkeys").encode() + name.encode(), digest_size=32)
        return cls(*sr25519.pair_from_seed(seed.digest()))

    @property
    def hotkey(self) -> str:
        """The ss58 address."""
        return encode(self.public)

    def headers(self, body: bytes) -> dict[str, str]:
        """What signs an upload of `body` now."""
        nonce, timestamp = secrets.token_hex(16), str(int(time.time()))
        message = canonical_message(self.hotkey, nonce, int(timestamp), hashlib.sha256(body).hexdigest())
        return {
            "Content-Type": "application/zip",
            "X-Hotkey": self.hotkey,
            "X-Signature": sr25519.sign((self.public, self.private), message).hex(),
            "X-Nonce": nonce,
            "X-Timestamp": timestamp,
        }


class Site:
    """The running site as an HTTP client sees it."""

    def __init__(self, base: str) -> None:
        self.base = base

    def wait(self, seconds: float = 60.0) -> None:
        """Return once it answers; raise `TimeoutError`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.get("/version")
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise TimeoutError(f"nothing answers at {self.base}")

    def upload(self, example: str) -> dict[str, Any]:
        """Pack, sign and post one example; give the receipt."""
        folder = ROOT / "examples" / example
        body = pack({path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()})
        return self._ask(
            urllib.request.Request(  # noqa: S310 - the base is our own
                f"{self.base}/v1/submissions", data=body, headers=Miner.of(example).headers(body)
            )
        )

    def get(self, path: str) -> dict[str, Any]:
        """The JSON behind a path."""
        return self._ask(urllib.request.Request(self.base + path))  # noqa: S310 - the base is our own

    def _ask(self, request: urllib.request.Request) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            raise OSError(f"{request.full_url}: {error.code} {error.read()[:500]!r}") from error
        return found


class Processes:
    """The web server and the supervised queue, as sessions of their own: Ctrl-C reaches us alone."""

    def __init__(self, log_folder: Path, environment: dict[str, str]) -> None:
        self.log_folder, self.environment = log_folder, {**os.environ, **environment}
        self.started: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, command: list[str]) -> None:
        """Start a process that logs to `name`.log."""
        with (self.log_folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append((name, process))

    def dead(self) -> str | None:
        """The name of a process that has ended by itself."""
        return next((name for name, process in self.started if process.poll() is not None), None)

    def stop(self) -> None:
        """End all, gently first; the last started first."""
        for _, process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
        for _, process in reversed(self.started):
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def environment() -> dict[str, str]:
    """What the demo's processes are told besides: uploads are open, and the example packs are staged."""
    packs = env().benchmarks_dir or PACKS
    return {"PRISM_PUBLIC_SUBMISSIONS_ENABLED": "true", "PRISM_BENCHMARKS_DIR": str(packs)}


def weigh_example_packs() -> None:
    """Let runs be asked about the example packs, unless somebody has already said what packs count."""
    if not RuntimeConfig.objects.filter(config_key="benchmark_weights").exists():
        set_policy("benchmark_weights", PACK_WEIGHTS, by="demo", note="the packs in examples/benchmarks")


def ask_for_references() -> bool:
    """Measure scored architectures under the reference recipe too, unless an operator set the modes."""
    if RuntimeConfig.objects.filter(config_key="execution_mode_targets").exists():
        return False
    wanted = {"local_cpu_smoke": {"reference_runs": True}}
    set_policy("execution_mode_targets", wanted, by="demo", note="once the examples were scored")
    return True


def web_server(port: int) -> list[str]:
    """The command line of the web server."""
    options = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "--worker-class", "gthread"]
    return [sys.executable, "-m", "gunicorn", "prism_site.wsgi", *options]


def supervised_queue() -> list[str]:
    """The command line of the queue."""
    return [sys.executable, str(ROOT / "manage.py"), "supervise"]


def port_is_free(port: int) -> bool:
    """Whether nobody listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
