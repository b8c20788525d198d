"""Which files a run executes."""

import json

import pytest

from evaluations.baseline import CODE_HASH, BaselineChanged, baseline
from evaluations.bundles import limits_of
from evaluations.intake.bundle import Bundle, bundle_of, listing_of, pack, read_bundle
from evaluations.intake.refusals import BundleRefused
from evaluations.run_files import architecture_alone, on_architecture, with_shipped_architecture

FULL = {
    "architecture.py": b"A = 1\n",
    "layers.py": b"L = 1\n",
    "training.py": b"T = 1\n",
    "schedule.py": b"S = 1\n",
    "prism.yaml": b"training: {files: [schedule.py]}\ntokenizer: gpt2\n",
}
TRAINING = {
    "training.py": b"T = 2\n",
    "extra.py": b"E = 2\n",
    "prism.yaml": b"kind: training_for_arch\narchitecture_id: a1\n",
}


def files(bundle: Bundle) -> dict[str, bytes]:
    return {name: data for name, data in bundle.files.items() if name != "prism.yaml"}


def test_an_architecture_alone_leaves_out_what_belongs_to_training() -> None:
    alone = architecture_alone(bundle_of(FULL))
    assert files(alone) == {"architecture.py": b"A = 1\n", "layers.py": b"L = 1\n"}
    assert (alone.manifest.kind, alone.manifest.tokenizer) == ("architecture_only", "gpt2")


def test_an_architecture_alone_is_left_as_it_was_sent() -> None:
    sent = bundle_of({"architecture.py": b"A = 1\n", "prism.yaml": b"kind: architecture_only\nname: mine\n"})
    assert architecture_alone(sent) is sent


def test_a_tokenizer_of_its_own_stays_with_the_architecture() -> None:
    manifest = b"tokenizer: my/tokenizer.json\ntraining: {files: [my/tokenizer.json]}\n"
    sent = bundle_of({**FULL, "my/tokenizer.json": b"{}", "prism.yaml": manifest})
    assert architecture_alone(sent).files["my/tokenizer.json"] == b"{}"


def test_training_runs_on_the_other_architecture() -> None:
    both = on_architecture(bundle_of(TRAINING), bundle_of(FULL))
    assert files(both) == {
        "architecture.py": b"A = 1\n",
        "extra.py": b"E = 2\n",
        "layers.py": b"L = 1\n",
        "training.py": b"T = 2\n",
    }
    assert (both.manifest.kind, both.manifest.scripts) == ("full", ("architecture.py", "training.py"))


def test_architecture_that_training_brings_is_not_run() -> None:
    both = on_architecture(bundle_of({**TRAINING, "architecture.py": b"A = 666\n"}), bundle_of(FULL))
    assert both.files["architecture.py"] == b"A = 1\n"


def test_a_helper_of_the_architecture_cannot_be_replaced() -> None:
    both = on_architecture(bundle_of({**TRAINING, "layers.py": b"L = 666\n"}), bundle_of(FULL))
    assert both.files["layers.py"] == b"L = 1\n"


@pytest.mark.parametrize("section", ["{entrypoint: layers.py}", "{files: [layers.py]}"])
def test_training_that_bears_the_name_of_an_architecture_file_is_refused(section: str) -> None:
    manifest = TRAINING["prism.yaml"] + f"training: {section}\n".encode()
    own = bundle_of({**TRAINING, "layers.py": b"L = 666\n", "prism.yaml": manifest})
    with pytest.raises(BundleRefused) as refused:
        on_architecture(own, bundle_of(FULL))
    assert (refused.value.code, refused.value.file) == ("family_file_clash", "layers.py")


@pytest.mark.parametrize(("named", "tokenizer"), [(b"", "gpt2"), (b"tokenizer: bytes\n", "bytes")])
def test_the_tokenizer_is_the_architectures_unless_one_is_named(named: bytes, tokenizer: str) -> None:
    own = bundle_of({**TRAINING, "prism.yaml": TRAINING["prism.yaml"] + named})
    assert on_architecture(own, bundle_of(FULL)).manifest.tokenizer == tokenizer


def test_what_training_claims_as_its_architecture_is_kept_for_comparison() -> None:
    same, own = bundle_of(TRAINING), bundle_of({**TRAINING, "architecture.py": b"A = 666\n"})
    canonical = bundle_of(FULL)
    assert with_shipped_architecture(same, canonical).files == on_architecture(same, canonical).files
    assert with_shipped_architecture(own, canonical).files["architecture.py"] == b"A = 666\n"


def test_an_architecture_under_another_name_is_claimed_too() -> None:
    moved = {name: data for name, data in FULL.items() if name != "architecture.py"}
    manifest = b"architecture: {entrypoint: model.py}\n"
    canonical = bundle_of({**moved, "model.py": b"A = 1\n", "prism.yaml": manifest})
    claimed = with_shipped_architecture(bundle_of({**TRAINING, "architecture.py": b"A = 666\n"}), canonical)
    assert claimed.manifest.architecture.entrypoint == "architecture.py"


def test_what_is_made_of_two_travels_as_one_archive() -> None:
    both = on_architecture(bundle_of(TRAINING), bundle_of(FULL))
    archive = pack(both.files)
    again = read_bundle(archive, limits_of(archive, listing_of(both.files)))
    assert (again.code_hash, again.manifest) == (both.code_hash, both.manifest)
    assert json.loads(both.files["prism.yaml"])["kind"] == "full"


def test_the_baseline_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CODE_HASH == "3a3eee329354d8fd7969f8974fd06226eeeaebfcb49acc74ba237d75f18b1f60"
    assert baseline().manifest.kind == "architecture_only"
    monkeypatch.setattr("evaluations.baseline.CODE_HASH", "0" * 64)
    with pytest.raises(BaselineChanged):
        baseline()
