"""The gate before any queue time: real children behind real walls, a few seconds each."""

import itertools
import tempfile
from pathlib import Path

import pytest

from evaluations.backends.processes import living
from evaluations.enums import Mode
from evaluations.intake.archive import ArchiveLimits
from evaluations.intake.bundle import Bundle, pack, read_bundle
from prism_site.config import env, override_env
from prism_site.policy.resolve import Policy, resolve_policy
from reviews.describe import review, store
from reviews.describe.review import Described, DescribeUnavailable
from reviews.identity.store import remember_identity
from reviews.ladder import Outcome
from reviews.models import Description
from tests.factories import make_submission

pytestmark = pytest.mark.django_db

HONEST = """
import torch
from torch import nn


class Model(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(size, 32)
        self.rnn = nn.GRU(32, 32, batch_first=True)
        self.head = nn.Linear(32, size)

    def forward(self, tokens):
        return self.head(self.rnn(self.embed(tokens))[0])


def build_model(ctx):
    return Model(ctx.vocab_size)
"""
LOOKING_AHEAD = HONEST.replace("batch_first=True)", "batch_first=True, bidirectional=True)").replace(
    "nn.Linear(32, size)", "nn.Linear(64, size)"
)
WRITTEN_BY_HAND = HONEST.replace(
    "return Model(ctx.vocab_size)",
    "model = Model(ctx.vocab_size)\n"
    "    with torch.no_grad():\n"
    "        fixed = torch.Generator().manual_seed(5)\n"
    "        model.head.weight.copy_(torch.randn(model.head.weight.shape, generator=fixed))\n"
    "    return model",
)
UNSEEDED = HONEST.replace(
    "return Model(ctx.vocab_size)", "torch.manual_seed(torch.seed())\n    return Model(ctx.vocab_size)"
)
RAISING = HONEST.replace("build_model(ctx):", "build_model(ctx):\n    raise OSError('no')")


@pytest.fixture
def policy() -> Policy:
    return resolve_policy(official=False)


def bundle_of(architecture: str) -> Bundle:
    files = {"architecture.py": architecture.encode(), "training.py": b"def train(ctx):\n    pass\n"}
    return read_bundle(pack(files), ArchiveLimits(1 << 20, 20, 1 << 20))


def described(architecture: str, policy: Policy) -> Described:
    """The description; a host that is too busy right now is asked again, as the pipeline does."""
    for attempt in itertools.count():
        try:
            return review.describe(bundle_of(architecture), mode=Mode.LOCAL_CPU_SMOKE, policy=policy)
        except DescribeUnavailable:
            if attempt == 3:
                raise
    raise AssertionError


@pytest.mark.slow
def test_an_honest_model_passes_with_its_facts(policy: Policy) -> None:
    found = described(HONEST, policy)
    assert found.findings == []
    assert (found.verdict, found.code, found.traceback) == ("described", "described", "")
    assert found.facts["model"]["parameters"] == 256 * 32 + (96 * 64 + 192) + (32 * 256 + 256)
    assert found.facts["causality"]["max_abs_logp_diff"] <= found.facts["causality"]["tolerance_nats"]
    assert found.facts["causality"]["positions"] > 500
    assert found.facts["seed_invariant"] == []
    assert 7 < found.facts["step0_bpb"] < 9
    assert found.facts["sandbox"]["mode"] == "required"
    submission = make_submission()
    store.remember(submission.pk, found)
    assert store.remember(submission.pk, found).facts["model"] == found.facts["model"]
    assert Description.objects.count() == 1
    made_of = remember_identity(submission.pk, bundle_of(HONEST), found.identity)
    assert made_of.graph == {
        "nodes": ["tokens", "embedding", "gru", "linear", "output"],
        "edges": [[0, 1, 0], [1, 2, 0], [2, 3, 0], [3, 4, 0]],
    }
    assert (made_of.graph_source, made_of.graph_hash) == ("export", found.facts["model"]["graph_hash"])
    assert sum(made_of.histogram.values()) == 5 * 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "code"),
    [
        pytest.param(LOOKING_AHEAD, "causality_violation", id="looks ahead"),
        pytest.param(UNSEEDED, "model_mismatch", id="is not built by the seed", marks=pytest.mark.long),
        pytest.param(RAISING, "model_error", id="raises", marks=pytest.mark.long),
    ],
)
def test_what_the_model_does_every_time_rejects(architecture: str, code: str, policy: Policy) -> None:
    found = described(architecture, policy)
    assert [(finding.code, finding.outcome) for finding in found.findings] == [(code, Outcome.REJECT)]


@pytest.mark.slow
@pytest.mark.long
def test_a_model_over_a_cap_is_rejected_and_says_by_how_much(policy: Policy) -> None:
    with override_env(max_parameters=1_000):
        (finding,) = described(HONEST, policy).findings
    assert (finding.code, finding.outcome) == ("too_many_parameters", Outcome.REJECT)
    assert "1,000 are allowed" in finding.message


@pytest.mark.slow
@pytest.mark.long
def test_parameters_that_no_seed_changes_are_flagged_and_go_on(policy: Policy) -> None:
    with override_env(sandbox="off"):
        found = described(WRITTEN_BY_HAND, policy)
    assert [(f.code, f.outcome) for f in found.findings] == [("seed_invariant_parameters", Outcome.FLAG)]
    assert found.facts["seed_invariant"] == ["head.weight"]
    assert found.facts["sandbox"]["mode"] == "off"


def test_a_description_that_never_ends_is_the_host_s_and_leaves_nothing(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "WALL_SECONDS", 0.5)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(DescribeUnavailable, match="no report"):
        review.describe(bundle_of(HONEST), mode=Mode.LOCAL_CPU_SMOKE, policy=policy)
    assert list(tmp_path.iterdir()) == []
    commands = [Path(f"/proc/{process.pid}/cmdline") for process in living()]
    assert not [path for path in commands if path.exists() and str(tmp_path).encode() in path.read_bytes()]


def test_a_tokenizer_that_is_not_staged_is_the_host_s(policy: Policy) -> None:
    files = {**bundle_of(HONEST).files, "prism.yaml": b"tokenizer: gpt2\n"}
    bundle = read_bundle(pack(files), ArchiveLimits(1 << 20, 20, 1 << 20))
    assert not (env().data_path / "tokenizers").exists()
    with pytest.raises(DescribeUnavailable, match="tokenizer_missing"):
        review.describe(bundle, mode=Mode.LOCAL_CPU_SMOKE, policy=policy)
