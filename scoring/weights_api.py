"""The weights over HTTP: those of this moment for the platform, those of ended epochs for everybody."""

from datetime import datetime

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from evaluations.enums import Mode
from evaluations.epochs import epoch_of
from prism_site.access.throttles import AddressThrottle
from prism_site.access.tokens import SLUG
from prism_site.api.etags import etag_of, not_modified, tagged
from prism_site.api.permissions import Platform, Public
from prism_site.api.problems import Problem
from prism_site.api.schema import answers
from prism_site.config import env
from scoring import payout, snapshots
from scoring.epochs import epoch_from
from scoring.models import WeightSnapshot
from scoring.weights_answers import EpochWeights, WeightsAnswer, WeightsMetadata, WeightsPreview


class GetWeightsView(APIView):
    """The weights that the platform sets."""

    permission_classes = [Platform]

    @extend_schema(operation_id="get_weights", responses=answers(WeightsAnswer, 401, 403, 503))
    def get(self, request: Request) -> HttpResponseBase:
        """Weights from official scores alone; 503 `policy_invalid` where the policy in force is not valid.

        503 `epoch_went_back` where the clock stands before the end of an epoch that is final already.
        """
        now = timezone.now()
        _refuse_to_go_back(now)
        result = payout.payout(payout.exported_mode())
        weights = payout.exported(result)
        return _weights_answer(request, WeightsAnswer, result, weights, now)


class WeightsPreviewView(APIView):
    """What standings would earn."""

    permission_classes = [Platform]

    @extend_schema(operation_id="weights_preview", responses=answers(WeightsPreview, 401, 403, 503))
    def get(self, request: Request) -> HttpResponseBase:
        """The weights that the present standings of the present mode would give; never exported."""
        result = payout.payout(Mode(env().execution_mode))
        return _weights_answer(request, WeightsPreview, result, result.weights.weights, timezone.now())


class EpochWeightsView(APIView):
    """What an epoch ended with."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(operation_id="epoch_weights", responses=answers(EpochWeights, 404))
    def get(self, request: Request, epoch: int) -> HttpResponseBase:
        """The weights of an ended epoch with the explanation of each; 404 `no_snapshot` while it runs."""
        snapshot = WeightSnapshot.objects.filter(epoch=epoch).first()
        if snapshot is None:
            raise Problem(404, "no_snapshot", "It has not ended, or nothing had been submitted by then.")
        etag = etag_of(snapshot.epoch, snapshot.inputs_sha256, snapshot.taken_at)
        if unchanged := not_modified(request, etag):
            return unchanged
        answer = EpochWeights.of(snapshot, epoch_from(snapshot.epoch, snapshot.epoch_seconds))
        return tagged(answer.model_dump(mode="json"), etag)


def _refuse_to_go_back(now: datetime) -> None:
    final_until = snapshots.final_until()
    if final_until is not None and now < final_until:
        detail = f"Weights are final until {final_until:%Y-%m-%d %H:%M} UTC; set this host's clock."
        raise Problem(503, "epoch_went_back", detail)


def _weights_answer(
    request: Request,
    kind: type[WeightsAnswer],
    result: payout.Payout,
    weights: dict[str, float],
    now: datetime,
) -> HttpResponseBase:
    """The tag leaves out the time of the computation: equal weights of one epoch are not sent twice."""
    epoch = epoch_of(now, env().epoch_seconds)
    etag = etag_of(result.mode, epoch, weights, result.inputs_sha256, result.policy_row_ids)
    if unchanged := not_modified(request, etag):
        return unchanged
    answer = kind(
        challenge_slug=SLUG,
        epoch=epoch,
        weights=weights,
        metadata=WeightsMetadata.of(result, weights),
        computed_at=now,
    )
    return tagged(answer.model_dump(mode="json"), etag)
