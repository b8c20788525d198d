"""What to do about a submission that was stopped: a sentence for its reason, and where that is explained."""

from collections.abc import Mapping
from dataclasses import dataclass

RULES_FOUND = "prism_submit.py precheck names it before a submission is used"


@dataclass(frozen=True)
class Advice:
    """The next step of its owner, and the page that says more."""

    words: str
    url: str
    title: str


_CAUSAL = Advice(
    "Find what shows a prediction more than the text before it: a mask that is off by one, a figure taken "
    "over the batch or the whole window, or a state kept from an earlier call.",
    "/docs/integrity/#what-you-might-try",
    "Why the score cannot be bent",
)
_HONEST = Advice(
    "Give plain logits for every token of the vocabulary, and the same ones whenever the same window is "
    "asked about: no dropout, no chance, no cache and no clock while the model predicts.",
    "/docs/integrity/#the-protocol",
    "The protocol",
)
_SIZE = Advice(
    "Make the model smaller: the caps in force are on the page of the contract.", "/submit", "Submit"
)
_TOKENIZER = Advice(
    "Declare a tokenizer that decodes to the very bytes that it was given; `bytes` always does.",
    "/submit",
    "Submit",
)
_OWN_CODE = Advice(
    "It is your own code that ended: its traceback stands above where it raised, what it printed below. "
    "The same run, on the same text, is made by manage.py local_cpu_smoke_eval.",
    "/docs/runner/#outcomes",
    "Outcomes of a run",
)
_TIME = Advice(
    "It took longer than it is given: fewer steps a chunk, a smaller model, or a cheaper forward. "
    "The limits are on the page of the contract.",
    "/submit",
    "Submit",
)
_CONTRACT = Advice(
    "The interface was not kept: compare with the contract and its examples.",
    "/docs/runner/",
    "The scored run",
)
_COPY = Advice(
    "Another hotkey's source came first. What is your own in it has to be more than names, order and format; "
    f"{RULES_FOUND}.",
    "/docs/duplicates/#duplicates",
    "Duplicates",
)
_REVIEW = Advice(
    "Change what the quoted lines do, not how they read.",
    "/docs/llm-review/#what-follows-from-what",
    "Reviews",
)
_EXPIRED = Advice(
    "Nobody decided in time, and nothing is said about the submission: send it again.",
    "/docs/miners/#what-happens-then",
    "What happens then",
)
_RETRY = Advice(
    "Nothing is wrong with the submission: prism_submit.py retry has it queued again, three times at most.",
    "/docs/miners/#the-tool",
    "The tool",
)
_SOURCE = Advice(
    f"Change what is named, at the file and line that stand there; {RULES_FOUND}.",
    "/docs/rules/#reject",
    "The rules of submitted source",
)
_BUNDLE = Advice(
    "Pack it again: prism_submit.py pack makes a ZIP that is read everywhere.",
    "/docs/miners/#the-tool",
    "The tool",
)

BY_CODE: Mapping[str, Advice] = {
    "causality_violation": _CAUSAL,
    **dict.fromkeys(("not_a_distribution", "audit_mismatch"), _HONEST),
    **dict.fromkeys(("too_many_parameters", "too_many_layers"), _SIZE),
    **dict.fromkeys(("tokenizer_not_lossless", "tokenizer_invalid", "tokenizer_not_data"), _TOKENIZER),
    **dict.fromkeys(
        ("learner_error", "learner_died", "model_error", "predictor_died", "predictor_error"), _OWN_CODE
    ),
    **dict.fromkeys(("learner_timeout", "predictor_timeout"), _TIME),
    **dict.fromkeys(
        (
            "model_mismatch",
            "stream_misused",
            "process_group_fixed",
            "contract_broken",
            "logits_shape",
            "model_manifest_invalid",
        ),
        _CONTRACT,
    ),
    **dict.fromkeys(("duplicate_exact", "duplicate_source"), _COPY),
    "llm_verified_reject": _REVIEW,
    "hold_expired": _EXPIRED,
    "infrastructure": _RETRY,
}


def advice_on(reason_code: str, *, was_read: bool, was_run: bool) -> Advice:
    """What to do; for a code without advice of its own, by how far the submission came."""
    if reason_code in BY_CODE:
        return BY_CODE[reason_code]
    if was_run:
        return _OWN_CODE
    return _SOURCE if was_read else _BUNDLE
