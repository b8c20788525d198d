"""Routes of submissions and their runs."""

from django.urls import path

from evaluations.api.curve import CurveView
from evaluations.api.curve_files import CurveFileView
from evaluations.api.gpu import GpuStatusView
from evaluations.api.health import HealthView, VersionView
from evaluations.api.history import HistoryView
from evaluations.api.jobs import EvalJobsView
from evaluations.api.log import SubmissionLogView
from evaluations.api.recipe import RecipeView
from evaluations.api.submissions import SubmissionEventsView, SubmissionManifestView, SubmissionView
from evaluations.api.uploads import BridgeView, SubmissionsView

ONE = "v1/submissions/<uuid:submission_id>"

urlpatterns = [
    path("health", HealthView.as_view(), name="api-health"),
    path("version", VersionView.as_view(), name="api-version"),
    path("v1/recipe", RecipeView.as_view(), name="api-recipe"),
    path("v1/health/eval-jobs", EvalJobsView.as_view(), name="api-eval-jobs"),
    path("v1/gpu/status", GpuStatusView.as_view(), name="api-gpu-status"),
    path("v1/submissions", SubmissionsView.as_view(), name="api-submissions"),
    path("v1/submissions/history", HistoryView.as_view(), name="api-history"),
    path(ONE, SubmissionView.as_view(), name="api-submission"),
    path(f"{ONE}/events", SubmissionEventsView.as_view(), name="api-events"),
    path(f"{ONE}/curve", CurveView.as_view(), name="api-curve"),
    path(f"{ONE}/curve.<slug:kind>", CurveFileView.as_view(), name="api-curve-file"),
    path(
        "v1/submissions/<uuid:submission_id>/manifest", SubmissionManifestView.as_view(), name="api-manifest"
    ),
    path(f"{ONE}/log", SubmissionLogView.as_view(), name="api-log"),
    path("internal/v1/bridge/submissions", BridgeView.as_view(), name="api-bridge"),
]
