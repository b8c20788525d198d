"""Pages about what is going on and who is ahead."""

from django.urls import path

from scoring import architecture_views, compare_views, home, rival_views, views

urlpatterns = [
    path("", home.page, name="home"),
    path("now", home.live, name="now"),
    path("leaderboard", views.leaderboard, name="leaderboard"),
    path("architectures", architecture_views.architectures, name="architectures"),
    path("architectures/<uuid:architecture_id>", architecture_views.architecture, name="architecture"),
    path("compare", compare_views.page, name="compare"),
    path("submissions/<uuid:submission_id>/rivals", rival_views.figure, name="submission-rivals"),
    path("compare/figure", compare_views.figure, name="compare-figure"),
]
