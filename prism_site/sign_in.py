"""The one door for accounts; the admin has no door of its own."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from prism_site.access.sign_in import CODE, remember_device, seconds_to_wait


@method_decorator(sensitive_post_parameters(), name="dispatch")
class SignInView(LoginView):
    """Name and password; 429 for who has tried too often."""

    template_name = "login.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, and know this browser the next time."""
        response = super().form_valid(form)
        user = form.get_user()
        assert isinstance(user, User)
        remember_device(self.request, response, user)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """What was wrong is not told, but that it is too often is."""
        wait = seconds_to_wait(self.request)
        if not wait:
            return super().form_invalid(form)
        response = self.render_to_response(
            self.get_context_data(form=form, wait_minutes=-(-wait // 60), code=CODE)
        )
        response.status_code = 429
        response["Retry-After"] = str(wait)
        return response


def admin_sign_in(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
    """Where the admin sends strangers: to the one door; an account that may not use the admin gets 403."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
