"""What the broker of the tests refuses, and the ways in which it can fail."""

import json
import socket
from typing import Any

IMAGES = ("example/prism-evaluator@sha256:", "prism-test-", "sha256:")
TYPES: dict[str, type] = {
    "job_id": str,
    "task_id": str,
    "image": str,
    "command": list,
    "env": dict,
    "labels": dict,
    "limits": dict,
    "mounts": list,
    "timeout_seconds": int,
}
LIMITS: dict[str, type | tuple[type, ...]] = {
    "cpus": (int, float),
    "memory": str,
    "memory_swap": str,
    "pids_limit": int,
    "network": str,
    "read_only": bool,
    "user": str,
    "tmpfs": list,
    "ulimits": list,
    "cap_drop": list,
    "security_opt": list,
    "init": bool,
}


def check_run(request: dict[str, Any], refused: type[Exception]) -> None:
    """The rules of the platform's broker."""
    for name, kind in TYPES.items():
        if not isinstance(request.get(name), kind):
            raise refused(422, f"{name} is no {kind.__name__}")
    limits = request["limits"]
    for name, kinds in LIMITS.items():
        if not isinstance(limits.get(name), kinds):
            raise refused(422, f"limits.{name}")
    if not 1 <= len(request["job_id"]) <= 128 or not 1 <= request["timeout_seconds"] <= 86_400:
        raise refused(422, "job_id or timeout_seconds")
    if limits["gpu_count"] is not None and (type(limits["gpu_count"]) is not int or limits["gpu_count"] < 1):
        raise refused(422, "limits.gpu_count")
    if not request["image"].startswith(IMAGES):
        raise refused(400, f"Docker image is not allowed: {request['image']}")
    if not limits["read_only"] or not limits["init"] or "ALL" not in limits["cap_drop"]:
        raise refused(400, "broker Docker jobs require a read-only root filesystem, init and no capability")
    if not any(option.startswith("no-new-privileges") for option in limits["security_opt"]):
        raise refused(400, "broker Docker jobs require no-new-privileges")
    if limits["network"] != "none":
        raise refused(400, "network")


def suffer(handler: Any, fault: str) -> bool:
    """A fault before anything is done; whether there was one."""
    match fault.split(":"):
        case ["quota"]:
            handler.answer(429, {"detail": "docker_quota_exceeded: 2 of 2 jobs"})
        case ["refuse"]:
            handler.answer(400, {"detail": "Docker image is not allowed: x"})
        case ["status", code]:
            handler.answer(int(code), {"detail": f"status {code}"})
        case ["page"]:
            handler.answer(502, b"<html>Bad gateway</html>")
        case ["echo"]:
            handler.answer(400, {"detail": f"bad header {handler.headers['Authorization']}"})
        case ["cut"]:
            _cut(handler)
        case _:
            return False
    return True


def suffer_after(handler: Any, fault: str) -> bool:
    """A fault after the job has run; whether there was one."""
    match fault.split(":"):
        case ["cut_after"]:
            _cut(handler)
        case ["error_after"]:
            handler.answer(500, {"detail": "after it ran"})
        case ["no_json_after"]:
            handler.answer(200, b"{ no json")
        case ["wrong_types_after"]:
            handler.answer(200, {"container_name": 7, "stdout": [], "returncode": "0"})
        case ["half_after"]:
            handler.send_response(200)
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
            handler.wfile.write(b'{"container_name": "x", "stdout": "')
            _cut(handler)
        case _:
            return False
    return True


def falsify(broker: Any, fault: str, answer: dict[str, Any]) -> dict[str, Any]:
    """An answer with something wrong in it, as FOLDER/forged.json or the fault's name says."""
    if fault == "no_end":
        return {**answer, "stdout": answer["stdout"].replace("]:END@@", "]:STOP@@")}
    if fault == "truncated":
        return {**answer, "stdout": answer["stdout"][: len(answer["stdout"]) // 2]}
    if fault == "silent":
        return {**answer, "stdout": ""}
    if fault == "forged":
        return {**answer, **json.loads((broker.folder / "forged.json").read_text())}
    return answer


def _cut(handler: Any) -> None:
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True
