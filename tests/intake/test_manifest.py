"""prism.yaml: strings in a strict schema, and the files it names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evaluations.intake.manifest import BundleManifest, parse_manifest, read_manifest
from evaluations.intake.refusals import BundleRefused
from tests.intake.crafted import CONTRACT


def laughs() -> bytes:
    """Nine levels of nine references each: a billion laughs in under a kilobyte."""
    levels = [b'a0: &a0 ["lol"]']
    levels += [b"a%d: &a%d [%s]" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 10)]
    return b"\n".join(levels)


CASES = {
    "114 billion laughs": (laughs(), "yaml_alias"),
    "114 anchor alone": (b"name: &a x\n", "yaml_alias"),
    "115 recursive alias": (b"&a [*a]\n", "yaml_alias"),
    "115 alias as a key": (b"*a : x\n", "yaml_alias"),
    "116 python object": (b"name: !!python/object/apply:os.system ['id']\n", "yaml_tag"),
    "116 binary": (b"name: !!binary aGk=\n", "yaml_tag"),
    "116 set": (b"architecture: !!set {a, b}\n", "yaml_tag"),
    "116 explicit string": (b"name: !!str 1\n", "yaml_tag"),
    "116 tag directive": (b"%TAG ! tag:x,2000:\n---\nname: x\n", "yaml_tag"),
    "117 duplicate key": (b"name: x\nname: y\n", "yaml_duplicate_key"),
    "117 duplicate key within": (b"training: {entrypoint: a.py, entrypoint: b.py}\n", "yaml_duplicate_key"),
    "117 duplicate in quotes": (b"name: x\n'name': y\n", "yaml_duplicate_key"),
    "118 merge": (b"<<: {name: x}\n", "yaml_merge"),
    "119 no": (b"name: no\n", "yaml_type"),
    "119 sexagesimal": (b"name: 1:30\n", "yaml_type"),
    "119 octal": (b"name: 017\n", "yaml_type"),
    "119 date": (b"name: 2026-01-01\n", "yaml_type"),
    "119 inf": (b"name: .inf\n", "yaml_type"),
    "119 nan": (b"name: .nan\n", "yaml_type"),
    "119 null": (b"name:\n", "yaml_type"),
    "119 list as a key": (b"[a]: x\n", "yaml_type"),
    "120 depth 2000": (b"[" * 2000 + b"]" * 2000, "yaml_too_deep"),
    "120 depth 9": (b"a: " + b"[" * 9 + b"]" * 9, "yaml_too_deep"),
    "121 keys of keys": (b"? " * 8000, "yaml_too_deep"),
    "121 more of them": (b"? " * 20_000, "yaml_too_large"),
    "122 two documents": (b"name: x\n---\nname: y\n", "yaml_documents"),
    "123 5000 digits": (b"name: " + b"9" * 1900 + b"\n", "yaml_type"),
    "124 20 000 keys": (b"".join(b"k%d: v\n" % n for n in range(20_000)), "yaml_too_large"),
    "124 a list without end": (b"training: {files: [" + b"a," * 7000 + b"]}", "yaml_too_large"),
    "125 unknown key": (b"autor: x\n", "yaml_schema"),
    "125 unknown key within": (b"training: {entry: a.py}\n", "yaml_schema"),
    "125 entrypoint outside": (b"training: {entrypoint: ../train.py}\n", "yaml_schema"),
    "125 absolute entrypoint": (b"training: {entrypoint: /train.py}\n", "yaml_schema"),
    "125 entrypoint of another kind": (b"training: {entrypoint: train.sh}\n", "yaml_schema"),
    "125 missing entrypoint": (b"training: {entrypoint: train.py}\n", "yaml_schema"),
    "125 missing file": (b"training: {files: [helpers.py]}\n", "yaml_schema"),
    "125 missing tokenizer": (b"tokenizer: tokenizer.json\n", "yaml_schema"),
    "125 unknown tokenizer": (b"tokenizer: gpt4\n", "yaml_schema"),
    "125 unknown kind": (b"kind: half\n", "yaml_schema"),
    "125 long name": (b"name: " + b"x" * 81, "yaml_schema"),
    "125 unprintable name": (b'name: "a\\u202eb"', "yaml_schema"),
    "125 list for a string": (b"name: [x]\n", "yaml_schema"),
    "125 string for a list": (b"training: {files: training.py}\n", "yaml_schema"),
    "125 no mapping": (b"x\n", "yaml_schema"),
    "125 empty": (b"# nothing\n", "yaml_schema"),
    "125 id without its kind": (b"architecture_id: a1\n", "yaml_schema"),
    "125 kind without its id": (b"kind: training_for_arch\n", "yaml_schema"),
    "125 training in architecture_only": (b"kind: architecture_only\ntraining: {}\n", "yaml_schema"),
    "125 architecture in training_for_arch": (
        b"kind: training_for_arch\narchitecture_id: a1\narchitecture: {}\n",
        "yaml_schema",
    ),
    "lone surrogate": (b'training: {entrypoint: "\\ud800.py"}', "yaml_syntax"),
    "broken": (b"name: [x\n", "yaml_syntax"),
    "tab": (b"training:\n\tentrypoint: x.py\n", "yaml_syntax"),
    "text": (b"name: \xff\n", "text_not_utf8"),
    "95 one file": (b"architecture: {entrypoint: training.py}\n", "contract_same_file"),
    "95 entrypoint among the other's files": (
        b"architecture: {files: [training.py]}\n",
        "contract_same_file",
    ),
}


@pytest.mark.parametrize(("text", "code"), CASES.values(), ids=CASES.keys())
def test_bad_manifest_is_refused_with_its_code(text: bytes, code: str) -> None:
    with pytest.raises(BundleRefused) as refused:
        read_manifest({**CONTRACT, "prism.yaml": text})
    assert refused.value.code == code
    assert refused.value.file is not None


def test_yaml_1_1_surprise_names_its_line() -> None:
    with pytest.raises(BundleRefused) as refused:
        parse_manifest(b"kind: full\nname: 2026\n")
    assert refused.value.line == 2


@pytest.mark.parametrize("missing", CONTRACT)
def test_default_scripts_must_exist(missing: str) -> None:
    files = {name: data for name, data in CONTRACT.items() if name != missing}
    with pytest.raises(BundleRefused) as refused:
        read_manifest(files)
    assert (refused.value.code, refused.value.file) == ("contract_missing_file", missing)


def test_without_a_manifest_the_defaults_apply() -> None:
    manifest = read_manifest(CONTRACT)
    assert manifest == BundleManifest()
    assert manifest.scripts == ("architecture.py", "training.py")
    assert manifest.tokenizer == "bytes"


def test_full_manifest_is_honoured_exactly() -> None:
    text = b"""
