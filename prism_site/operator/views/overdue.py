"""The digest of overdue holds as a page, and as JSON for whatever sends it on."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from prism_site.api.etags import etag_of, not_modified, tagged
from prism_site.api.operators import OperatorSession, ResolvesHolds
from prism_site.api.schema import answers
from prism_site.operator.guard import operators_only
from prism_site.operator.overdue import OverdueDigest, digest


@require_safe
@operators_only
def page(request: HttpRequest) -> HttpResponse:
    """What is overdue, the longest first."""
    return render(request, "operator/overdue.html", {"digest": digest()})


class OverdueView(APIView):
    """The same for a program: a job that writes a mail asks with a token."""

    authentication_classes = [OperatorSession]
    permission_classes = [ResolvesHolds]

    @extend_schema(operation_id="overdue_holds", responses=answers(OverdueDigest, 401, 403))
    def get(self, request: Request) -> HttpResponseBase:
        """Overdue holds by kind and one by one; 304 while there is nothing new to tell."""
        found = digest().model_dump(mode="json")
        etag = etag_of(found)
        return not_modified(request, etag) or tagged(found, etag)
