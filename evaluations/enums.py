"""The dictionary of the system: every status, stage, mode and state has its one meaning here."""

from django.db.models import TextChoices


class Status(TextChoices):
    """What the public sees of a submission."""

    PENDING = "pending", "Pending"  # accepted, waiting for a review or for its turn
    RUNNING = "running", "Running"  # its training code is being executed, or its result scored
    COMPLETED = "completed", "Completed"  # has a score
    FAILED = "failed", "Failed"  # could not be measured; the reason code says why
    REJECTED = "rejected", "Rejected"  # refused on deterministic evidence
    HELD = "held", "Held"  # stopped until an operator decides


class Stage(TextChoices):
    """Where in the story a submission stands; `prism_site.pipeline` tells the story."""

    RECEIVED = "received", "Received"
    REVIEW = "review", "In review"
    QUEUED = "queued", "Waiting for its turn"
    EVALUATING = "evaluating", "Being evaluated"
    SCORING = "scoring", "Being scored"
    DONE = "done", "Done"


class Mode(TextChoices):
    """How large a run is, and whether its score may earn weight."""

    LOCAL_CPU_SMOKE = "local_cpu_smoke", "Local CPU smoke run"  # never official
    GPU_PROXY_EVAL = "gpu_proxy_eval", "GPU proxy evaluation"
    FULL_SCALE_EVAL = "full_scale_eval", "Full-scale evaluation"

    @property
    def is_official(self) -> bool:
        """Whether scores of this mode can earn weight."""
        return self is not Mode.LOCAL_CPU_SMOKE


class Kind(TextChoices):
    """What a bundle brings."""

    FULL = "full", "Architecture and training"
    ARCHITECTURE_ONLY = "architecture_only", "Architecture, trained by the reference recipe"
    TRAINING_FOR_ARCH = "training_for_arch", "Training for an existing architecture"


class RunState(TextChoices):
    """One execution of the runner that a submission needs, over all its attempts."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"  # has a manifest
    ABANDONED = "abandoned", "Abandoned"  # attempts are used up; a submission is held


class RunPurpose(TextChoices):
    """What a run is measured for."""

    SUBMISSION = "submission", "Submission"  # the submission as it was sent: its code length is its own
    REFERENCE = "reference", "Reference"  # its architecture under the reference recipe
    BASELINE = "baseline", "Baseline"  # the project's own architecture under that recipe


class AttemptState(TextChoices):
    """One try at a run."""

    LEASED = "leased", "Leased"  # claimed; the job may or may not have started
    RUNNING = "running", "Running"  # the job was seen alive
    FINISHED = "finished", "Finished"  # its manifest was taken
    LOST = "lost", "Lost"  # the job is gone without a manifest


class Verdict(TextChoices):
    """The referee's word on a run, as in the manifest."""

    SCORED = "scored", "Scored"
    REJECTED = "rejected", "Rejected"
    FAILED = "failed", "Failed"
