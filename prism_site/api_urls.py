"""The API's address book; what no room answers under its prefixes is a 404 in problem details."""

from django.urls import include, path, re_path

from prism_site.api.docs import SchemaView, SwaggerView
from prism_site.api.not_found import NotFoundView
from prism_site.holds_api import HoldsView, ResolveView
from prism_site.metrics_view import metrics
from prism_site.retry_api import RetryView
from prism_site.worker_api import PollView, ProcessNextView

HOLDS = "internal/v1/component-review/holds"

urlpatterns = [
    path("", include("evaluations.api.urls")),
    path("", include("evaluations.validators.urls")),
    path("", include("scoring.api_urls")),
    path("", include("reviews.api.urls")),
    path("v1/submissions/<uuid:submission_id>/retry", RetryView.as_view(), name="api-retry"),
    path(HOLDS, HoldsView.as_view(), name="api-holds"),
    path(f"{HOLDS}/<int:hold_id>/resolve", ResolveView.as_view(), name="api-resolve-hold"),
    path("internal/v1/worker/process-next", ProcessNextView.as_view(), name="api-process-next"),
    path("internal/v1/worker/poll", PollView.as_view(), name="api-poll"),
    path("v1/schema/", SchemaView.as_view(), name="api-schema"),
    path("metrics", metrics, name="metrics"),
    path("docs/api/", SwaggerView.as_view(), name="api-docs"),
    path("docs/", include("prism_site.documents.urls")),
    re_path(r"^(?:v1|internal)(?:/.*)?$", NotFoundView.as_view()),
]
