"""Who may call a route; a route that names nobody answers nobody."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from prism_site.access.tokens import check_internal
from prism_site.config import env

if TYPE_CHECKING:  # the framework's views import this module by the name in the settings
    from rest_framework.views import APIView


class DenyAll(BasePermission):
    """The default of every view, so that a forgotten permission is a closed door."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Refuse."""
        return False


class Public(BasePermission):
    """Anybody: what the route shows is public, or its own checks follow."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Let in."""
        return True


class Platform(BasePermission):
    """The holder of a shared token, calling this challenge and no other."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Check the bearer token, then the slug header where one was sent; raises `AccessRefused`."""
        check_internal(request.headers, env().shared_tokens)
        return True
