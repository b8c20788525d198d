"""Pages about what is going on and who is ahead."""

from django.urls import path

from scoring import home, views

urlpatterns = [
    path("", home.page, name="home"),
    path("now", home.live, name="now"),
    path("leaderboard", views.leaderboard, name="leaderboard"),
]
