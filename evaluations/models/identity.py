"""What a submission is made of, apart from names, formatting and size."""

from django.db import models

from evaluations.models.submission import Submission


class GraphSource(models.TextChoices):
    """How the operator graph was read."""

    EXPORT = "export", "traced"
    MODULES = "modules", "read off the modules"  # where tracing could not follow the forward
    NONE = "", "unknown"


class Identity(models.Model):
    """Hashes of source and graph; `reviews.identity` writes it before the submission may queue."""

    submission = models.OneToOneField(
        Submission, on_delete=models.PROTECT, primary_key=True, related_name="identity"
    )
    architecture_hash = models.CharField(max_length=64)  # SHA-256 over normalised source
    training_hash = models.CharField(max_length=64, blank=True)  # empty for an architecture alone
    graph_hash = models.CharField(max_length=64, null=True)  # noqa: DJ001 (null: no graph could be read)
    graph = models.JSONField(null=True)  # {nodes: [label], edges: [[from, to]]}, capped
    histogram = models.JSONField(default=dict)  # {Weisfeiler-Lehman label: count}
    graph_source = models.CharField(max_length=8, choices=GraphSource, default=GraphSource.NONE, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(graph_hash__isnull=True, graph_source=GraphSource.NONE)
                | (models.Q(graph_hash__isnull=False) & ~models.Q(graph_source=GraphSource.NONE)),
                name="identity_graph_has_a_source",
            ),
        ]
        indexes = [
            models.Index(fields=["graph_hash"], name="identity_by_graph"),
            models.Index(fields=["architecture_hash"], name="identity_by_architecture"),
        ]

    def __str__(self) -> str:
        return f"identity of {self.submission_id}"
