"""Looking inside the model: figures against hand computation, and looks that can do no harm."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from evaluations.runner import diagnostics
from evaluations.runner.examination import checkpoints, windows_of
from evaluations.runner.findings import FIGURES, MOST_MODULES, read_findings
from tests.runner.harness import COUNTING_TRAINER, TABLE_MODEL, Outcome, execute, make_job

FILES: dict[str, str | bytes] = {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER}


class Linear(nn.Module):
    """Two tokens, an embedding of three features of which the last is always 1, a head without bias."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(2, 3)
        self.head = nn.Linear(3, 2, bias=False)
        with torch.no_grad():
            self.embed.weight.copy_(torch.tensor([[1.0, 0.0, 1.0], [0.0, 2.0, 1.0]]))
            self.head.weight.copy_(torch.tensor([[0.5, -0.25, 0.0], [0.0, 0.25, 0.5]]))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.head(self.embed(tokens))
        return out


WINDOWS = torch.tensor([[0, 1], [1, 1]])  # two windows of one prediction each


def measured(model: nn.Module, windows: torch.Tensor = WINDOWS) -> dict[str, Any]:
    return diagnostics.measure(model, model.__call__, windows)


def gradients_by_hand() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """d loss / d embedding and d head of either window: for one prediction it is (p - y) outer x."""
    embed = np.array([[1.0, 0.0, 1.0], [0.0, 2.0, 1.0]])
    head = np.array([[0.5, -0.25, 0.0], [0.0, 0.25, 0.5]])
    found = []
    for given, target in ((0, 1), (1, 1)):
        x = embed[given]
        z = head @ x
        p = np.exp(z) / np.exp(z).sum()
        error = p - np.eye(2)[target]
        d_embed = np.zeros_like(embed)
        d_embed[given] = head.T @ error
        found += [d_embed, np.outer(error, x)]
    return found[0], found[1], found[2], found[3]


def test_figures_of_a_linear_model_are_those_computed_by_hand() -> None:
    found = measured(Linear())
    embed_a, head_a, embed_b, head_b = gradients_by_hand()
    mean_embed, mean_head = (embed_a + embed_b) / 2, (head_a + head_b) / 2
    squares = (mean_embed**2).sum() + (mean_head**2).sum()
    assert found["gradient_norm"] == pytest.approx(math.sqrt(squares), rel=1e-6)
    by_name = {module["name"]: module for module in found["modules"]}
    assert by_name["embed"]["gradient_norm"] == pytest.approx(np.linalg.norm(mean_embed), rel=1e-6)
    assert by_name["head"]["gradient_norm"] == pytest.approx(np.linalg.norm(mean_head), rel=1e-6)
    noise = (((embed_a - embed_b) ** 2).sum() + ((head_a - head_b) ** 2).sum()) / 2
    signal = (embed_a * embed_b).sum() + (head_a * head_b).sum()
    assert found["gradient_noise"] == pytest.approx(noise / signal, rel=1e-5)
    assert by_name["embed"]["activation_rms"] == pytest.approx(math.sqrt((1 + 0 + 1 + 0 + 4 + 1) / 6))
    assert by_name["embed"]["activation_max"] == 2.0
    assert found["activation_max"] == 2.0
    first, second = (0.5, 0.5), (-0.5, 1.0)  # logits after either token
    loss = (math.log(2) + math.log(1 + math.exp(second[0] - second[1]))) / 2
    assert found["loss"] == pytest.approx(loss, rel=1e-6)
    assert first[0] == first[1]
    assert (found["nonfinite_activations"], found["nonfinite_gradients"]) == (0, 0)


def test_a_feature_that_never_changes_is_a_dead_unit() -> None:
    windows = torch.tensor([[0, 1, 0], [1, 0, 1]])
    found = {module["name"]: module for module in measured(Linear(), windows)["modules"]}
    assert found["head"]["dead_units"] == pytest.approx(1 / 3)
    assert found["embed"]["dead_units"] is None  # it was given tokens


