"""Paths under the API's prefixes that lead nowhere, answered as problem details too."""

from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.views import APIView

from prism_site.api.permissions import Public


class NotFoundView(APIView):
    """404 for every method."""

    permission_classes = [Public]
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse before the method is looked at."""
        raise Http404
