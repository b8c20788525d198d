from django.apps import AppConfig


class OperatorConfig(AppConfig):
    """What operators set up for themselves: keys and saved filters."""

    name = "prism_site.operator"
    label = "operator"