def test_effective_rank_counts_equal_directions_and_ignores_empty_ones() -> None:
    three = torch.cat([torch.eye(3), -torch.eye(3)]) @ torch.eye(3, 5)
    assert diagnostics.effective_rank(three.double()) == pytest.approx(3.0)
    assert diagnostics.effective_rank(torch.ones(4, 5).double()) is None
    wide = torch.tensor([[1.0, 0, 0, 0], [-1.0, 0, 0, 0]]).double()
    assert diagnostics.effective_rank(wide) == pytest.approx(1.0)


def test_the_representation_is_what_enters_the_head_also_through_a_wrapper() -> None:
    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Embedding(2, 7), nn.Linear(7, 2))

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.net(tokens)
            return out

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.mix = nn.Embedding(2, 7), nn.Linear(7, 7)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return F.linear(self.mix(self.embed(tokens)), self.embed.weight)

    windows = torch.randint(2, (4, 20))
    assert measured(Wrapped(), windows)["representation_directions"] == 7
    assert measured(Tied(), windows)["representation_directions"] == 7
    assert measured(Linear(), windows)["representation_directions"] == 3


def test_what_is_not_finite_is_counted_and_never_a_figure() -> None:
    model = Linear()
    with torch.no_grad():
        model.head.weight[0, 0] = math.inf
    found = measured(model)
    assert found["nonfinite_activations"] > 0
    assert found["nonfinite_gradients"] > 0
    assert found["gradient_norm"] is None
    assert found["loss"] is None


