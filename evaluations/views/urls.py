"""Pages about submissions."""

from django.urls import path

from evaluations.views import miners_tool, submission, submit

urlpatterns = [
    path("submissions/<uuid:submission_id>", submission.page, name="submission"),
    path("submissions/<uuid:submission_id>/live", submission.live, name="submission-live"),
    path("submissions/<uuid:submission_id>/figure", submission.figure, name="submission-figure"),
    path("submissions/<uuid:submission_id>/log", submission.learner_log, name="submission-log"),
    path("submit", submit.page, name="submit"),
    path("submit/prism_submit.py", miners_tool.download, name="miners-tool"),
]
