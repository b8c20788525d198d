"""Routes of standings, epochs and weights."""

from django.urls import path

from scoring.api import CurrentEpochView, EpochsView, LeaderboardView
from scoring.architectures_api import (
    ArchitectureReportView,
    ArchitecturesView,
    ArchitectureVariantsView,
    ArchitectureView,
    TrainingVariantsView,
)
from scoring.compare_api import CompareView
from scoring.weights_api import EpochWeightsView, GetWeightsView, WeightsPreviewView

urlpatterns = [
    path("v1/leaderboard", LeaderboardView.as_view(), name="api-leaderboard"),
    path("v1/compare", CompareView.as_view(), name="api-compare"),
    path("v1/epochs", EpochsView.as_view(), name="api-epochs"),
    path("v1/epochs/current", CurrentEpochView.as_view(), name="api-current-epoch"),
    path("v1/epochs/<int:epoch>/weights", EpochWeightsView.as_view(), name="api-epoch-weights"),
    path("internal/v1/get_weights", GetWeightsView.as_view(), name="api-get-weights"),
    path("internal/v1/weights/preview", WeightsPreviewView.as_view(), name="api-weights-preview"),
    path("v1/architectures", ArchitecturesView.as_view(), name="api-architectures"),
    path("v1/architectures/<uuid:architecture_id>", ArchitectureView.as_view(), name="api-architecture"),
    path(
        "v1/architectures/<uuid:architecture_id>/variants",
        ArchitectureVariantsView.as_view(),
        name="api-architecture-variants",
    ),
    path(
        "v1/architectures/<uuid:architecture_id>/report",
        ArchitectureReportView.as_view(),
        name="api-architecture-report",
    ),
    path("v1/training-variants", TrainingVariantsView.as_view(), name="api-training-variants"),
]
