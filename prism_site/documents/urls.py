"""Addresses of the documents."""

from django.urls import path

from prism_site.documents import views

urlpatterns = [
    path("", views.index, name="documents"),
    path("<path:slug>/", views.document, name="document"),
]
