"""What is remembered of a submission's source, so that later ones can be compared with it."""

from django.db import models

from evaluations.models import Submission


class SourceSignature(models.Model):
    """Normalised source as sets of shingles, without boilerplate; `reviews.duplicates.store` writes it."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="signature")
    units = models.JSONField()  # [[file, line, live, whole, shingles]]: how many of `shingles` are whose
    shingles = models.BinaryField()  # little-endian uint32, unit after unit, each sorted
    readable = models.BooleanField(default=True)  # false: the source could not be normalised
    version = models.PositiveSmallIntegerField()  # of the normal form; others are not comparable
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"source of {self.submission_id}"


class SourceKey(models.Model):
    """One band of a signature's MinHash, or one whole function: what a lookup finds it by."""

    key = models.BigIntegerField()
    signature = models.ForeignKey(
        SourceSignature, on_delete=models.CASCADE, related_name="keys", db_index=False
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "signature"], name="source_key_once")]

    def __str__(self) -> str:
        return f"{self.key} of {self.signature_id}"
