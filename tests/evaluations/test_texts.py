"""The texts of a run: the stream, the secret text beside it, and PPMd's yardstick."""

import shutil
from pathlib import Path

import pytest

from evaluations.backends.prepare import HELDOUT_BYTES, texts_of
from evaluations.backends.streams import early_reference, shared_heldout
from evaluations.datasets.errors import DataExhausted, DataMissing, ShardChanged
from evaluations.enums import Mode
from evaluations.runner.job import EarlyReference
from prism_site.config import env, override_env
from prism_site.policy.resolve import resolve_policy

pytestmark = pytest.mark.django_db


def test_every_mode_has_a_budget_of_secret_text() -> None:
    assert set(HELDOUT_BYTES) == set(Mode)


def test_a_smoke_run_is_measured_on_val_text_where_there_is_some(host: Path) -> None:
    texts = texts_of(Mode.LOCAL_CPU_SMOKE, 1337, resolve_policy(official=False))
    assert texts.heldout is not None
    assert texts.heldout.path.parent == env().var_dir / "heldout"
    assert 0 < texts.heldout.bytes <= HELDOUT_BYTES[Mode.LOCAL_CPU_SMOKE]
    again = texts_of(Mode.LOCAL_CPU_SMOKE, 1337, resolve_policy(official=False))
    assert again == texts


def test_a_smoke_run_goes_without_where_there_is_none(host: Path, tmp_path: Path) -> None:
    with override_env(val_data_dir=tmp_path / "nothing"):
        texts = texts_of(Mode.LOCAL_CPU_SMOKE, 1337, resolve_policy(official=False))
    assert texts.heldout is None


def test_an_official_run_needs_secret_text_whole(host: Path, tmp_path: Path) -> None:
    wanted = {"order_seed": 1, "byte_budget": 10**9, "required": True}
    with pytest.raises(DataMissing):
        shared_heldout(tmp_path / "nothing", tmp_path / "cache", **wanted)
    with pytest.raises(DataExhausted):
        shared_heldout(env().val_data_path, tmp_path / "cache", **wanted)


def test_changed_secret_text_stops_every_run(host: Path, tmp_path: Path) -> None:
    folder = tmp_path / "secret"
    shutil.copytree(env().val_data_path, folder)
    shard = next(folder.glob("val/*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(ShardChanged, match=shard.name):
        shared_heldout(folder, tmp_path / "cache", order_seed=1, byte_budget=100, required=False)


@pytest.mark.parametrize(
    ("cuts", "expected"),
    [([4_096, 65_536, 70_000], 65_536), ([60_000, 70_000, 90_000], 70_000), ([100, 200], 200)],
)
def test_the_early_reference_ends_with_the_chunk_that_holds_64_kib(cuts: list[int], expected: int) -> None:
    yardsticks = {"bytes": cuts, "ppmd_bits": [2.0 * cut for cut in cuts]}
    assert early_reference(yardsticks) == EarlyReference(bytes=expected, bits=2.0 * expected)
