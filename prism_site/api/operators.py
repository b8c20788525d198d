"""Routes that the platform calls by token and operators by their session."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from drf_spectacular.authentication import SessionScheme
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from prism_site.access.refusals import InternalAuth
from prism_site.access.tokens import check_internal
from prism_site.config import env

if TYPE_CHECKING:  # the framework's views import permissions by the name in the settings
    from rest_framework.views import APIView

PERMISSION = "reviews.resolve_hold"
PLATFORM = "system:platform"


class OperatorSession(SessionAuthentication):
    """A logged-in account, with its CSRF token; whoever sends a bearer token is judged by that alone."""

    def authenticate(self, request: Request) -> Any:
        """The account, or None."""
        return None if "Authorization" in request.headers else super().authenticate(request)


class OperatorSessionScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names it."""

    target_class = OperatorSession  # type: ignore[assignment]
    name = "operatorSession"


class ResolvesHolds(BasePermission):
    """The holder of a shared token, or an account with the permission to resolve holds."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """401 for nobody, 403 for an account that may not."""
        if "Authorization" in request.headers:
            check_internal(request.headers, env().shared_tokens)
            return True
        if not isinstance(request.user, User):
            raise InternalAuth
        return request.user.has_perm(PERMISSION)


def actor(request: Request) -> str:
    """Who decides, as the history names them."""
    return f"operator:{request.user.get_username()}" if isinstance(request.user, User) else PLATFORM
