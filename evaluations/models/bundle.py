"""The bytes of a bundle, apart from the submission so that lists never load them."""

from django.db import models

from evaluations.models.submission import Submission


class StoredBundle(models.Model):
    """The validated ZIP as it was uploaded; stored in the transaction that stores the submission."""

    submission = models.OneToOneField(
        Submission, primary_key=True, on_delete=models.PROTECT, related_name="bundle"
    )
    archive = models.BinaryField()
    manifest = models.JSONField()  # `evaluations.intake.manifest.BundleManifest` as JSON
    files = models.JSONField()  # [{"name", "bytes", "sha256"}], sorted by name
