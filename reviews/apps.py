from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """May this run, and whose is it?"""

    name = "reviews"
    label = "reviews"
    default_auto_field = "django.db.models.BigAutoField"
