"""Why a hotkey has its weight, in words and as rows: what is stored, served and shown. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from scoring.weights import Reason, Share, Weights

Line = dict[str, Any]  # a share as JSON
WORDS: Mapping[Reason, str] = {
    "family_owner": "owns the family of rank {rank}",
    "current_best": "holds the current-best training of the family of rank {rank}",
    "no_variants": "owns the family of rank {rank}, and no family that is paid has a training variant",
}


def why(share: Share) -> str:
    """One line of an explanation as a sentence without its subject."""
    said = (
        f"{WORDS[share.reason].format(rank=share.rank)}: {share.share_of_pool:.2%} of the {share.pool} pool"
    )
    if share.given_back > 0:
        said += f", {share.given_back:.2%} of it given back by families without a variant"
    return said


def lines_of(weights: Weights) -> dict[str, list[Line]]:
    """The explanation of every weight as a snapshot keeps it, by hotkey."""
    return {hotkey: [dict(vars(share)) for share in shares] for hotkey, shares in weights.explanation.items()}


def shares_of(lines: Sequence[Line]) -> list[Share]:
    """What `lines_of` made of the shares of one hotkey, read back."""
    return [Share(**line) for line in lines]
