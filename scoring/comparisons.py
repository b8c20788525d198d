"""Whether one scored submission beats another, from their stored runs, each pair compared once."""

from uuid import UUID

from evaluations.enums import Verdict as RunVerdict
from evaluations.models import Run
from prism_site.policy.schemas.scores import ImprovementThresholds
from scoring.folding import Member
from scoring.models import Attribution, Score
from scoring.paired import Improvement, Manifest, RunsNotComparable, TooFewChunks, Verdict, improvement


def manifests(submission_id: UUID) -> list[Manifest]:
    """The scored runs of a submission, one per seed."""
    rows = Run.objects.filter(submission_id=submission_id, verdict=RunVerdict.SCORED).order_by("seed")
    return [manifest for manifest in rows.values_list("manifest", flat=True) if manifest]


def compare(best_id: UUID, candidate_id: UUID, thresholds: ImprovementThresholds) -> Improvement:
    """How much better the candidate is than the best.

    Where their runs cannot be compared, because the text changed, or is too short, the better one is near:
    that is for a person to say.
    """
    try:
        return improvement(manifests(best_id), manifests(candidate_id), thresholds)
    except (RunsNotComparable, TooFewChunks):
        return _unpaired(best_id, candidate_id, thresholds)


def _unpaired(best_id: UUID, candidate_id: UUID, thresholds: ImprovementThresholds) -> Improvement:
    bpb = dict(Score.objects.filter(pk__in=[best_id, candidate_id]).values_list("pk", "bpb"))
    delta = bpb[best_id] - bpb[candidate_id]
    return Improvement(
        mean_bpb=delta,
        se=0.0,
        relative=delta / bpb[best_id] if bpb[best_id] else 0.0,
        z=0.0,
        verdict=Verdict.NEAR if delta > 0 else Verdict.NOT,
        required_bpb=max(thresholds.min_delta_abs, thresholds.min_delta_rel * bpb[best_id]),
        required_z=thresholds.z_score,
        seeds=(),
    )


class Comparisons:
    """Answers for folding a family: what was compared before stands, whatever the policy is by now.

    With `keep` answers are stored with the candidate's attribution.
    """

    def __init__(self, thresholds: ImprovementThresholds, *, keep: bool) -> None:
        self._thresholds, self._keep = thresholds, keep
        self._known: dict[tuple[UUID, UUID], bool] = {}

    def beats(self, candidate: Member, best: Member) -> bool:
        """Whether `candidate`, accepted later, takes the place of `best`."""
        pair = candidate.submission_id, best.submission_id
        if pair not in self._known:
            self._known[pair] = self._stored(*pair)
        return self._known[pair]

    def _stored(self, candidate: UUID, best: UUID) -> bool:
        row = Attribution.objects.filter(pk=candidate).only("compared").first()
        known = row.compared.get(str(best)) if row else None
        if known is None:
            known = compare(best, candidate, self._thresholds).verdict.value
            if row is not None and self._keep:
                row.compared[str(best)] = known
                row.save(update_fields=["compared"])
        return bool(known == Verdict.BETTER)
