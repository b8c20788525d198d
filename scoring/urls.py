"""Pages about what is going on and who is ahead."""

from django.urls import path

from scoring import compare_views, home, views

urlpatterns = [
    path("", home.page, name="home"),
    path("now", home.live, name="now"),
    path("leaderboard", views.leaderboard, name="leaderboard"),
    path("compare", compare_views.page, name="compare"),
    path("compare/figure", compare_views.figure, name="compare-figure"),
]
