from django.apps import AppConfig


class PolicyConfig(AppConfig):
    """Runtime policy: SQL rows over environment over schema defaults."""

    name = "prism_site.policy"
    label = "policy"
    default_auto_field = "django.db.models.BigAutoField"
