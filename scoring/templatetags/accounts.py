"""The account of a score on a page of another room, which knows nothing of scores."""

from typing import Any

from django import template

from evaluations.models import Submission
from scoring.accounts import account_of

register = template.Library()


@register.inclusion_tag("submission/account.html")
def score_account(submission: Submission) -> dict[str, Any]:
    """Bars from bits per byte to the weight; nothing before there is a score."""
    return {"waterfalls": account_of(submission)}
