"""The OpenAPI document and its reader, served by ourselves under the strict Content-Security-Policy."""

from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from prism_site.access.throttles import AddressThrottle
from prism_site.api.permissions import Public


class SchemaView(SpectacularJSONAPIView):
    """OpenAPI 3.1 as JSON."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]


class SwaggerView(SpectacularSwaggerSplitView):
    """Swagger UI without an inline script or style."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]
    url_name = "api-schema"
    template_name = "api/docs.html"
