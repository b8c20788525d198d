"""The table of a comparison: a row for each submission, a column for each figure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evaluations.templatetags.prism import NONE, fixed, grouped, signed
from scoring.compared import Compared, Contestant
from scoring.paired import Improvement, Verdict

VERDICTS: Mapping[Verdict, str] = {
    Verdict.BETTER: "better",
    Verdict.NEAR: "near the threshold",
    Verdict.NOT: "not better",
}


@dataclass(frozen=True)
class Row:
    """A submission and its figures, in the order of `headings`."""

    contestant: Contestant
    cells: list[str]
    without: str  # the ids of the others


def headings() -> list[str]:
    """The columns after the submission's own."""
    return list(COLUMNS)


def rows(compared: Compared) -> list[Row]:
    """One for each submission."""
    ids = [str(each.submission.pk) for each in compared.contestants]
    return [
        Row(
            each,
            [cell(each) for cell in COLUMNS.values()],
            ",".join(other for other in ids if other != str(each.submission.pk)),
        )
        for each in compared.contestants
    ]


def verdict(contestant: Contestant) -> str:
    """What the paired test says, or why there is none."""
    found = contestant.difference
    if found is None:
        return "the others are measured by this one"
    if found.improvement is None:
        return found.reason
    return VERDICTS[found.improvement.verdict]


def _bpb(contestant: Contestant) -> str:
    score = contestant.score
    return f"{fixed(score.bpb)} ± {fixed(score.bpb_se)}" if score else NONE


def _tested(contestant: Contestant) -> Improvement | None:
    return contestant.difference.improvement if contestant.difference else None


def _gain(contestant: Contestant) -> str:
    tested = _tested(contestant)
    return f"{signed(tested.mean_bpb, 5)} ± {fixed(tested.se, 5)}" if tested else NONE


def _relative(contestant: Contestant) -> str:
    tested = _tested(contestant)
    return f"{signed(100 * tested.relative, 2)} %" if tested else NONE


def _z(contestant: Contestant) -> str:
    tested = _tested(contestant)
    return signed(tested.z, 1) if tested else NONE


def _flops_per_byte(contestant: Contestant) -> str:
    per_token, tokens = contestant.mean("model", "flops_per_token"), contestant.mean("score", "tokens")
    size = contestant.mean("score", "bytes")
    return grouped(per_token * tokens / size) if per_token and tokens and size else NONE


def _figure(part: str, name: str, shown: Callable[[object], str]) -> Callable[[Contestant], str]:
    return lambda contestant: shown(contestant.mean(part, name))


def _quality(name: str) -> Callable[[Contestant], str]:
    return lambda contestant: fixed(getattr(contestant.quality, name, None), 4)


COLUMNS: Mapping[str, Callable[[Contestant], str]] = {
    "bits per byte": _bpb,
    "gain over 1": _gain,
    "relative": _relative,
    "z": _z,
    "verdict": verdict,
    "final score": lambda contestant: fixed(contestant.score.final_score if contestant.score else None, 6),
    "held-out": _figure("heldout", "bpb", fixed),
    "held-out gain": _figure("heldout", "delta", fixed),
    "tokens": _figure("score", "tokens", grouped),
    "parameters": _figure("model", "parameters", grouped),
    "without embeddings": _figure("model", "body_parameters", grouped),
    "FLOPs per token": _figure("model", "flops_per_token", grouped),
    "FLOPs per byte": _flops_per_byte,
    "q_arch": _quality("q_arch"),
    "q_recipe": _quality("q_recipe"),
    "blend": _quality("blend_score"),
}
