"""`manage.py remember_sources`: store the source signatures that are missing or of an older normal form."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Q

from evaluations.bundles import BundleChanged, stored_bundle
from evaluations.intake.refusals import BundleRefused
from evaluations.models import Submission
from reviews.duplicates import store


class Command(BaseCommand):
    help = "Store the source signature of every accepted bundle that has none of the present normal form."

    def handle(self, **options: Any) -> None:
        stale = Q(signature__isnull=True) | ~Q(signature__version=store.VERSION)
        waiting = Submission.objects.filter(stale, bundle__isnull=False).order_by("created_at", "pk")
        stored = 0
        for submission in list(waiting):
            try:
                store.remember(submission, stored_bundle(submission.pk))
                stored += 1
            except (BundleChanged, BundleRefused) as error:
                self.stderr.write(f"{submission.pk}: {error.code}")
        self.stdout.write(f"{stored} signatures stored")
