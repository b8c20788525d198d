"""The pages of policy."""

from django.urls import path

from prism_site.operator.policy.views import pages, review, save

app_name = "operator-policy"
urlpatterns = [
    path("policy", pages.index, name="policy"),
    path("policy/export.json", pages.export, name="export"),
    path("policy/import", review.from_file, name="import"),
    path("policy/review", review.again, name="review"),
    path("policy/save", save.save, name="save"),
    path("policy/<slug:key>", pages.key, name="policy-key"),
    path("policy/<slug:key>/draft", review.from_form, name="draft"),
    path("policy/<slug:key>/json", review.from_json, name="json"),
    path("policy/<slug:key>/restore/<int:row_id>", review.restore, name="restore"),
    path("policy/<slug:key>/call-off/<int:row_id>", save.call_off, name="call-off"),
]
