"""GPUs, their leases and what waits for one."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.gpu_status import GpuStatus, gpu_status
from prism_site.access.throttles import AddressThrottle
from prism_site.api.permissions import Public
from prism_site.api.schema import answers


class GpuStatusView(APIView):
    """The GPUs of every host."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(operation_id="gpu_status", responses=answers(GpuStatus))
    def get(self, request: Request) -> Response:
        """Devices with when they were last seen, leases with their ages, and queued runs by mode."""
        return Response(gpu_status().model_dump(mode="json"))
