"""Notes that operators write again and again: a number key fills one in."""

from collections.abc import Mapping

from reviews.models import Hold

NOTES: Mapping[Hold.Decision, tuple[str, ...]] = {
    Hold.Decision.RELEASE: (
        "Looked at the source and the evidence: nothing speaks against it.",
        "The likeness is common idiom; structure and training are its own.",
        "The constants are what they claim to be: no weights, no text.",
        "The finding does not hold: its quote is harmless in its place.",
        "The infrastructure was at fault: try again.",
    ),
    Hold.Decision.LIFT_MULTIPLIER: (
        "The figures are explained by the model itself: its score counts.",
        "The parameters are constants of the architecture, not learned ones.",
        "Measured again by hand: the anomaly is noise.",
        "The first text is easy for any model of this form.",
        "Known and harmless effect of this initialisation.",
    ),
    Hold.Decision.ATTRIBUTE: (
        "A new architecture: no family comes near it.",
        "A variant of the family: the same graph, written anew.",
        "The same architecture; the training is new.",
        "Both were there before.",
        "A known training recipe, carried over to another architecture.",
    ),
    Hold.Decision.CONFIRM: (
        "A copy of earlier work of another hotkey.",
        "It hides weights or text in constants.",
        "It knew the text before it read it.",
        "The evidence holds: it breaks the rules.",
        "It cannot be run on this infrastructure.",
    ),
}  # fmt: skip
