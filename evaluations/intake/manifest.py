"""`prism.yaml`: which files of a bundle play which part. Every field has a default; nothing is guessed."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from evaluations.intake.archive_names import check_name
from evaluations.intake.refusals import BundleRefused, shown
from evaluations.intake.text import check_text
from evaluations.intake.yaml_strings import load_strings

MANIFEST_NAME = "prism.yaml"
MAX_MANIFEST_BYTES = 16 * 1024
STAGED_TOKENIZERS = ("bytes", "gpt2", "llama")

Kind = Literal["full", "architecture_only", "training_for_arch"]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{1,64}$")]


def _bundle_path(name: str) -> str:
    try:
        return check_name(name.encode())
    except BundleRefused as refused:
        raise PydanticCustomError("bundle_path", "must be the path of a file in the bundle") from refused


def _script_path(name: str) -> str:
    if not name.endswith(".py"):
        raise PydanticCustomError("script_path", "must be the path of a .py file in the bundle")
    return _bundle_path(name)


BundlePath = Annotated[str, AfterValidator(_bundle_path)]
ScriptPath = Annotated[str, AfterValidator(_script_path)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Architecture(_Strict):
    """The script that defines `build_model`, and the other files that belong to the architecture."""

    entrypoint: ScriptPath = "architecture.py"
    files: tuple[BundlePath, ...] = ()


class Training(_Strict):
    """The script that defines the training, and the other files that belong to it."""

    entrypoint: ScriptPath = "training.py"
    files: tuple[BundlePath, ...] = ()


class BundleManifest(_Strict):
    """What a bundle says about itself.

    `kind` decides which sections count: `architecture_only` has no training (the reference recipe trains it),
    `training_for_arch` runs on a known architecture, which `architecture_id` names; source of its own is kept
    for comparison and not run.
    `tokenizer` is the name of a staged one or the path of a `tokenizer.json` in the bundle.
    """

    kind: Kind = "full"
    architecture: Architecture = Architecture()
    training: Training = Training()
    architecture_id: Identifier | None = None
    tokenizer: str = "bytes"
    name: Annotated[str, StringConstraints(max_length=80)] = ""

    @property
    def scripts(self) -> tuple[str, ...]:
        """The entry points that this kind of bundle must bring, architecture first."""
        both = (
            (self.kind != "training_for_arch", self.architecture.entrypoint),
            (self.kind != "architecture_only", self.training.entrypoint),
        )
        return tuple(script for needed, script in both if needed)

    @field_validator("tokenizer")
    @classmethod
    def _is_staged_or_file(cls, tokenizer: str) -> str:
        if tokenizer in STAGED_TOKENIZERS:
            return tokenizer
        if not tokenizer.endswith("tokenizer.json"):
            raise PydanticCustomError(
                "tokenizer", "must be bytes, gpt2, llama or the path of a tokenizer.json"
            )
        return _bundle_path(tokenizer)

    @field_validator("name")
    @classmethod
    def _is_printable(cls, name: str) -> str:
        if not name.isprintable():
            raise PydanticCustomError("printable", "must be printable")
        return name

    @model_validator(mode="after")
    def _sections_fit_kind(self) -> Self:
        unused = {"architecture_only": "training", "training_for_arch": "architecture"}.get(self.kind)
        if unused in self.model_fields_set:
            raise PydanticCustomError(
                "section", "this kind of bundle has no such section as {unused}", {"unused": unused}
            )
        if (self.architecture_id is not None) != (self.kind == "training_for_arch"):
            raise PydanticCustomError(
                "architecture_id", "architecture_id belongs to training_for_arch, and only to it"
            )
        return self


def read_manifest(files: Mapping[str, bytes]) -> BundleManifest:
    """The manifest of the bundle `files`, checked against the files it names.

    Raises:
        BundleRefused: yaml_*, contract_missing_file, contract_same_file, or a text_* of prism.yaml.
    """
    manifest = parse_manifest(files[MANIFEST_NAME]) if MANIFEST_NAME in files else BundleManifest()
    _check_roles(manifest)
    _check_files(manifest, files)
    return manifest


def parse_manifest(raw: bytes) -> BundleManifest:
    """`raw` as a manifest by itself, whatever files there are."""
    if len(raw) > MAX_MANIFEST_BYTES:
        raise BundleRefused("yaml_too_large", file=MANIFEST_NAME)
    declared = load_strings(check_text(MANIFEST_NAME, raw), file=MANIFEST_NAME)
    try:
        return BundleManifest.model_validate(declared)
    except ValidationError as error:
        raise BundleRefused("yaml_schema", file=MANIFEST_NAME, detail=_first_reason(error)) from error


def _first_reason(error: ValidationError) -> str:
    """Where and why, without the value."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(shown(str(part)) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]


def _check_roles(manifest: BundleManifest) -> None:
    architecture, training = manifest.architecture, manifest.training
    if len(manifest.scripts) < 2:
        return
    same = (
        architecture.entrypoint in {training.entrypoint, *training.files}
        or training.entrypoint in architecture.files
    )
    if same:
        raise BundleRefused("contract_same_file", file=architecture.entrypoint)


def _check_files(manifest: BundleManifest, files: Mapping[str, bytes]) -> None:
    """A file that prism.yaml names is its author's mistake there; a default file is the contract's."""
    named = {*manifest.architecture.files, *manifest.training.files, *_declared_entrypoints(manifest)}
    if manifest.tokenizer not in STAGED_TOKENIZERS:
        named.add(manifest.tokenizer)
    for name in sorted(named - files.keys()):
        raise BundleRefused("yaml_schema", file=MANIFEST_NAME, detail=f"{shown(name)} is not in the bundle")
    for name in manifest.scripts:
        if name not in files:
            raise BundleRefused("contract_missing_file", file=name)


def _declared_entrypoints(manifest: BundleManifest) -> list[str]:
    sections = (manifest.architecture, manifest.training)
    return [section.entrypoint for section in sections if "entrypoint" in section.model_fields_set]