def test_no_gradient_is_left_behind_and_a_single_window_has_no_noise() -> None:
    model = Linear()
    assert measured(model, torch.tensor([[0, 1, 1]]))["gradient_noise"] is None
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_a_model_that_raises_in_backward_leaves_no_hook_and_no_gradient() -> None:
    class Raising(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("no way back")

    model = Linear()
    with pytest.raises(RuntimeError, match="no way back"):
        diagnostics.measure(model, lambda tokens: Raising.apply(model(tokens)), WINDOWS)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_of_many_modules_a_share_spread_over_the_depth_is_named() -> None:
    layers = [nn.Linear(2, 2) for _ in range(200)]
    model = nn.Sequential(nn.Embedding(2, 2), *layers)
    found = measured(model)["modules"]
    assert len(found) == MOST_MODULES
    assert (found[0]["name"], found[-1]["name"]) == ("0", "197")


def test_looks_are_spread_evenly_and_end_with_the_text() -> None:
    assert checkpoints(1_000, 8) == [125, 250, 375, 500, 625, 750, 875, 1_000]
    assert checkpoints(1_000, 0) == []


@pytest.mark.parametrize(
    ("tokens", "shape"), [(2, (1, 2)), (63, (1, 63)), (64, (1, 64)), (191, (2, 64)), (900, (4, 64))]
)
def test_a_look_takes_few_whole_windows_of_the_newest_text(tokens: int, shape: tuple[int, int]) -> None:
    found = windows_of(np.arange(tokens, dtype=np.int32), 64)
    assert found.shape == shape
    assert found[-1, -1] == tokens - 1


def test_an_answer_is_reduced_to_numbers_names_and_known_codes() -> None:
    said: dict[str, Any] = {
        "loss": float("nan"),
        "gradient_norm": 10**400,
        "activation_rms": "1",
        "dead_units": True,
        "activation_max": 2.5,
        "surprise": 1,
        "modules": [{"name": "<script>\x00" + "x" * 500, "gradient_norm": -1}, "no module"] * 200,
    }
    found = read_findings(said)
    assert set(found) == {*FIGURES, "modules"}
    assert found["activation_max"] == 2.5
    assert all(found[name] is None for name in FIGURES if name != "activation_max")
    assert len(found["modules"]) == MOST_MODULES // 2
    assert found["modules"][0]["name"].startswith("_script__xxx")
    assert len(found["modules"][0]["name"]) == 100
    assert read_findings({"error": "<b>"}) == {"error": "invalid"}
    assert read_findings({"error": "raised"}) == {"error": "raised"}


def run(folder: Path, architecture: str = TABLE_MODEL, looks: int = 4, **changes: Any) -> Outcome:
    files = {**FILES, "architecture.py": architecture}
    return execute(make_job(folder, files, diagnostics=looks, **changes))


@pytest.fixture(scope="module")
def looked_into(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run(tmp_path_factory.mktemp("looked"))


def test_a_run_is_looked_into_at_its_checkpoints(looked_into: Outcome) -> None:
    assert looked_into.manifest is not None
    found = looked_into.manifest.diagnostics
    ends = [chunk["stream_bytes"] for chunk in looked_into.chunks]
    at = [entry["stream_bytes"] for entry in found]
    assert len(at) == len(set(at)) == len(found) >= 3
    assert set(at) <= set(ends)
    assert at[-1] == ends[-1]
    assert all(entry["gradient_norm"] > 0 and entry["loss"] > 0 for entry in found)
    assert found[-1]["loss"] < math.log(256)
    assert [module["name"] for module in found[0]["modules"]] == ["model"]
    sandbox = looked_into.manifest.integrity["sandbox"]
    assert sandbox["examiner"]["mode"] == "required"


def test_being_looked_into_moves_no_bit_of_the_score(looked_into: Outcome, tmp_path: Path) -> None:
    unseen = run(tmp_path, looks=0)
    assert unseen.manifest is not None
    assert unseen.manifest.diagnostics == []
    assert unseen.score["bits"] == looked_into.score["bits"]


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        pytest.param("raise RuntimeError('no')", "raised", marks=pytest.mark.long),
        pytest.param("import os; os._exit(3)", "died", marks=pytest.mark.long),
    ],
)
def test_a_model_that_fails_when_it_is_looked_into_is_scored_all_the_same(
    tmp_path: Path, deed: str, code: str
) -> None:
    hostile = TABLE_MODEL.replace(
        "        return self.table[tokens]",
        f"        if torch.is_grad_enabled() and tokens.shape[1] > 8:\n            {deed}\n"
        "        return self.table[tokens]",
    )
    outcome = run(tmp_path, hostile)
    assert outcome.manifest is not None
    assert outcome.manifest.verdict == "scored", outcome.manifest.reason
    assert {entry["error"] for entry in outcome.manifest.diagnostics} == {code}


@pytest.mark.long
def test_the_same_text_is_never_shown_to_the_examiner_before_it_is_scored(tmp_path: Path) -> None:
    """The examiner's words are of text that the learner had already: its log holds the lengths it saw."""
    saying = TABLE_MODEL.replace(
        "        return self.table[tokens]",
        "        if torch.is_grad_enabled():\n"
        "            print('looked at', tokens.shape[0], tokens.shape[1] + 1, flush=True)\n"
        "        return self.table[tokens]",
    )
    outcome = run(tmp_path, saying, looks=2)
    assert outcome.manifest is not None
    assert outcome.manifest.verdict == "scored"
    said = (outcome.folder / "examiner.log").read_text().splitlines()
    assert said
    assert set(said) == {"looked at 2 64"}  # halves of four windows, no more


def test_an_old_manifest_without_looks_is_still_one(looked_into: Outcome) -> None:
    from evaluations.runner.manifest import ManifestInvalid, validate

    assert looked_into.manifest is not None
    whole = vars(replace(looked_into.manifest))
    old = {name: value for name, value in whole.items() if name != "diagnostics"}
    assert validate(old).diagnostics == []
    with pytest.raises(ManifestInvalid):
        validate({**whole, "diagnostics": ["no object"]})
