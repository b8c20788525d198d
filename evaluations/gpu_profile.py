"""How many GPUs a run takes and of which model: policy's profile, and the choice among free ones."""

from collections.abc import Iterable
from dataclasses import dataclass

from evaluations.enums import Mode
from evaluations.gpu_inventory import Device
from prism_site.policy.resolve import Policy


@dataclass(frozen=True)
class Profile:
    """A run takes `most` GPUs of one model; one that may share goes on with as few as `least`."""

    least: int
    most: int
    kind: str | None = None  # what the model's name has to contain; None: any


NONE = Profile(0, 0)


def profile_of(mode: Mode, policy: Policy) -> Profile:
    """What a run of `mode` takes; without GPUs where the mode's targets ask for none.

    Official runs all take the same number under the fixed profile, otherwise what their mode says; smoke
    runs take what their mode says, or less where policy lets them share.
    """
    gpu, wanted = policy.gpu_policy, policy.execution_mode_targets.of(mode).gpu_count
    if not wanted:
        return NONE
    if mode.is_official:
        count = gpu.actual_gpu_count if gpu.official_fixed_profile else wanted
        return Profile(count, count, gpu.gpu_type)
    most = min(wanted, gpu.max_gpu_count)
    return Profile(1 if gpu.autosplit_allowed_for_smoke else most, most)


def is_allowed(profile: Profile, policy: Policy) -> bool:
    """Whether a run may have so many; a mode's own number is written in another key than the limit."""
    return profile.most <= policy.gpu_policy.max_gpu_count


def of_kind(devices: Iterable[Device], kind: str | None) -> list[Device]:
    """Those whose model's name contains `kind`, however it is written; None: all."""
    return [device for device in devices if _plain(kind or "") in _plain(device.model)]


def choose(free: Iterable[Device], profile: Profile, *, contenders: int = 1) -> list[Device]:
    """GPUs of one model for one of `contenders` runs that would share; empty where they do not suffice.

    Of the models with enough free, the one with the fewest: larger groups stay whole for larger runs.
    """
    groups: dict[str, list[Device]] = {}
    for device in of_kind(free, profile.kind):
        groups.setdefault(device.model, []).append(device)
    enough = [group for group in groups.values() if len(group) >= max(profile.least, 1)]
    for wanted in (profile.most, profile.least):
        fitting = [group for group in enough if len(group) >= wanted]
        if fitting:
            group = min(fitting, key=len)
            return group[: _share(len(group), profile, contenders)]
    return []


def _share(there: int, profile: Profile, contenders: int) -> int:
    return max(profile.least, min(profile.most, there // max(contenders, 1)))


def _plain(name: str) -> str:
    return name.replace("-", " ").replace("_", " ").casefold()
