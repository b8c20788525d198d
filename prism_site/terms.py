"""What the figures on the pages mean: one line for each, and the part of a document that says more."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A figure's name, what it means in a sentence, and where it is explained."""

    title: str
    words: str
    document: str
    anchor: str

    @property
    def url(self) -> str:
        """The passage of the document."""
        return f"/docs/{self.document}/#{self.anchor}"


TERMS: Mapping[str, Term] = {
    # a score
    "bpb": Term(
        "Bits per byte",
        "Bits that the model needs for each byte of text it is asked to predict before it may read it. "
        "Fewer is better; ± is the standard error of scoring a random share of the text.",
        "integrity",
        "what-is-measured",
    ),
    "final-score": Term(
        "Final score",
        "One number from the bits: multiplier × penalty ÷ (1 + bits per byte). Higher is better.",
        "scoring",
        "the-score-of-a-run",
    ),
    "ppmd": Term(
        "PPMd",
        "What PPMd, a general compressor, needs for the same text: a line that learning should pass.",
        "data",
        "the-stream-of-a-run",
    ),
    "text-read": Term(
        "Text read",
        "How much of the text has been scored and then revealed to the training code, chunk by chunk.",
        "integrity",
        "the-protocol",
    ),
    "waterfall": Term(
        "How the score came about",
        "Each step from the measured bits to the score; a bar starts where the one before it ended.",
        "scoring",
        "the-score-of-a-run",
    ),
    "blend": Term(
        "Blend",
        "What the architecture and the training are worth against their yardsticks, as one number.",
        "scoring",
        "components",
    ),
    # a run
    "curve": Term(
        "Learning curve",
        "Bits per byte over the text read so far. It falls as the model learns; it ends at its score.",
        "integrity",
        "what-is-measured",
    ),
    "claims": Term(
        "What a run proves",
        "Each check with what was found. A broken one sets the score to 0 and holds the submission.",
        "integrity",
        "what-you-might-try",
    ),
    "seeds": Term(
        "Runs, one per seed",
        "The same bundle, run from different random initialisations; the score is their mean.",
        "runner",
        "several-seeds",
    ),
    "facts": Term(
        "Facts of the run",
        "What the run's manifest says of the model, its training, the text and the machine.",
        "runner",
        "what-a-run-leaves",
    ),
    "hooks": Term(
        "Hooks",
        "Optional functions of the bundle that were called, how often, and for how long in all.",
        "runner",
        "the-scored-run",
    ),
    "looks": Term(
        "Inside the model",
        "Gradients and activations on the way. They help to mend a training; none enters the score.",
        "runner",
        "diagnostics",
    ),
    "files": Term(
        "Content hash",
        "SHA-256 over names and contents of the files: the same content has the same hash in any archive.",
        "http-api",
        "uploading",
    ),
    "timeline": Term(
        "What happened",
        "Every step of the submission as it was written down; no line is ever changed.",
        "architecture",
        "where-a-submission-stands",
    ),
    "estimate": Term(
        "Estimate of time",
        "The middle of what to expect, and in brackets where eight of ten cases lie, judged by how long "
        "the newest runs took.",
        "miners",
        "when-your-turn-comes",
    ),
    "status": Term(
        "Status",
        "Pending and running go on by themselves, held waits for an operator; the others are final.",
        "architecture",
        "where-a-submission-stands",
    ),
    # ranks, families
    "rank": Term(
        "Rank",
        "The place among the hotkeys of this mode, each with its best submission; the earlier wins a tie.",
        "weights",
        "who-earns-what",
    ),
    "weight": Term(
        "Weight",
        "The share of what is paid in an epoch that this hotkey earns; all weights sum to 1.",
        "weights",
        "who-earns-what",
    ),
    "family": Term(
        "Architecture",
        "All submissions whose models have one operator graph, whatever their names and sizes.",
        "identity",
        "from-a-forward-to-a-graph",
    ),
    "graph": Term(
        "Operator graph",
        "What the model computes, traced from tokens to logits, without names, sizes and repeated blocks.",
        "identity",
        "from-a-forward-to-a-graph",
    ),
    "owner": Term(
        "Owner",
        "The hotkey whose submission of this architecture was accepted first; later ones change nothing.",
        "ownership",
        "a-family-is-what-stands-in-it",
    ),
    "current-best": Term(
        "Current best",
        "The training that learns fastest on this architecture, beyond noise. It holds the training share.",
        "scoring",
        "when-better-is-better",
    ),
    "variants": Term(
        "Training variants",
        "Different training code for one architecture; what is the same but for names and comments is one.",
        "ownership",
        "a-family-is-what-stands-in-it",
    ),
    "best-score": Term(
        "Best score",
        "The best final score of a submission in this architecture or variant.",
        "scoring",
        "the-score-of-a-run",
    ),
    # operators
    "holds": Term(
        "Open holds",
        "Stops that only an operator resolves; a submission with one earns nothing and loses nothing.",
        "reviews",
        "holds",
    ),
    "overdue": Term(
        "Overdue",
        "Holds that an operator should have looked at by now. They stand first in the queue.",
        "operators",
        "the-queue",
    ),
    "stake": Term(
        "Its weight",
        "The weight of the hotkey now, and after the decision that would change it most.",
        "operators",
        "overdue-holds",
    ),
    "would-rank": Term(
        "Would rank",
        "The place that the submission would have if it counted: the more is at stake, the earlier its turn.",
        "operators",
        "the-queue",
    ),
    "queue": Term(
        "Queue and host",
        "What waits for a run, how long, and when the queue itself last gave a sign of life.",
        "architecture",
        "the-queue-carries-ticks-the-database-carries-the-truth",
    ),
    "attempts": Term(
        "Running attempts",
        "Runs that a host holds by a lease. One without a heartbeat is given up and repeated elsewhere.",
        "architecture",
        "the-queue-carries-ticks-the-database-carries-the-truth",
    ),
    "hosts": Term(
        "Hosts and GPUs",
        "Who carries out runs, when it was last heard of, and until when its attempts and GPUs are lent.",
        "architecture",
        "the-queue-carries-ticks-the-database-carries-the-truth",
    ),
    "endings": Term(
        "Failures by reason",
        "How submissions and attempts ended in the last 24 hours, by the code that their owners saw.",
        "runner",
        "outcomes",
    ),
    "pools": Term(
        "Pools",
        "Two parts of the weight: for owners of architectures, and for holders of the best training of each.",
        "weights",
        "who-earns-what",
    ),
    "change": Term(
        "Change",
        "The difference from the weight in the last snapshot.",
        "weights",
        "why",
    ),
    "snapshots": Term(
        "Snapshots",
        "The weights of each ended epoch with everything they were computed from; none ever changes.",
        "weights",
        "snapshots",
    ),
    "fired": Term(
        "Fired",
        "Submissions in which the rule found something, also where that stopped nothing or rejected at once.",
        "operators",
        "overturn-rates",
    ),
    "overturns": Term(
        "Overturn rate",
        "Of the holds of a rule that operators decided, the share that they released: high means too strict.",
        "operators",
        "overturn-rates",
    ),
    "decide": Term(
        "Decide",
        "Each decision with what it would do to the weights; it can be undone until the epoch has ended.",
        "operators",
        "deciding",
    ),
    "similarity": Term(
        "Similarity",
        "What both sources have in common, of all that either has, once names, order and dead code are gone.",
        "duplicates",
        "duplicates",
    ),
    "of-it-in-this": Term(
        "Of it in this one",
        "How much of the earlier source stands in this one: near 1, this one was built around it.",
        "duplicates",
        "duplicates",
    ),
    "of-this-in-it": Term(
        "Of this one in it",
        "How much of this source stands in the earlier one: near 1, little here is its own.",
        "duplicates",
        "duplicates",
    ),
    "paid": Term(
        "Hotkeys paid",
        "How many hotkeys earn a share: owners of ranked architectures and holders of their best trainings.",
        "weights",
        "who-earns-what",
    ),
    "margins": Term(
        "Figures against their thresholds",
        "What was found beside what was expected, and how far it is beyond.",
        "integrity",
        "rejected-or-held",
    ),
    # by the name under which they are shown: facts of a run, columns of a comparison
    "fact-without-embeddings": Term(
        "Without embeddings",
        "Parameters of the body alone: what is neither embedding nor output table.",
        "runner",
        "counting-layers-and-the-body",
    ),
    "fact-layers": Term(
        "Layers",
        "Depth: the entries of its outermost stacks, or the layers of recurrent modules. It is capped.",
        "runner",
        "counting-layers-and-the-body",
    ),
    "fact-flops-per-token": Term(
        "FLOPs per token",
        "Floating-point operations of one forward for each token, counted on the model itself.",
        "runner",
        "counting-layers-and-the-body",
    ),
    "fact-architecture": Term(
        "Architecture",
        "SHA-256 of the source of the architecture, without names of locals, comments and layout.",
        "identity",
        "what-makes-two-models-one",
    ),
    "fact-commits": Term(
        "Commits",
        "How often the model was fixed before a chunk was revealed; each chunk is scored under one commit.",
        "integrity",
        "the-protocol",
    ),
    "fact-ranks": Term(
        "Ranks",
        "Processes that trained the model together.",
        "runner",
        "several-ranks",
    ),
    "fact-order-seed": Term(
        "Order seed",
        "Decides the order of the documents; the same seed gives the same text.",
        "data",
        "the-stream-of-a-run",
    ),
    "fact-revision": Term(
        "Revision",
        "The version of the data set that the text was taken from.",
        "data",
        "sources",
    ),
    "fact-manifest": Term(
        "Manifest",
        "SHA-256 of the list of all shards with their hashes: the text is exactly this one.",
        "data",
        "what-lies-where",
    ),
    "fact-sandbox": Term(
        "Sandbox",
        "Whether the walls around the submitted code stood, and were tried before it began.",
        "sandbox",
        "how-a-child-is-closed-in",
    ),
    "fact-stopped": Term(
        "Stopped",
        "Why the training ended before the text did.",
        "runner",
        "outcomes",
    ),
    "fact-gain-over-1": Term(
        "Gain over 1",
        "Bits per byte less than number 1 needs on the same text, ± its standard error.",
        "scoring",
        "when-better-is-better",
    ),
    "fact-relative": Term(
        "Relative",
        "The gain as a part of what number 1 needs.",
        "scoring",
        "when-better-is-better",
    ),
    "fact-z": Term(
        "z",
        "The gain over its standard error: how far it stands out from noise.",
        "scoring",
        "when-better-is-better",
    ),
    "fact-verdict": Term(
        "Verdict",
        "Better is what passes all three thresholds: bits, percent and z.",
        "scoring",
        "when-better-is-better",
    ),
    "fact-held-out": Term(
        "Held-out",
        "Bits per byte on secret text, after the training is over.",
        "integrity",
        "held-out-text",
    ),
    "fact-held-out-gain": Term(
        "Held-out gain",
        "What the training gained on secret text over the same model untrained.",
        "integrity",
        "held-out-text",
    ),
    "fact-flops-per-byte": Term(
        "FLOPs per byte",
        "Floating-point operations for each byte of text: those of a token, by the bytes it stands for.",
        "scoring",
        "components",
    ),
    "fact-q_arch": Term(
        "q_arch",
        "What the architecture is worth under the reference recipe, against the baseline; 0.5 is even.",
        "scoring",
        "components",
    ),
    "fact-q_recipe": Term(
        "q_recipe",
        "What the training is worth, against the reference recipe on the same architecture; 0.5 is even.",
        "scoring",
        "components",
    ),
}
