from django.apps import AppConfig


class ScoringConfig(AppConfig):
    """What is it worth, and to whom?"""

    name = "scoring"
    label = "scoring"
    default_auto_field = "django.db.models.BigAutoField"
