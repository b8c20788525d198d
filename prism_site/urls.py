"""The address book: each room brings its own routes."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

urlpatterns = [
    path("", include("evaluations.views.urls")),
    path("", include("scoring.urls")),
    path("", include("reviews.urls")),
    path("", include("prism_site.api_urls")),
    path("operator/", include("prism_site.operator.urls")),
    path("operator/", include("prism_site.operator.policy.urls")),
    path(
        "login/",
        LoginView.as_view(template_name="login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]

handler400 = "prism_site.api.bad_request.answer"
