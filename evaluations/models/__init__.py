"""The rows of a submission and of its runs."""

from evaluations.models.assignment import Assignment
from evaluations.models.attempt import Attempt
from evaluations.models.bundle import StoredBundle
from evaluations.models.canary import Canary
from evaluations.models.curve import CurvePoint
from evaluations.models.curve_block import CurveBlock
from evaluations.models.event import Event
from evaluations.models.gpu_device import GpuDevice
from evaluations.models.gpu_lease import GpuLease
from evaluations.models.identity import GraphSource, Identity
from evaluations.models.run import Run
from evaluations.models.submission import Submission

__all__ = [
    "Assignment",
    "Attempt",
    "Canary",
    "CurveBlock",
    "CurvePoint",
    "Event",
    "GpuDevice",
    "GpuLease",
    "GraphSource",
    "Identity",
    "Run",
    "StoredBundle",
    "Submission",
]