kind: full
name: "Wide and shallow, 2026"
tokenizer: vocabulary/tokenizer.json
architecture:
  entrypoint: src/model.py
  files: [src/layers.py]
training: {entrypoint: src/train.py}
"""
    names = ("src/model.py", "src/layers.py", "src/train.py", "vocabulary/tokenizer.json")
    manifest = read_manifest({"prism.yaml": text, **dict.fromkeys(names, b"")})
    assert manifest.scripts == ("src/model.py", "src/train.py")
    assert manifest.architecture.files == ("src/layers.py",)
    assert manifest.tokenizer == "vocabulary/tokenizer.json"
    assert manifest.name == "Wide and shallow, 2026"


def test_architecture_only_needs_no_training_script() -> None:
    manifest = read_manifest({"architecture.py": b"", "prism.yaml": b"kind: architecture_only\n"})
    assert manifest.scripts == ("architecture.py",)


def test_training_for_an_architecture_needs_only_its_id() -> None:
    text = b"kind: training_for_arch\narchitecture_id: 'a1'\n"
    manifest = read_manifest({"training.py": b"", "prism.yaml": text})
    assert (manifest.scripts, manifest.architecture_id) == (("training.py",), "a1")


def test_training_for_an_architecture_may_bring_one_to_be_compared() -> None:
    manifest = read_manifest({**CONTRACT, "prism.yaml": b"kind: training_for_arch\narchitecture_id: 'a1'\n"})
    assert manifest.scripts == ("training.py",)


def test_manifest_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        BundleManifest().name = "other"


pieces = st.sampled_from(
    ["name", "training", ": ", "- ", "[", "]", "{", "}", "\n", "  ", "x", "'", '"', "|", "? ", "#", ","]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(pieces, max_size=30).map("".join) | st.text(max_size=60))
def test_no_yaml_raises_anything_but_a_refusal(text: str) -> None:
    try:
        parse_manifest(text.encode())
    except BundleRefused as error:
        refused = error
    else:
        return
    assert refused.code.startswith(("yaml_", "text_", "source_"))
