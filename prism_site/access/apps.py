from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Who may call: hotkey signatures, nonces, shared tokens, throttles."""

    name = "prism_site.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"
