"""Routes of the reviews."""

from django.urls import path

from reviews.api.precheck import PrecheckView

urlpatterns = [path("v1/submissions/precheck", PrecheckView.as_view(), name="api-precheck")]
