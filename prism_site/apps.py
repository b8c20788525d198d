from django.apps import AppConfig


class PrismSiteConfig(AppConfig):
    """Wires the rooms together."""

    name = "prism_site"

    def ready(self) -> None:
        """Ring the queue whenever a submission has moved."""
        from evaluations.signals import submission_moved
        from prism_site import checks, pipeline

        checks.register()
        submission_moved.connect(pipeline.ring, dispatch_uid="pipeline.ring")
