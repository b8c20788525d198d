"""What is the same source, and what is not; by the real bounded child."""

import re

import pytest

from evaluations.intake.archive import ArchiveLimits
from evaluations.intake.bundle import Bundle, pack, read_bundle
from reviews.identity.source import SourceHashes, source_hashes

ARCHITECTURE = '''
"""A little model."""
from torch import nn

from parts import Block


class Model(nn.Module):
    def __init__(self, size, width=32):
        super().__init__()
        self.embed = nn.Embedding(size, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(3))

    def forward(self, tokens):
        """Logits."""
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x)  # one after the other
        return x


def build_model(ctx):
    model = Model(ctx.vocab_size)
    return model
'''
REWRITTEN = '''
from torch import nn
from parts import Block
class Model(nn.Module):
    def __init__(me, letters : int, width = 3_2) -> None:
        super( ).__init__()
        me.embed = nn.Embedding(letters, width)
        me.blocks = nn.ModuleList(Block(width) for number in range(3))
    def forward(me, ids):
        """Something else."""
        hidden: object = me.embed(ids)
        for one in me.blocks: hidden = one(hidden)
        return (hidden)
def build_model(context):
    "Builds."
    built = Model(context.vocab_size)
    return built
'''
PARTS = "from torch import nn\n\n\ndef Block(width):\n    return nn.Linear(width, width)\n"
TRAINING = """
from parts import Block
import helper


def train(ctx):
    rate = 0.1
    return helper.step(rate)
"""
HELPER = "def step(rate):\n    return rate * 2\n"
FILES = {"architecture.py": ARCHITECTURE, "parts.py": PARTS, "training.py": TRAINING, "helper.py": HELPER}


def bundle(**changed: str) -> Bundle:
    files = {**FILES, **{re.sub("__(py|yaml|json)$", r".\1", name): text for name, text in changed.items()}}
    packed = pack({name: text.encode() for name, text in files.items() if text})
    return read_bundle(packed, ArchiveLimits(1 << 20, 20, 1 << 20))


@pytest.fixture(scope="module")
def base() -> SourceHashes:
    return source_hashes(bundle())


def test_names_of_locals_layout_hints_and_docstrings_say_nothing(base: SourceHashes) -> None:
    assert source_hashes(bundle(architecture__py=REWRITTEN)) == base


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("range(3)", "range(4)"),
        ("width=32", "width=33"),
        ("x = block(x)", "x = x + block(x)"),
        ("return model", "return model.half()"),
        ("self.embed(tokens)", "self.embed(self)"),
    ],
)
def test_another_number_call_or_local_gives_another_hash(old: str, new: str, base: SourceHashes) -> None:
    found = source_hashes(bundle(architecture__py=ARCHITECTURE.replace(old, new)))
    assert found.architecture != base.architecture
    assert found.training == base.training


def test_what_the_architecture_imports_is_the_architecture_s_alone(base: SourceHashes) -> None:
    found = source_hashes(bundle(parts__py=PARTS.replace("nn.Linear", "nn.Bilinear")))
    assert found.architecture != base.architecture
    assert found.training == base.training


def test_what_only_the_training_imports_is_the_training_s_alone(base: SourceHashes) -> None:
    found = source_hashes(bundle(helper__py=HELPER.replace("2", "3")))
    assert found.architecture == base.architecture
    assert found.training != base.training


def test_a_file_that_nothing_imports_says_nothing(base: SourceHashes) -> None:
    assert source_hashes(bundle(other__py="x = 1\n")) == base


def test_a_data_file_that_the_manifest_lists_counts_byte_by_byte() -> None:
    manifest = "architecture:\n  files: [table.json]\n"
    one, other = (source_hashes(bundle(prism__yaml=manifest, table__json=text)) for text in ("[1]", "[1 ]"))
    assert one.architecture != other.architecture
    assert one.training == other.training


def test_an_architecture_alone_has_no_training_hash(base: SourceHashes) -> None:
    found = source_hashes(bundle(prism__yaml="kind: architecture_only\n"))
    assert found == SourceHashes(base.architecture, "")


def test_relative_imports_within_a_package_are_followed() -> None:
    manifest = "architecture:\n  entrypoint: net/main.py\n"
    inner = {
        "net/main.py": "from .deep import f\n\n\ndef build_model(ctx):\n    return f(ctx)\n",
        "net/__init__.py": "#\n",
    }
    one, other = (
        source_hashes(
            bundle(prism__yaml=manifest, **inner, **{"net/deep.py": f"def f(ctx):\n    return {n}\n"})
        )
        for n in (1, 2)
    )
    assert one.architecture != other.architecture


def test_a_parameter_passed_by_name_keeps_its_name() -> None:
    swapped = HELPER.replace("(rate)", "(a, b)").replace("rate * 2", "a - b")
    called = TRAINING.replace("step(rate)", "step(a=rate, b=2)")
    one = source_hashes(bundle(helper__py=swapped, training__py=called))
    other = source_hashes(bundle(helper__py=swapped.replace("a, b", "b, a"), training__py=called))
    assert one.training != other.training


def test_source_that_nothing_can_read_still_has_a_hash() -> None:
    one, other = (source_hashes(bundle(other__py=text)) for text in ("x = (\n", "x = ((\n"))
    assert len(one.architecture) == 64
    assert one.architecture != other.architecture
