"""The manifest as hostile input."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.runner.manifest import ManifestInvalid, RunManifest, read, validate

SCORED = {
    "schema_version": "prism_run_manifest.v2",
    "submission_id": "s",
    "run_id": "r",
    "mode": "local_cpu_smoke",
    "verdict": "scored",
    "code": "scored",
    "reason": "",
    "traceback": "",
    "score": {
        "bpb": 2.0,
        "bpb_se": 0.01,
        "bits": 2000.0,
        "bytes": 1000,
        "final_score": None,
        "multiplier": 1.0,
        "step0_bpb": 8.0,
        "score_fraction": 1.0,
    },
    "curve": {"bytes": [400, 1000], "bits": [1100.0, 2000.0], "bpb": [2.75, 1.5]},
    "audit": None,
    "integrity": {"tokenizer": "bytes"},
    "heldout": None,
    "model": {"parameters": 10},
    "training": {"commits": 2},
    "data": {"bytes": 1000},
    "run": {"seed": 1},
}


def changed(path: str, value: object) -> dict:
    found = copy.deepcopy(SCORED)
    *parents, last = path.split(".")
    inner = found
    for name in parents:
        inner = inner[name]
    inner[last] = value
    return found


def test_a_manifest_survives_writing_and_reading(tmp_path):
    assert read(validate(SCORED).write(tmp_path)) == RunManifest(**SCORED)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema_version", "prism_run_manifest.v1"),
        ("verdict", "won"),
        ("reason", "x" * 30_000),
        ("reason", "\x00"),
        ("score", None),
        ("score.bpb", float("nan")),
        ("score.bpb", 0.1),
        ("score.bpb", "2.0"),
        ("score.bytes", 0),
        ("score.bits", -1.0),
        ("curve.bits", [1100.0]),
        ("curve.bits", [1100.0, 1500.0]),
        ("curve.bytes", []),
        ("curve", []),
        ("run", None),
        ("model.parameters", float("inf")),
        ("unknown", 1),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(path, value):
    with pytest.raises(ManifestInvalid):
        validate(changed(path, value))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(SCORED)), inner, max_size=5)
        ),
        max_leaves=10,
    )
)
def test_any_other_json_is_refused_without_surprise(found):
    with pytest.raises(ManifestInvalid):
        validate(found)


def test_files_that_hold_no_manifest_are_refused(tmp_path):
    path = tmp_path / "m.json"
    for content in ("", "[" * 100_000, '{"a": 1'):
        path.write_text(content)
        with pytest.raises(ManifestInvalid):
            read(path)
    path.write_text(json.dumps(SCORED))
    link = tmp_path / "link.json"
    link.symlink_to(path)
    with pytest.raises(ManifestInvalid):
        read(link)
