"""What Prometheus reads: counted from the rows when it asks, so that every web process says the same."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from django_q.models import OrmQ
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from evaluations.api.health import failing_parts
from evaluations.enums import RunState
from evaluations.models import Attempt, Canary, Event, GpuLease, Run, Submission
from evaluations.models.attempt import LIVE_STATES
from prism_site.api.version import CHALLENGE_VERSION
from prism_site.config import env
from prism_site.operator.glance import disk
from reviews.models import Hold
from scoring.models import WeightSnapshot

PARTS = ("database", "queue", "policy", "disk", "data")


def exposition() -> bytes:
    """All metrics in Prometheus text format 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Rows())
    return generate_latest(registry)


class _Rows(Collector):
    """A constant number of queries, whatever the number of rows."""

    def collect(self) -> Iterable[Metric]:
        """Every family of metrics."""
        failing = failing_parts()
        yield _gauge("build_info", "Versions.", ["version"], [((CHALLENGE_VERSION,), 1)])
        yield _gauge(
            "part_up", "Whether a part works.", ["part"], (((part,), part not in failing) for part in PARTS)
        )
        yield _disk()
        if "database" not in failing:
            yield from _work()
            yield from _people()
            yield from _machines()


def _work() -> Iterator[Metric]:
    now = timezone.now().timestamp()
    yield _counts("submissions", "Submissions.", Submission.objects.all(), "status", "stage")
    yield _counts("runs", "Runs.", Run.objects.all(), "purpose", "mode", "state")
    oldest = Run.objects.filter(state=RunState.QUEUED).aggregate(at=Min("created_at"))["at"]
    yield _gauge(
        "oldest_queued_run_age_seconds",
        "How long the oldest queued run has waited; 0 where none waits.",
        [],
        [((), now - oldest.timestamp() if oldest else 0)],
    )
    yield _counts(
        "live_attempts", "Attempts that hold a run.", Attempt.objects.filter(state__in=LIVE_STATES), "host"
    )
    ended = Attempt.objects.exclude(state__in=LIVE_STATES)
    yield _counts(
        "attempts_ended", "Attempts that have ended.", ended, "state", "reason", kind=CounterMetricFamily
    )
    yield _counts("events", "Moves of submissions.", Event.objects.all(), "verb", kind=CounterMetricFamily)
    yield _gauge("queue_messages", "Messages of the queue.", [], [((), OrmQ.objects.count())])


def _people() -> Iterator[Metric]:
    opened = Hold.objects.filter(status=Hold.Status.OPEN)
    yield _counts("open_holds", "Holds that wait for a decision.", opened, "kind")
    overdue = opened.filter(due_at__lt=timezone.now())
    yield _counts("overdue_holds", "Of these, those past their time.", overdue, "kind")
    final = WeightSnapshot.objects.order_by("-epoch").values_list("ends_at", flat=True).first()
    yield _gauge(
        "weights_final_until_seconds",
        "Unix time until which weights are final; 0 before the first snapshot.",
        [],
        [((), final.timestamp() if final else 0)],
    )


def _machines() -> Iterator[Metric]:
    now = timezone.now()
    ages = (((c.cluster, c.host), (now - c.stamped_at).total_seconds()) for c in Canary.objects.all())
    yield _gauge("canary_age_seconds", "Since a queue cluster last worked.", ["cluster", "host"], ages)
    lent = GpuLease.objects.filter(released_at__isnull=True)
    yield _counts("gpu_leases", "GPUs that attempts have to themselves.", lent, "host", "model")


def _disk() -> Metric:
    found = disk(env().artifact_path)
    return _gauge(
        "artifact_disk_bytes",
        "The disk that results are written to.",
        ["part"],
        [(("free",), found.free_bytes), (("total",), found.total_bytes)],
    )


def _counts(
    name: str,
    meaning: str,
    rows: "QuerySet[Any]",
    *labels: str,
    kind: type[GaugeMetricFamily | CounterMetricFamily] = GaugeMetricFamily,
) -> Metric:
    """Rows counted by their fields."""
    counted = rows.order_by().values_list(*labels).annotate(count=Count("pk"))
    return _family(kind, name, meaning, labels, ((row[:-1], row[-1]) for row in counted))


def _gauge(
    name: str, meaning: str, labels: Iterable[str], samples: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    return _family(GaugeMetricFamily, name, meaning, labels, samples)


def _family(
    kind: type[GaugeMetricFamily | CounterMetricFamily],
    name: str,
    meaning: str,
    labels: Iterable[str],
    samples: Iterable[tuple[tuple[str, ...], float]],
) -> Metric:
    family = kind(f"prism_{name}", meaning, labels=list(labels))
    for values, number in samples:
        family.add_metric(list(values), float(number))
    return family
