"""What runs in the container around a referee, shipped with each job: `python contained.py WORKSPACE OUTPUT`.

It lets nobody else print, ends the referee in time, keeps the few files that the host wants, and seals them:
their hashes under a key that lies where the submitted code cannot read, beside the run's own secret. Where
the broker gives nothing back but what was printed, the files are printed. Standard library only: the image
holds the runner and nothing of the house.
"""

import base64
import hashlib
import hmac
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ORDER = "order.json"
SEAL = "seal.json"
PROGRESS, COMPLAINTS = "progress.jsonl", "referee.log"
TRANSPORTED = ("BASE_BROKER_MOUNT_IN_", "PLATFORM_BROKER_MOUNT_IN_")  # set where the broker prints the output
LINE_CHARS = 76
THREADS_PER_CORE = 3  # that torch starts by itself


def main(workspace: Path, output: Path) -> int:
    """Carry the order out; give the referee's exit status."""
    order = json.loads((workspace / ORDER).read_text(encoding="utf-8"))
    code, limit_passed = carry_out(order, workspace, output)
    kept = keep_only(output, order["keep"], order["max_file_bytes"])
    ending = {"label": order["label"], "exit_code": code, "limit_passed": limit_passed}
    sealed = seal(ending, kept, bytes.fromhex(order["key"]))
    (output / SEAL).write_bytes(sealed)
    if not any(name.startswith(TRANSPORTED) for name in os.environ):
        first = {name: content for name, content in kept.items() if name != order["first"]}
        show(0, first)
        show(1, {SEAL: sealed} | {name: kept[name] for name in kept if name == order["first"]})
    return code if code >= 0 else 128 - code


def carry_out(order: dict[str, Any], workspace: Path, output: Path) -> tuple[int, bool]:
    """Exit status of the referee, negative for a signal, and whether the limit ended it."""
    with tempfile.TemporaryDirectory(prefix="prism-job-") as private:
        job = Path(private) / "JOB.json"
        job.touch(mode=0o600)
        job.write_text(json.dumps(completed(order, workspace, output)), encoding="utf-8")
        command = [sys.executable, "-m", "evaluations.runner", "run", str(job)]
        with (output / PROGRESS).open("wb") as out, (output / COMPLAINTS).open("wb") as complaints:
            referee = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=complaints,
                env=environment(private),
                start_new_session=True,
            )
        try:
            return referee.wait(order["limit_seconds"]), False
        except subprocess.TimeoutExpired:
            os.killpg(referee.pid, signal.SIGKILL)
            return referee.wait(), True


def completed(order: dict[str, Any], workspace: Path, output: Path) -> dict[str, Any]:
    """The job with what only its own host can know: its folders, threads for its cores, names of GPUs."""
    job: dict[str, Any] = {**order["job"], "output_folder": str(output)}
    for part in (job["bundle"], job["stream"], job["heldout"] or {}, *job["packs"]):
        for name in {"folder", "path"} & set(part):
            part[name] = str(workspace / part[name])
    named = job["reference_tokenizers"]
    job["reference_tokenizers"] = {name: str(workspace / path) for name, path in named.items()}
    job["limits"]["threads"] = order["threads"] + THREADS_PER_CORE * (os.cpu_count() or 1)
    if job["device"] == "cuda":
        from evaluations.runner.devices import gpus

        job["gpus"] = [gpu.uuid for gpu in gpus()][: order["gpu_count"]]
    return job


def environment(home: str) -> dict[str, str]:
    """That of the image; what the broker carried the mounts in is not for the referee."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(TRANSPORTED)}
    return {**own, "HOME": home, "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def keep_only(output: Path, names: list[str], max_bytes: int) -> dict[str, bytes]:
    """The wanted files that are plain and not too large; all else is removed, so that little comes back."""
    kept: dict[str, bytes] = {}
    for path in sorted(output.iterdir()):
        plain = path.is_file() and not path.is_symlink()
        if plain and path.name in names and path.stat().st_size <= max_bytes:
            kept[path.name] = path.read_bytes()
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    return kept


def seal(ending: dict[str, Any], files: dict[str, bytes], key: bytes) -> bytes:
    """The ending and every file's hash as JSON, with its MAC."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    body = json.dumps({**ending, "files": hashes}, sort_keys=True)
    return json.dumps({"body": body, "mac": mac(body, key)}).encode()


def mac(body: str, key: bytes) -> str:
    """Hex HMAC-SHA256."""
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()


def show(part: int, files: dict[str, bytes]) -> None:
    """Print an archive of files between our marks."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    text = base64.b64encode(stream.getvalue()).decode("ascii")
    lines = [text[start : start + LINE_CHARS] for start in range(0, len(text), LINE_CHARS)]
    print(f"@@PRISM_OUT[{part}]:BEGIN@@", *lines, f"@@PRISM_OUT[{part}]:END@@", sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
