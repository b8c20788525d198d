"""The operator's pages."""

from django.urls import path

from prism_site.operator.views import (
    audit,
    bulk,
    claim,
    decide,
    diff,
    hold,
    keys,
    overdue,
    overturns,
    overview,
    queue,
    saved_filters,
    weights,
)

app_name = "operator"
urlpatterns = [
    path("", overview.page, name="overview"),
    path("live", overview.live, name="overview-live"),
    path("holds", queue.page, name="holds"),
    path("holds/live", queue.live, name="holds-live"),
    path("holds/decide", bulk.decide, name="bulk"),
    path("holds/overdue", overdue.page, name="overdue"),
    path("holds/overdue.json", overdue.OverdueView.as_view(), name="overdue-json"),
    path("holds/filters", saved_filters.page, name="filters"),
    path("holds/filters/save", saved_filters.save, name="filters-save"),
    path("holds/filters/<int:filter_id>", saved_filters.change, name="filter"),
    path("holds/<int:hold_id>", hold.page, name="hold"),
    path("holds/<int:hold_id>/claim", claim.claim, name="claim"),
    path("holds/<int:hold_id>/diff", diff.part, name="diff"),
    path("holds/<int:hold_id>/decide", decide.decide, name="decide"),
    path("holds/<int:hold_id>/undo", decide.undo, name="undo"),
    path("keys", keys.page, name="keys"),
    path("keys/reset", keys.reset, name="keys-reset"),
    path("weights", weights.page, name="weights"),
    path("audit", audit.page, name="audit"),
    path("audit/overturns", overturns.page, name="overturns"),
    path("audit/overturns.json", overturns.OverturnsView.as_view(), name="overturns-json"),
    path("audit.csv", audit.as_csv, name="audit-csv"),
    path("audit.jsonl", audit.as_json_lines, name="audit-jsonl"),
]
