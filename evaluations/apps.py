from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    """Submissions and their runs."""

    name = "evaluations"
    label = "evaluations"
    default_auto_field = "django.db.models.BigAutoField"
