"""`{% help "bpb" %}`: a question mark that explains a figure on focus, hover and touch."""

from typing import Any

from django import template
from django.utils.text import slugify

from prism_site.terms import TERMS

register = template.Library()


@register.inclusion_tag("components/help.html")
def help(term: str, place: str = "") -> dict[str, Any]:
    """The mark of a term; `place` tells it apart where the same page has it twice.

    Raises:
        KeyError: there is no such term.
    """
    return {"term": TERMS[term], "id": f"term-{term}-{place}" if place else f"term-{term}"}


@register.inclusion_tag("components/help.html")
def help_named(name: str) -> dict[str, Any]:
    """The mark of a figure by the name under which it is shown; nothing for one that explains itself."""
    key = f"fact-{slugify(name)}"
    if key in TERMS:
        return help(key)
    titled = next((key for key, term in TERMS.items() if term.title.lower() == name.lower()), None)
    return help(titled) if titled else {}
