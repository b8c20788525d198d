"""Which files a run executes: a submission's own, perhaps on another's architecture, or that alone.

A bundle made of two is read like any other, so that whoever carries out the run need not know of it.
"""

import json
from collections.abc import Mapping
from uuid import UUID

from evaluations.baseline import baseline
from evaluations.bundles import stored_bundle
from evaluations.enums import RunPurpose
from evaluations.intake.bundle import Bundle, bundle_of
from evaluations.intake.manifest import MANIFEST_NAME, STAGED_TOKENIZERS, BundleManifest
from evaluations.intake.refusals import BundleRefused
from evaluations.models import Run, Submission


def files_of(run: Run) -> Bundle:
    """What a run executes.

    Raises:
        BundleChanged, BaselineChanged: the bytes are not those that were accepted.
    """
    if run.submission_id is not None:
        return bundle_as_run(run.submission_id)
    if run.source_id is not None:
        return architecture_alone(stored_bundle(run.source_id))
    assert run.purpose == RunPurpose.BASELINE
    return baseline()


def bundle_as_run(submission_id: UUID) -> Bundle:
    """A submission's bundle; training for an architecture comes with that architecture's files.

    Raises:
        BundleChanged: the bytes are not those that were accepted.
        BundleRefused: the two do not fit together, which is found out before the first review.
    """
    own = stored_bundle(submission_id)
    trains_for = Submission.objects.values_list("trains_for", flat=True).get(pk=submission_id)
    return own if trains_for is None else on_architecture(own, stored_bundle(trains_for))


def bundle_as_claimed(submission_id: UUID) -> Bundle:
    """The same, with what training ships as its architecture in the place of what it is run on.

    Never run: its source tells whether another structure is claimed. Raises as `bundle_as_run`.
    """
    own = stored_bundle(submission_id)
    trains_for = Submission.objects.values_list("trains_for", flat=True).get(pk=submission_id)
    return own if trains_for is None else with_shipped_architecture(own, stored_bundle(trains_for))


def architecture_alone(bundle: Bundle) -> Bundle:
    """A bundle without what its manifest gives to training: the reference recipe trains it."""
    manifest = bundle.manifest
    if manifest.kind == "architecture_only":
        return bundle
    needed = {manifest.architecture.entrypoint, *manifest.architecture.files, manifest.tokenizer}
    dropped = {manifest.training.entrypoint, *manifest.training.files, MANIFEST_NAME} - needed
    files = {name: data for name, data in bundle.files.items() if name not in dropped}
    sections = {"kind": "architecture_only", "architecture": _section(manifest, "architecture")}
    return _bundle(files, sections | {"tokenizer": manifest.tokenizer})


def on_architecture(own: Bundle, canonical: Bundle) -> Bundle:
    """`own` training on the architecture of `canonical`, whose files come first.

    What `own` ships as architecture is left out; the tokenizer is `own`'s where it names one.

    Raises:
        BundleRefused: `family_file_clash`, a file of the training has the name of one of the architecture.
    """
    base, shipped = architecture_alone(canonical), own.manifest.architecture
    training = {own.manifest.training.entrypoint, *own.manifest.training.files}
    for name in sorted(training & base.files.keys()):
        raise BundleRefused("family_file_clash", file=name)
    ignored = {shipped.entrypoint, *shipped.files, MANIFEST_NAME}
    brought = {name: data for name, data in own.files.items() if name not in ignored}
    files = {**brought, **{name: data for name, data in base.files.items() if name != MANIFEST_NAME}}
    tokenizer = tokenizer_of(own, canonical)
    if tokenizer not in STAGED_TOKENIZERS and tokenizer in own.files:
        files[tokenizer] = own.files[tokenizer]
    sections = {
        "kind": "full",
        "architecture": _section(canonical.manifest, "architecture"),
        "training": _section(own.manifest, "training"),
    }
    return _bundle(files, sections | {"tokenizer": tokenizer})


def with_shipped_architecture(own: Bundle, canonical: Bundle) -> Bundle:
    """As `on_architecture`, with the files of `own` first; without any for an architecture it is the same."""
    run, training = on_architecture(own, canonical), own.manifest.training
    shipped = own.manifest.architecture.entrypoint
    is_own = shipped in own.files and shipped not in {training.entrypoint, *training.files}
    manifest = (own if is_own else canonical).manifest
    files = {**run.files, **{name: data for name, data in own.files.items() if name != MANIFEST_NAME}}
    sections = {
        "architecture": _section(manifest, "architecture"),
        "training": _section(own.manifest, "training"),
    }
    return _bundle(files, {"kind": "full", **sections, "tokenizer": run.manifest.tokenizer})


def tokenizer_of(own: Bundle, canonical: Bundle) -> str:
    """The one that the training names, or else the one that the architecture was sent with."""
    named = "tokenizer" in own.manifest.model_fields_set
    return (own if named else canonical).manifest.tokenizer


def _section(manifest: BundleManifest, name: str) -> dict[str, object]:
    section: dict[str, object] = getattr(manifest, name).model_dump(mode="json")
    return section


def _bundle(files: Mapping[str, bytes], manifest: Mapping[str, object]) -> Bundle:
    """JSON is YAML of quoted strings, which is all that a manifest may hold."""
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    return bundle_of({**files, MANIFEST_NAME: text.encode()})
