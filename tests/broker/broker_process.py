"""A broker for tests: `python -m tests.broker.broker_process FOLDER`, a real HTTP server that runs real jobs.

It reads requests as the platform's does and refuses what that refuses. A job is a process of this host, with
the targets of its mounts replaced by folders; or, where FOLDER/engine.json names an image, a container of the
real engine. FOLDER/faults.json holds what the next calls of a route are to suffer; what was asked stands in
FOLDER/asked.jsonl.
"""

import base64
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

from evaluations.backends.processes import end_session
from tests.broker import refusals

ROOT = Path(__file__).parents[2]
LOCK = threading.Lock()


class Refused(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class Container:
    """One job while it runs."""

    def __init__(self, request: dict[str, Any], folder: Path) -> None:
        self.name = f"prism-{request['job_id'][:12]}-{uuid4().hex[:8]}"
        self.request, self.folder = request, folder / self.name
        self.process: subprocess.Popen[str] | None = None

    def run(self, engine: dict[str, Any]) -> dict[str, Any]:
        mounts = [self._materialise(index, mount) for index, mount in enumerate(self.request["mounts"])]
        command = self._in_engine(engine, mounts) if engine.get("image") else self._here(mounts)
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
        environment |= {name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ}
        if engine.get("drains"):
            environment["BASE_BROKER_MOUNT_IN_0_0"] = "transported"
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        timed_out = False
        try:
            out, err = self.process.communicate(timeout=self.request["timeout_seconds"])
        except subprocess.TimeoutExpired:
            timed_out = True
            self.end()
            out, err = self.process.communicate()
        drained = "".join(self._drained(i) for i in range(len(mounts))) if engine.get("drains") else ""
        limit = engine.get("log_limit_bytes", 5_000_000)
        code = 124 if timed_out else self.process.returncode
        return {
            "container_name": self.name,
            "stdout": out[-limit:] + drained,
            "stderr": err[-limit:],
            "returncode": code,
            "timed_out": timed_out,
        }

    def end(self) -> None:
        if self.process is not None:
            end_session(self.process.pid)
        if (self.folder / "contained").exists():
            subprocess.run(["docker", "rm", "--force", self.name], capture_output=True, check=False)

    def _materialise(self, index: int, mount: dict[str, Any]) -> Path:
        place = self.folder / f"mount-{index}"
        place.mkdir(parents=True)
        packed = base64.b64decode(mount["archive_b64"], validate=True)
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            if any(not member.isreg() or ".." in member.name for member in archive.getmembers()):
                raise Refused(400, "unsafe mount archive")
            archive.extractall(place, filter="data")
        if not mount["read_only"]:
            place.chmod(0o1777)
        return place

    def _here(self, mounts: list[Path]) -> list[str]:
        """The command with folders of this host in place of the targets."""
        targets = {
            mount["target"]: str(place) for mount, place in zip(self.request["mounts"], mounts, strict=True)
        }
        words = [sys.executable if word == "python" else word for word in self.request["command"]]
        for target, place in targets.items():
            words = [place + word[len(target) :] if word.startswith(target) else word for word in words]
        return words

    def _in_engine(self, engine: dict[str, Any], mounts: list[Path]) -> list[str]:
        (self.folder / "contained").touch()
        limits = self.request["limits"]
        return [
            *["docker", "run", "--rm", "--name", self.name, "--network", limits["network"]],
            *[
                "--cpus",
                str(limits["cpus"]),
                "--memory",
                limits["memory"],
                "--memory-swap",
                limits["memory_swap"],
            ],
            *["--pids-limit", str(limits["pids_limit"]), "--init", "--read-only", "--user", limits["user"]],
            *[f"--cap-drop={one}" for one in limits["cap_drop"]],
            *[f"--security-opt={one}" for one in limits["security_opt"]],
            *[f"--tmpfs={one}" for one in limits["tmpfs"]],
            *[f"--ulimit={one}" for one in limits["ulimits"]],
            *[f"--label={name}={value}" for name, value in self.request["labels"].items()],
            *[
                f"--volume={place}:{mount['target']}:{'ro' if mount['read_only'] else 'rw'}"
                for mount, place in zip(self.request["mounts"], mounts, strict=True)
            ],
            *engine["options"],
            *(["--env", "BASE_BROKER_MOUNT_IN_0_0=transported"] if engine.get("drains") else []),
            self.request["image"],
            *self.request["command"],
        ]

    def _drained(self, index: int) -> str:
        if self.request["mounts"][index]["read_only"]:
            return ""
        packed = subprocess.run(
            ["tar", "-czf", "-", "-C", str(self.folder / f"mount-{index}"), "."],
            capture_output=True,
            check=True,
        ).stdout
        mark = f"@@BASE_BROKER_MOUNT_OUT[{index}]:"
        return f"{mark}BEGIN@@\n{base64.encodebytes(packed).decode()}{mark}END@@\n"


class Broker:
    """What runs, and what the next calls are to suffer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, Container] = {}

    def setting(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else {}

    def next_fault(self, route: str) -> str:
        """The first fault waiting for a route, taken off."""
        with LOCK:
            faults = self.setting("faults.json")
            waiting = faults.get(route, [])
            if not waiting:
                return ""
            (self.folder / "faults.json").write_text(json.dumps({**faults, route: waiting[1:]}))
            return str(waiting[0])

    def note(self, **asked: Any) -> None:
        with LOCK, (self.folder / "asked.jsonl").open("a") as file:
            file.write(json.dumps({"at": time.time(), **asked}) + "\n")

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        refusals.check_run(request, Refused)
        container = Container(request, self.folder)
        self.running[container.name] = container
        try:
            return container.run(self.setting("engine.json"))
        finally:
            self.running.pop(container.name, None)

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        asked = request.get("job_id")
        found = [c for c in list(self.running.values()) if asked in (None, c.request["job_id"])]
        return {"containers": [self._told(container) for container in found]}

    def cleanup(self, request: dict[str, Any]) -> dict[str, Any]:
        for container in list(self.running.values()):
            if container.request["job_id"] == request["job_id"]:
                container.end()
        return {"status": "ok"}

    @staticmethod
    def _told(container: Container) -> dict[str, Any]:
        request = container.request
        return {
            "container_id": uuid4().hex,
            "container_name": container.name,
            "image": request["image"],
            "status": "Up 2 seconds",
            "job_id": request["job_id"],
            "task_id": request["task_id"],
            "created": None,
            "labels": request["labels"],
        }


class Handler(BaseHTTPRequestHandler):
    """One request."""

    broker: Broker
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        route = self.path.rpartition("/")[2]
        fault = self.broker.next_fault(route)
        request = json.loads(raw)
        self.broker.note(route=route, job_id=request.get("job_id"), bytes=len(raw), fault=fault)
        try:
            self._authenticate()
            if refusals.suffer(self, fault):
                return
            answer = getattr(self.broker, route)(request)
        except Refused as refused:
            self.answer(refused.status, {"detail": refused.detail})
            return
        answer = refusals.falsify(self.broker, fault, answer)
        if not refusals.suffer_after(self, fault):
            self.answer(200, answer)

    def answer(self, status: int, body: Any, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests read `asked.jsonl`."""

    def _authenticate(self) -> None:
        known = self.broker.setting("clients.json")
        slug = self.headers.get("X-Base-Challenge-Slug") or self.headers.get("X-Platform-Challenge-Slug")
        if not slug:
            raise Refused(400, "missing challenge slug")
        if slug not in known or self.headers.get("Authorization") != f"Bearer {known[slug]}":
            raise Refused(401, "invalid broker token")


def main(folder: Path) -> None:
    """Serve on a free port, whose number goes into FOLDER/port."""
    Handler.broker = Broker(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    draft = folder / "port.tmp"
    draft.write_text(str(server.server_port))
    draft.replace(folder / "port")
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
