from django.apps import AppConfig


class RestorationsConfig(AppConfig):
    """When backups were put in place: rooms ask it what they must not do over again."""

    name = "prism_site.restorations"
    label = "restorations"
    default_auto_field = "django.db.models.BigAutoField"
