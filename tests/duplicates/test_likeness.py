"""Copies in disguise are the same, other people's programs are not."""

import itertools
from collections.abc import Callable, Mapping

import pytest

from prism_site.policy.schemas.reviews import DuplicateThresholds
from reviews.duplicates.profile import likeness
from tests.duplicates.programs import NAMES, profile, profile_of, program
from tests.duplicates.transforms import DISGUISES

POLICY = DuplicateThresholds()


def edited(name: str, file: str, *changes: tuple[str, str]) -> Mapping[str, str]:
    """A program with pieces of one file replaced."""
    source = program(name)[file]
    for before, after in changes:
        assert before in source, before
        source = source.replace(before, after)
    return {**program(name), file: source}


@pytest.mark.parametrize("disguise", DISGUISES, ids=lambda disguise: disguise.__name__)
def test_a_disguise_hides_nothing(disguise: Callable[[Mapping[str, str]], dict[str, str]]) -> None:
    for name in NAMES:
        found = likeness(profile_of(name), profile(disguise(program(name))))
        assert found.similarity >= POLICY.static_reject_similarity, (name, found)


def test_programs_of_different_people_are_far_apart() -> None:
    for one, other in itertools.combinations(NAMES, 2):
        found = likeness(profile_of(one), profile_of(other))
        assert found.similarity < POLICY.hold_below, (one, other, found)
        assert found.overlap < 0.65, (one, other, found)


def test_every_program_has_enough_of_its_own() -> None:
    assert min(len(profile_of(name).live) for name in NAMES) > 300


EDITS: dict[str, tuple[str, str, list[tuple[str, str]]]] = {
    "a helper inlined": (
        "tutorial",
        "architecture.py",
        [("x = x + self.ffwd(self.ln2(x))", "h = self.ln2(x)\n        x = x + self.ffwd.net(h)")],
    ),
    "a loop for a list": (
        "functional_style",
        "training.py",
        [
            (
                "self.shadow = [p.detach().clone() for p in model.parameters()]",
                "self.shadow = []\n        for p in model.parameters():\n"
                "            self.shadow.append(p.detach().clone())",
            )
        ],
    ),
    "a list for a loop": (
        "llama_like",
        "architecture.py",
        [
            ("nn.ModuleList()\n", "nn.ModuleList(\n"),
            ("        for _ in range(n_layers):\n            self.layers.append(", "            "),
            ("n_kv_heads))\n        self.norm", "n_kv_heads) for _ in range(n_layers))\n        self.norm"),
        ],
    ),
    "a function made a static method": (
        "functional_style",
        "architecture.py",
        [
            ("def norm(x):\n    return", "class Ops:\n    @staticmethod\n    def norm(x):\n        return"),
            ("norm(x),", "Ops.norm(x),"),
            ("x = norm(", "x = Ops.norm("),
        ],
    ),
    "another activation": ("classic", "architecture.py", [("nn.GELU()", "nn.SiLU()")]),
    "clipping left out": (
        "alibi_accumulate",
        "training.py",
        [("        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n", "")],
    ),
    "a branch that only looks alive": (
        "experts",
        "architecture.py",
        [("__init__()\n", "__init__()\n        if id(self) < 0:\n            raise ValueError\n")],
    ),
    "one more step in the forward": (
        "recurrent_mix",
        "architecture.py",
        [("x = self.ln_in(self.emb(idx))", "x = torch.tanh(self.ln_in(self.emb(idx))) * 1.5")],
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_moderate_edit_is_at_least_suspected(edit: str) -> None:
    name, file, changes = EDITS[edit]
    found = likeness(profile_of(name), profile(edited(name, file, *changes)))
    assert found.overlap >= POLICY.quarantine_source_similarity, found


def test_a_copy_under_twice_as_much_living_code_is_suspected() -> None:
    """All of another program is added and called, so that no part of it is dead."""
    added = program("recurrent_mix")["architecture.py"].replace("def build_model", "def build_other")
    copy = dict(program("tutorial"))
    copy["extra.py"] = added
    copy["architecture.py"] = "from extra import build_other\n" + copy["architecture.py"].replace(
        "    return GPTLanguageModel", "    build_other(ctx)\n    return GPTLanguageModel"
    )
    found = likeness(profile_of("tutorial"), profile(copy))
    assert found.similarity < POLICY.static_reject_similarity
    assert found.containment >= POLICY.quarantine_source_similarity


def test_a_part_of_another_s_work_is_suspected() -> None:
    part = {"architecture.py": program("llama_like")["architecture.py"]}
    found = likeness(profile_of("llama_like"), profile(part))
    assert found.contained >= POLICY.static_reject_similarity > found.similarity


def test_a_new_model_under_known_training_code_is_no_copy() -> None:
    variant = {**program("state_space"), "training.py": program("classic")["training.py"]}
    for name in ("state_space", "classic"):
        found = likeness(profile_of(name), profile(variant))
        assert found.similarity < POLICY.quarantine_source_similarity


def test_a_descendant_with_its_own_attention_and_feed_forward_is_not_rejected() -> None:
    descendant = edited(
        "classic",
        "architecture.py",
        (
            program("classic")["architecture.py"].partition("class MLP")[2].partition("class Block")[0],
            """(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden = int(config.n_embd * 8 / 3)
        self.gate = nn.Linear(config.n_embd, hidden, bias=False)
        self.value = nn.Linear(config.n_embd, hidden, bias=False)
        self.back = nn.Linear(hidden, config.n_embd, bias=False)

    def forward(self, x):
        return self.back(F.silu(self.gate(x)) * self.value(x))


""",
        ),
        ("LayerNorm(config.n_embd, bias=config.bias)", "nn.RMSNorm(config.n_embd)"),
    )
    found = likeness(profile_of("classic"), profile(descendant))
    assert POLICY.hold_below < found.similarity < POLICY.static_reject_similarity


def test_what_looks_dead_to_us_is_compared_all_the_same() -> None:
    """A call that no reader of the source can see keeps nothing out of the comparison."""
    hidden = edited(
        "einsum_style",
        "architecture.py",
        ("return Stack(ctx.vocab_size)", 'return globals()["St" + "ack"](ctx.vocab_size)'),
    )
    found = likeness(profile_of("einsum_style"), profile(hidden))
    assert found.similarity >= POLICY.quarantine_source_similarity
