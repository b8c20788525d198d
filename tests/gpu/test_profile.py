"""How many GPUs a run takes by policy, and which of the free ones."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.enums import Mode
from evaluations.gpu_inventory import Device
from evaluations.gpu_profile import NONE, Profile, choose, is_allowed, profile_of
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import Policy, assemble

SMOKE, PROXY, FULL = Mode
H100, A100 = "NVIDIA H100 80GB HBM3", "NVIDIA A100-SXM4-80GB"


def policy(gpu: dict[str, Any], modes: dict[str, int]) -> Policy:
    targets = {mode: {"gpu_count": count} for mode, count in modes.items()}
    rows = [
        RuntimeConfig(pk=1, config_key="gpu_policy", value_json=gpu),
        RuntimeConfig(pk=2, config_key="execution_mode_targets", value_json=targets),
    ]
    return assemble(rows, {}, official=True)


def devices(*models: str) -> list[Device]:
    return [Device(f"GPU-{number}", model) for number, model in enumerate(models)]


def test_all_official_runs_take_what_the_fixed_profile_says() -> None:
    fixed = policy({"actual_gpu_count": 4, "gpu_type": "H100"}, {"full_scale_eval": 2})
    assert profile_of(PROXY, fixed) == profile_of(FULL, fixed) == Profile(4, 4, "H100")


def test_without_it_an_official_mode_takes_its_own_number() -> None:
    free = policy({"official_fixed_profile": False, "actual_gpu_count": 4}, {"full_scale_eval": 2})
    assert (profile_of(PROXY, free), profile_of(FULL, free)) == (Profile(1, 1), Profile(2, 2))


def test_a_mode_on_the_cpu_takes_none() -> None:
    assert profile_of(SMOKE, policy({}, {})) == NONE
    assert profile_of(PROXY, policy({"actual_gpu_count": 8}, {"gpu_proxy_eval": 0})) == NONE
    assert choose(devices(H100), NONE) == []


def test_a_smoke_run_may_share_where_policy_says_so() -> None:
    assert profile_of(SMOKE, policy({"gpu_type": "H100"}, {"local_cpu_smoke": 4})) == Profile(1, 4)
    alone = policy({"autosplit_allowed_for_smoke": False}, {"local_cpu_smoke": 4})
    assert profile_of(SMOKE, alone) == Profile(4, 4)
    assert profile_of(SMOKE, policy({"max_gpu_count": 2}, {"local_cpu_smoke": 4})) == Profile(1, 2)


def test_a_mode_may_not_take_more_than_policy_allows_any_run() -> None:
    wide = policy({"official_fixed_profile": False, "max_gpu_count": 2}, {"full_scale_eval": 4})
    assert not is_allowed(profile_of(FULL, wide), wide)
    assert is_allowed(profile_of(PROXY, wide), wide)


def test_a_run_s_gpus_are_of_one_model() -> None:
    mixed = devices(H100, A100, A100)
    assert [device.model for device in choose(mixed, Profile(2, 2))] == [A100, A100]
    assert choose(devices(H100, A100), Profile(2, 2)) == []


def test_the_smallest_group_that_suffices_is_taken_from() -> None:
    assert [device.model for device in choose(devices(H100, A100, A100), Profile(1, 1))] == [H100]


@pytest.mark.parametrize("kind", ["h100", "H100 80GB", "nvidia_h100"])
def test_a_kind_is_part_of_the_model_s_name_however_it_is_written(kind: str) -> None:
    assert [device.model for device in choose(devices(A100, H100), Profile(1, 1, kind))] == [H100]


def test_free_gpus_are_split_among_those_that_would_share_them() -> None:
    eight = devices(*[H100] * 8)
    split = [len(choose(eight, Profile(1, 4), contenders=count)) for count in (1, 2, 3, 4, 9)]
    assert split == [4, 4, 2, 2, 1]
    assert len(choose(eight, Profile(4, 4), contenders=9)) == 4


@given(
    st.lists(st.sampled_from([H100, A100]), max_size=9),
    st.integers(1, 8),
    st.integers(0, 7),
    st.sampled_from([None, "A100", "B200"]),
    st.integers(1, 9),
)
def test_a_choice_is_a_whole_profile_of_one_model_or_nothing(
    models: list[str], least: int, more: int, kind: str | None, contenders: int
) -> None:
    free = devices(*models)
    profile = Profile(least, least + more, kind)
    chosen = choose(free, profile, contenders=contenders)
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(free)
    assert len({device.model for device in chosen}) <= 1
    fitting = [models.count(model) for model in set(models) if (kind or "") in model]
    assert bool(chosen) == (max(fitting, default=0) >= least)
    assert not chosen or profile.least <= len(chosen) <= profile.most
