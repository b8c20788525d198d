"""What an official run needs of this host, and what of it is missing, each with its own code and sentence."""

import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evaluations import gpu_leases
from evaluations.backends import gpu_loans
from evaluations.backends.prepare import HELDOUT_BYTES
from evaluations.datasets.errors import DataError
from evaluations.datasets.manifest import DataManifest, load_manifest
from evaluations.enums import Mode
from evaluations.gpu_profile import NONE, is_allowed, profile_of
from evaluations.runner.sandbox import landlock, support
from prism_site.config import env
from prism_site.policy.resolve import Policy

OFFICIAL_LANDLOCK = 6  # the first that also keeps signals and abstract sockets within
CPU_BUILD = "+cpu"  # how a torch that knows no GPU names its version


@dataclass(frozen=True)
class Missing:
    """One requirement that this host does not meet."""

    code: str
    sentence: str


Check = Callable[[Mode, Policy], Iterator[Missing]]


def missing(mode: Mode, policy: Policy) -> list[Missing]:
    """Everything that keeps an official run of `mode` from starting here; nothing: it may start."""
    return _found((_policy, _sandbox, _text, _heldout, _gpus), mode, policy)


def missing_to_assign(mode: Mode, policy: Policy) -> list[Missing]:
    """What keeps this host from asking another one to carry out an official run."""
    return _found((_policy, _text, _heldout), mode, policy)


def missing_to_run(mode: Mode, policy: Policy) -> list[Missing]:
    """What this host lacks to carry out an official run that another one asks for; it has no database."""
    return _found((_sandbox, _gpus_without_rows), mode, policy)


def _found(checks: tuple[Check, ...], mode: Mode, policy: Policy) -> list[Missing]:
    return [found for check in checks for found in check(mode, policy)]


def _policy(mode: Mode, policy: Policy) -> Iterator[Missing]:
    if policy.fallbacks:
        yield Missing("policy_invalid", f"Official work takes no policy by fall-back: {policy.fallbacks[0]}.")
    if not policy.execution_mode_targets.of(mode).official_score:
        yield Missing("mode_not_official", f"Policy says that scores of {mode.value} do not count.")
    if not is_allowed(profile := profile_of(mode, policy), policy):
        limit = policy.gpu_policy.max_gpu_count
        yield Missing("gpu_profile_refused", f"A run takes {profile.most} GPUs; policy allows {limit}.")


def _sandbox(mode: Mode, policy: Policy) -> Iterator[Missing]:
    if env().sandbox != "required":
        yield Missing("sandbox_incomplete", "The sandbox is off (PRISM_SANDBOX); official runs require it.")
    elif lacking := support.missing():
        yield Missing("sandbox_incomplete", f"The sandbox cannot stand here: {lacking}.")
    elif landlock.abi() < OFFICIAL_LANDLOCK:
        yield Missing(
            "sandbox_incomplete",
            f"The kernel has Landlock version {landlock.abi()}; official runs need {OFFICIAL_LANDLOCK}, which"
            " also keeps signals and abstract sockets within.",
        )


def _text(mode: Mode, policy: Policy) -> Iterator[Missing]:
    targets, wanted = policy.execution_mode_targets.of(mode), policy.dataset_configs.frozen_revision
    try:
        manifest = load_manifest(env().data_path)
    except DataError as error:
        yield Missing(error.code, f"{error}.")
        return
    if manifest.revision != wanted:
        yield Missing(
            "dataset_revision_differs",
            f"The data set's revision here is {manifest.revision}; policy froze {wanted}.",
        )
    if manifest.subset != targets.dataset_subset:
        found = manifest.subset or manifest.dataset
        yield Missing(
            "dataset_subset_differs", f"{found} is staged; {mode.value} reads {targets.dataset_subset}."
        )
    if (there := _text_bytes(manifest, "train")) < targets.byte_budget:
        yield Missing(
            "dataset_too_small", f"{there:,} bytes of text are staged; a run reads {targets.byte_budget:,}."
        )


def _heldout(mode: Mode, policy: Policy) -> Iterator[Missing]:
    needed = HELDOUT_BYTES[mode]
    try:
        there = _text_bytes(load_manifest(env().val_data_path), "val")
    except DataError as error:
        yield Missing("heldout_missing", f"No held-out text is staged: {error}.")
        return
    if there < needed:
        yield Missing(
            "heldout_missing", f"{there:,} bytes of held-out text are staged; {needed:,} are needed."
        )


def _gpus(mode: Mode, policy: Policy) -> Iterator[Missing]:
    if profile_of(mode, policy) == NONE or env().execution_backend == gpu_leases.BROKER:
        return
    if env().execution_backend == "local":  # else the torch of an image counts
        yield from _torch()
    if lacking := gpu_leases.shortage(mode, policy):
        yield Missing("gpu_unavailable", lacking)


def _gpus_without_rows(mode: Mode, policy: Policy) -> Iterator[Missing]:
    if (profile := profile_of(mode, policy)) == NONE:
        return
    yield from _torch()
    try:
        gpu_loans.borrow(profile)
    except gpu_loans.GpusBusy as busy:
        yield Missing("gpu_unavailable", f"{busy}.")


def _torch() -> Iterator[Missing]:
    if importlib.metadata.version("torch").endswith(CPU_BUILD):
        yield Missing("gpu_unavailable", "The installed torch is built for CPUs alone.")


def _text_bytes(manifest: DataManifest, split: str) -> int:
    return manifest.splits[split].text_bytes if split in manifest.splits else 0
