"""Routes of the assignments."""

from django.urls import path

from evaluations.validators.api import AcceptView, ExpireView, NextView, RejectView, ResultView

ASSIGNMENTS = "internal/v1/validators/assignments"
ONE = f"{ASSIGNMENTS}/<uuid:assignment_id>"

urlpatterns = [
    path(f"{ASSIGNMENTS}/next", NextView.as_view(), name="api-next-assignment"),
    path(f"{ASSIGNMENTS}/expire", ExpireView.as_view(), name="api-expire-assignments"),
    path(f"{ONE}/accept", AcceptView.as_view(), name="api-accept-assignment"),
    path(f"{ONE}/reject", RejectView.as_view(), name="api-reject-assignment"),
    path(f"{ONE}/result", ResultView.as_view(), name="api-assignment-result"),
]
