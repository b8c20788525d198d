"""Pages about what submissions are held to."""

from django.urls import path

from reviews import views

urlpatterns = [path("submit/rules", views.rules, name="rules")]
