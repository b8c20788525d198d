"""Making an assignment's folder ready to run here: what the server says is compared with what is here."""

import base64
import binascii
from dataclasses import replace
from pathlib import Path
from typing import Any

from evaluations.backends.gpu_loans import GpusBusy, free_gpus
from evaluations.backends.machine import threads_of
from evaluations.backends.packs import packs_named, without_path
from evaluations.backends.prepare import BUNDLE, JOB, bundle_spec, reference_tokenizers, write_private
from evaluations.backends.streams import shared_heldout, shared_stream
from evaluations.bundles import limits_of
from evaluations.datasets.errors import DataError
from evaluations.datasets.stream import StreamFile
from evaluations.enums import Mode
from evaluations.intake.bundle import Bundle, read_bundle
from evaluations.intake.refusals import BundleRefused
from evaluations.runner import constants, reference_recipe
from evaluations.runner.job import EarlyReference, Job, Limits, PackSpec, Schedule, StreamSpec
from evaluations.runner.sandbox import support
from evaluations.validators.client.errors import Unable
from evaluations.validators.client.server import Assigned
from evaluations.validators.specification import SCHEMA
from prism_site.config import env

Specification = dict[str, Any]


def prepare(assigned: Assigned, folder: Path) -> Job:
    """Write bundle and job into `folder`, which is new.

    Raises:
        Unable: this host has another runner, other text, no GPU, or the bundle is not the one announced.
    """
    try:
        return _prepare(assigned, folder)
    except DataError as error:
        raise Unable(error.code, str(error)) from error
    except OSError as error:
        raise Unable("host_storage", str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unable("host_assignment_unreadable", f"the assignment cannot be read: {error}") from error


def _prepare(assigned: Assigned, folder: Path) -> Job:
    specification = assigned.specification
    _check_runner(specification)
    bundle = _bundle(assigned.answer["bundle"])
    stream = _stream(specification)
    heldout, packs = _heldout(specification), _packs(specification)
    folder.mkdir(parents=True, mode=0o700)
    bundle.write_to(folder / BUNDLE)
    job = _job(specification, bundle, folder, assigned.answer["run_secret"])
    job = replace(job, stream=stream, heldout=heldout, packs=packs, gpus=_gpus(specification))
    write_private(folder / JOB, job.to_json())
    return job


def _check_runner(specification: Specification) -> None:
    """Figures of another referee, or under another recipe, compare with nobody's."""
    names = ("schema_version", "constants_sha256", "protocol", "recipe")
    own = (SCHEMA, constants.fingerprint(), constants.PROTOCOL, reference_recipe.statement())
    if tuple(specification[name] for name in names) != own:
        raise Unable("host_runner_differs", "the server's runner is of another version than this host's")
    lacking = support.missing() if _sandbox(specification) == "required" else ""
    if lacking:
        raise Unable("sandbox_incomplete", f"the sandbox cannot stand here: {lacking}")


def _sandbox(specification: Specification) -> str:
    """Off only where both agree: the server cannot open this host."""
    return "required" if "required" in (specification["sandbox"], env().sandbox) else "off"


def _bundle(sent: dict[str, Any]) -> Bundle:
    try:
        archive = base64.b64decode(sent["archive"], validate=True)
        bundle = read_bundle(archive, limits_of(archive, sent["files"]))
    except (binascii.Error, BundleRefused) as error:
        raise Unable("bundle_changed", f"the bundle cannot be read: {error}") from error
    if bundle.code_hash != sent["code_hash"]:
        raise Unable("bundle_changed", "the bundle is not the one that was accepted")
    return bundle


def _stream(specification: Specification) -> StreamSpec:
    """Our own text, if it is the server's to the last byte."""
    wanted, mode = specification["stream"], Mode(specification["mode"])
    own = shared_stream(
        env().data_path,
        env().var_dir / "streams",
        order_seed=wanted["order_seed"],
        byte_budget=specification["schedule"]["byte_budget"],
        allow_short=not mode.is_official,
    )
    return _same(own, wanted, "data_stream_differs", "train text")


def _heldout(specification: Specification) -> StreamSpec | None:
    wanted = specification["heldout"]
    if wanted is None:
        return None
    own = shared_heldout(
        env().val_data_path,
        env().var_dir / "heldout",
        order_seed=wanted["order_seed"],
        byte_budget=specification["heldout_budget"],
        required=Mode(specification["mode"]).is_official,
    )
    if own is None:
        raise Unable("data_heldout_missing", "the server measures on held-out text, and none is staged here")
    return _same(own, wanted, "data_heldout_differs", "held-out text")


def _packs(specification: Specification) -> tuple[PackSpec, ...]:
    """Our own copies of the packs, if all are here and none differs."""
    named = specification.get("packs", [])
    found = [packs_named({wanted["name"]}, wanted["items"]) for wanted in named]
    own = tuple(spec for specs in found for spec in specs)
    if [without_path(spec) for spec in own] != named:
        wanted = ", ".join(f"{pack['name']} ({pack['sha256'][:12]})" for pack in named)
        raise Unable(
            "data_benchmarks_differ", f"the server asks about benchmark packs as staged there: {wanted}"
        )
    return own


def _same(own: StreamFile, wanted: dict[str, Any], code: str, name: str) -> StreamSpec:
    spec = StreamSpec(path=str(own.path), **wanted)
    if any(getattr(own, field) != value for field, value in wanted.items()):
        raise Unable(
            code,
            f"the {name} here is {own.source} {own.revision} ({own.sha256[:12]}, {own.bytes} bytes);"
            f" the server's is {spec.source} {spec.revision} ({spec.sha256[:12]}, {spec.bytes} bytes)",
        )
    return spec


def _gpus(specification: Specification) -> tuple[str, ...]:
    """GPUs that no run of this host has; one validator works here at a time, so nobody else asks."""
    count = int(specification["gpu_count"])
    free = free_gpus(specification["gpu_type"]) if count else []
    if len(free) < count:
        raise Unable(GpusBusy.code, f"{len(free)} fitting GPUs are free here; the run takes {count}")
    return tuple(gpu.uuid for gpu in free[:count])


def _job(specification: Specification, bundle: Bundle, folder: Path, run_secret: str) -> Job:
    """The job but for its texts and GPUs."""
    limits = Limits(**specification["limits"], threads=threads_of(specification["pids_limit"]))
    text = StreamSpec(path="", **specification["stream"])
    return Job(
        submission_id=specification["submission_id"],
        run_id=specification["run_id"],
        mode=specification["mode"],
        seed=specification["seed"],
        bundle=bundle_spec(bundle.manifest, folder / BUNDLE),
        stream=text,
        early_reference=EarlyReference(**specification["early_reference"]),
        later_references=tuple(EarlyReference(**one) for one in specification["later_references"]),
        output_folder=str(folder),
        run_secret=run_secret,
        schedule=Schedule(**specification["schedule"]),
        limits=limits,
        device=specification["device"],
        precision=specification["precision"],
        world_size=specification["world_size"],
        diagnostics=specification["diagnostics"],
        graph=Mode(specification["mode"]).is_official,
        reference_tokenizers=reference_tokenizers(bundle.manifest.tokenizer),
        backend="validator",
        sandbox=_sandbox(specification),
    )
