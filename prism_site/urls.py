"""The address book: each room brings its own routes."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from prism_site.sign_in import SignInView, admin_sign_in

urlpatterns = [
    path("", include("evaluations.views.urls")),
    path("", include("scoring.urls")),
    path("", include("reviews.urls")),
    path("", include("prism_site.api_urls")),
    path("operator/", include("prism_site.operator.urls")),
    path("operator/", include("prism_site.operator.policy.urls")),
    path("login/", SignInView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/login/", admin_sign_in),
    path("admin/", admin.site.urls),
]

handler400 = "prism_site.api.bad_request.answer"
