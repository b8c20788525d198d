"""The bytes of a request, and answers as hostile input."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.backends.broker import answers
from evaluations.backends.broker.archive import unpack
from evaluations.backends.broker.errors import AnswerInvalid
from evaluations.backends.broker.request import MAX_TIMEOUT_SECONDS, Mount, Walls, run_request
from tests.broker import refusals
from tests.broker.jobs import IMAGE, LABEL, WALLS, request_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
)
FIELDS = ["container_name", "stdout", "stderr", "returncode", "timed_out", "containers", "job_id", "detail"]


def body(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(request_of("pass", **changes))
    return found


def test_a_request_is_what_the_wire_says_to_the_letter() -> None:
    request = run_request(
        job_id="run.3",
        task_id="gpu_proxy_eval",
        image=IMAGE,
        command=["python", "-V"],
        walls=Walls(
            cpus=2.5,
            memory_bytes=(3 << 30) + 1,
            pids=512,
            open_files=4096,
            tmp_bytes=1 << 30,
            user="65534:65534",
            gpu_count=1,
        ),
        mounts=[Mount(target="/artifacts", archive=b"packed", read_only=False)],
        timeout_seconds=899.2,
    )
    assert json.loads(request) == {
        "job_id": "run.3",
        "task_id": "gpu_proxy_eval",
        "image": IMAGE,
        "image_pull_policy": "IfNotPresent",
        "command": ["python", "-V"],
        "workdir": None,
        "env": {},
        "labels": {"base.job": "run.3", "base.task": "gpu_proxy_eval"},
        "limits": {
            "cpus": 2.5,
            "memory": "3073m",
            "memory_swap": "3073m",
            "pids_limit": 512,
            "gpu_count": 1,
            "network": "none",
            "read_only": True,
            "user": "65534:65534",
            "tmpfs": ["/tmp:rw,noexec,nosuid,size=1024m"],
            "ulimits": ["nofile=4096:4096"],
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "init": True,
        },
        "mounts": [
            {
                "target": "/artifacts",
                "read_only": False,
                "source_type": "directory",
                "source_name": ".",
                "archive_b64": base64.b64encode(b"packed").decode(),
            }
        ],
        "timeout_seconds": 900,
    }


def test_the_broker_of_the_tests_takes_our_requests_and_no_worse_ones() -> None:
    refusals.check_run(body(), AssertionError)
    for worse in ({"image": "alpine"}, {"job_id": "x" * 129}, {"job_id": ""}):
        with pytest.raises(AssertionError):
            refusals.check_run(
                body(**{k: v for k, v in worse.items() if k != "job_id"}) | worse, AssertionError
            )


def test_equal_jobs_are_equal_bytes() -> None:
    assert request_of("pass") == request_of("pass")
    assert list(unpack(base64.b64decode(body()["mounts"][0]["archive_b64"]))) == ["contained.py", "job.py"]


@pytest.mark.parametrize(("seconds", "sent"), [(0.0, 1), (0.2, 1), (60.5, 61), (1e6, MAX_TIMEOUT_SECONDS)])
def test_a_time_limit_stays_within_what_the_broker_takes(seconds: float, sent: int) -> None:
    assert body(timeout_seconds=seconds)["timeout_seconds"] == sent


def test_without_gpus_none_are_asked_for() -> None:
    assert body()["limits"]["gpu_count"] is None
    assert WALLS.gpu_count is None


def test_an_answer_is_read_field_by_field() -> None:
    raw = {"container_name": "c", "stdout": "o", "stderr": "e", "returncode": 3, "timed_out": True, "more": 1}
    assert answers.run_answer(json.dumps(raw).encode()) == answers.RunAnswer("c", "o", "e", 3, True)
    least = answers.run_answer(b'{"container_name": "c", "returncode": 0}')
    assert least == answers.RunAnswer("c", "", "", 0, False)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"{}",
        b'{"returncode": "0"}',
        b'{"returncode": true}',
        b'{"returncode": 1e0}',
        b'{"returncode": 99999999999}',
        b'{"returncode": 0, "stdout": 1}',
        b'{"returncode": 0, "timed_out": "no"}',
        b'{"returncode": 0, "container_name": {}}',
    ],
)
def test_an_answer_of_another_shape_is_refused(raw: bytes) -> None:
    with pytest.raises(AnswerInvalid) as caught:
        answers.run_answer(raw)
    assert caught.value.code == "job_answer_invalid"


def test_a_list_names_containers_and_their_jobs() -> None:
    raw = {"containers": [{"container_name": "n", "job_id": LABEL, "status": "Up"}, {"job_id": None}]}
    assert answers.list_answer(json.dumps(raw).encode()) == [
        answers.Listed("n", LABEL, "Up"),
        answers.Listed("", "", ""),
    ]
    for bad in (b'{"containers": 1}', b'{"containers": [1]}', b'{"containers": [{"job_id": 1}]}', b"x"):
        with pytest.raises(AnswerInvalid):
            answers.list_answer(bad)


def test_a_refusal_is_one_printable_line() -> None:
    assert answers.detail_of(b'{"detail": "no\\nsuch\\u0000image"}') == "no such image"
    assert answers.detail_of(b'{"detail": [{"loc": ["body"]}]}') == '[{"loc": ["body"]}]'
    assert answers.detail_of(b"<html>\n") == "<html> "
    assert len(answers.detail_of(b'{"detail": "' + b"x" * 10_000 + b'"}')) == answers.MAX_DETAIL_CHARS


@given(st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON)
def test_any_json_is_an_answer_or_refused(value: Any) -> None:
    raw = json.dumps(value).encode()
    for read in (answers.run_answer, answers.list_answer, answers.cleanup_answer):
        try:
            read(raw)
        except AnswerInvalid:
            continue
    assert answers.detail_of(raw).isprintable()


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_refused(raw: bytes) -> None:
    with pytest.raises(AnswerInvalid):
        answers.run_answer(b"\x00" + raw)
    assert answers.detail_of(raw).isprintable()
