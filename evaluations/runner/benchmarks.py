"""What a model's answers to benchmark packs cost: bits per byte of gold answers, before and after training.

Questions are asked like text: the auditor, whose windows are spliced, is asked first, then the model. The
untrained twin is asked about gold answers alone, the trained model about all choices.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluations.runner.auditor import Auditor
from evaluations.runner.codelength import bits_per_byte
from evaluations.runner.pack_windows import Place, Window, batched, window
from evaluations.runner.packs import Item, Pack
from evaluations.runner.windows import ScoringPlan, Tokens, secret_rng

Claims = Callable[[ScoringPlan], npt.NDArray[np.float32]]  # log p of a plan's positions, in plan order
Encode = Callable[[str, bytes], Tokens]  # of a text that is called so


@dataclass(frozen=True)
class Questions:
    """A pack's windows, made once for all who are asked."""

    pack: Pack
    windows: tuple[Window, ...]

    @classmethod
    def of(cls, pack: Pack, encode: Encode, length: int) -> "Questions":
        """Encode every prompt and answer by itself, so that an answer's bits are its own."""
        name = f"the benchmark pack {pack.spec.name}"
        windows = []
        for number, item in enumerate(pack.items):
            prompt = encode(name, item.prompt)
            for choice, answer in enumerate(item.answers):
                windows.append(window((number, choice), prompt, encode(name, answer), length))
        return cls(pack, tuple(windows))

    @property
    def gold(self) -> list[Window]:
        """The windows of the right answers."""
        return [row for row in self.windows if row.place[1] == self.pack.items[row.place[0]].gold]

    def bits(
        self,
        windows: Sequence[Window],
        claims: Claims,
        *,
        vocab_size: int,
        secret: bytes,
        auditor: Auditor | None = None,
    ) -> dict[Place, float]:
        """Ask about some of the windows; raises `Stopped` where the auditor finds otherwise."""
        found: dict[Place, float] = {}
        rng = secret_rng(secret, f"questions of {self.pack.spec.name}")
        for number, question in enumerate(batched(windows, vocab_size=vocab_size, rng=rng)):
            if auditor:
                auditor.foresee(number, question.plan)
            logp = claims(question.plan)
            found |= question.bits(logp, vocab_size)
            if auditor:
                auditor.audit(number, question.plan, question.tokens, logp)
        return found


def result(
    questions: Questions, untrained: dict[Place, float], trained: dict[Place, float], vocab_size: int
) -> dict[str, Any]:
    """A pack's entry in the manifest's `heldout.benchmarks`.

    A twin made worse than knowing nothing would seem to have learned more, so it costs no more than that.
    """
    pack = questions.pack
    gold = [row.place for row in questions.gold]
    uniform = sum(row.uniform_bits(vocab_size) for row in questions.gold)
    initial = min(uniform, sum(untrained[place] for place in gold))
    return {
        "bpb": bits_per_byte(sum(trained[place] for place in gold), pack.bytes),
        "bpb_init": bits_per_byte(initial, pack.bytes),
        "items": len(pack.items),
        "bytes": pack.bytes,
        "left_out": pack.left_out,
        "sha256": pack.spec.sha256,
        "accuracy": accuracy(pack.items, trained),
    }


def accuracy(items: Sequence[Item], bits: dict[Place, float]) -> float | None:
    """Share of items with choices whose gold answer costs the fewest bits per byte; None without choices."""
    asked = [(number, item) for number, item in enumerate(items) if len(item.answers) > 1]
    if not asked:
        return None
    return sum(_cheapest(number, item, bits) == item.gold for number, item in asked) / len(asked)


def _cheapest(number: int, item: Item, bits: dict[Place, float]) -> int:
    def cost(choice: int) -> float:
        return bits_per_byte(bits[number, choice], len(item.answers[choice]))

    return min(range(len(item.answers)), key=cost)
