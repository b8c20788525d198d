"""What a container prints: only what its own program sealed counts, wherever it stands."""

import base64
import contextlib
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.backends.broker import contained
from evaluations.backends.broker.archive import pack
from evaluations.backends.broker.errors import ResultRefused
from evaluations.backends.broker.marks import MAX_SECTIONS, sections, without_sections
from evaluations.backends.broker.results import Result, open_result
from tests.broker.jobs import KEY, LABEL

FILES = {"prism_run_manifest.v2.json": b'{"bpb": 1}', "progress.jsonl": b"{}\n"}
FORGED = {"prism_run_manifest.v2.json": b'{"bpb": 0}', "progress.jsonl": b"{}\n"}
OUT = 1


def sealed(files: dict[str, bytes], *, key: bytes = KEY, **ending: Any) -> dict[str, bytes]:
    said = {"label": LABEL, "exit_code": 0, "limit_passed": False} | ending
    return {contained.SEAL: contained.seal(said, files, key), **files}


def printed(files: dict[str, bytes], *, mark: str = f"BASE_BROKER_MOUNT_OUT[{OUT}]", end: str = "END") -> str:
    text = base64.encodebytes(pack(files, max_bytes=1 << 20)).decode()
    return f"@@{mark}:BEGIN@@\n{text}@@{mark}:{end}@@\n"


def opened(stdout: str) -> Result:
    return open_result(stdout, label=LABEL, key=KEY, mount=OUT)


def code_of(stdout: str) -> str:
    with pytest.raises(ResultRefused) as caught:
        opened(stdout)
    return caught.value.code


GOOD = printed(sealed(FILES))


@pytest.mark.parametrize("mark", ["BASE_BROKER_MOUNT_OUT[1]", "PLATFORM_BROKER_MOUNT_OUT[1]", "PRISM_OUT[0]"])
def test_sealed_files_are_taken_from_any_kind_of_section(mark: str) -> None:
    assert opened("log\n" + printed(sealed(FILES), mark=mark)) == Result(FILES, 0, False, ())


def test_what_the_container_prints_is_what_is_read() -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        contained.show(0, {"progress.jsonl": FILES["progress.jsonl"]})
        contained.show(1, {k: v for k, v in sealed(FILES).items() if k != "progress.jsonl"})
    assert opened(out.getvalue()) == Result(FILES, 0, False, ())
    assert max(map(len, out.getvalue().splitlines())) <= contained.LINE_CHARS


def test_the_end_of_a_log_is_enough_for_the_manifest() -> None:
    first = printed({"progress.jsonl": FILES["progress.jsonl"]}, mark="PRISM_OUT[0]")
    manifest = {k: v for k, v in sealed(FILES).items() if k != "progress.jsonl"}
    last = printed(manifest, mark="PRISM_OUT[1]")
    found = opened((first + last)[-len(last) - 30 :])
    assert found.files == {"prism_run_manifest.v2.json": b'{"bpb": 1}'}
    assert found.missing == ("progress.jsonl",)


@pytest.mark.parametrize(
    "forgery",
    [
        printed(FORGED),
        printed(sealed(FORGED, key=b"guessed")),
        printed(sealed(FORGED, label="another.1")),
        printed({**sealed(FILES), **FORGED}),
        printed({contained.SEAL: b"{}", **FORGED}),
        printed({contained.SEAL: b"[" * 100_000, **FORGED}),
        printed({contained.SEAL: b'{"body": "null", "mac": "\xc3\xa9"}', **FORGED}),
        printed(FORGED, mark="PRISM_OUT[1]"),
        f"@@BASE_BROKER_MOUNT_OUT[{OUT}]:BEGIN@@\n",
        f"@@BASE_BROKER_MOUNT_OUT[{OUT}]:END@@\n",
        "@@BASE_BROKER_MOUNT_OUT[0]:BEGIN@@\n" * 3,
        "@@PRISM_OUT[1]:BEGIN@@\nAAAA",
        f"@@BASE_BROKER_MOUNT_OUT[{OUT}]:BEGIN@@\nAAAA\n@@BASE_BROKER_MOUNT_OUT[{OUT}]:END@@\n",
    ],
)
def test_a_submission_that_prints_marks_forges_nothing(forgery: str) -> None:
    """Before, after and around the true section; within a line of JSON too."""
    quoted = json.dumps({"type": "error", "reason": forgery}) + "\n"
    for stdout in (
        forgery + GOOD,
        GOOD + forgery,
        forgery + GOOD + forgery,
        quoted + GOOD,
        quoted * 2 + GOOD,
    ):
        assert opened(stdout).files == FILES


@pytest.mark.parametrize(
    ("stdout", "code"),
    [
        ("", "job_result_missing"),
        ("just a log", "job_result_missing"),
        (printed(sealed(FILES), end="STOP"), "job_result_missing"),
        (printed(sealed(FILES), mark="BASE_BROKER_MOUNT_OUT[0]"), "job_result_missing"),
        (GOOD.replace("]:BEGIN", "]:END"), "job_result_missing"),
        (GOOD.replace("A", "!"), "job_result_missing"),
        (printed(FORGED), "job_result_unsealed"),
        (printed(sealed(FORGED, key=b"guessed")), "job_result_unsealed"),
        (printed(sealed(FORGED, label="another.1")), "job_result_unsealed"),
        (printed(sealed(FILES, exit_code="0")), "job_result_unsealed"),
        (printed(sealed(FILES, exit_code=1 << 40)), "job_result_unsealed"),
        (GOOD[:80] + "AAAA" + GOOD[84:], "job_archive_refused"),
    ],
)
def test_without_a_seal_there_is_no_result(stdout: str, code: str) -> None:
    assert code_of(stdout) == code


def test_a_file_changed_after_sealing_is_missing() -> None:
    found = opened(printed({**sealed(FILES), "progress.jsonl": b"changed\n"}))
    assert found.files == {"prism_run_manifest.v2.json": b'{"bpb": 1}'}
    assert found.missing == ("progress.jsonl",)


def test_a_flood_of_sections_does_not_hide_the_last() -> None:
    flood = printed(FORGED) * (2 * MAX_SECTIONS)
    assert len(sections(flood)) == MAX_SECTIONS
    assert opened(flood + GOOD).files == FILES


def test_the_rest_of_a_log_is_what_stands_between_sections() -> None:
    assert without_sections(f"one\n{GOOD}two\n{GOOD}three\n") == "one\n\ntwo\n\nthree\n"
    assert without_sections("one\n@@PRISM_OUT[0]:BEGIN@@\nnever ended") == "one\n"


PIECES = st.sampled_from(
    [
        GOOD,
        printed(FORGED),
        *re.split("(\n)", GOOD)[:4],
        "@@PRISM_OUT[1]:BEGIN@@",
        "@@PRISM_OUT[1]:END@@",
        "\n",
        "log",
    ]
)


@given(st.lists(PIECES | st.text(max_size=20), max_size=12))
def test_no_mixture_of_marks_gives_anything_but_the_sealed_files(pieces: list[str]) -> None:
    try:
        found = opened("".join(pieces))
    except ResultRefused:
        return
    assert found.files.items() <= FILES.items()


@given(st.binary(max_size=200), st.integers(0, 10_000))
def test_no_change_of_a_section_gives_other_files(change: bytes, place: int) -> None:
    place %= len(GOOD)
    try:
        found = opened(GOOD[:place] + change.decode("latin-1") + GOOD[place + len(change) :])
    except ResultRefused:
        return
    assert found.files.items() <= FILES.items()
