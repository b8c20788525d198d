"""The keys of whoever looks at the page: `data-key="{% key "claim" %}"` and `{% keycap "claim" %}`."""

import json

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from prism_site.operator.keymaps import keys_for

register = template.Library()


@register.simple_tag(takes_context=True)
def key(context: Context, action: str) -> str:
    """The key of an action; empty where it has none.

    Raises:
        KeyError: there is no such action.
    """
    return keys_for(context["request"])[action]


@register.simple_tag(takes_context=True)
def keycap(context: Context, action: str) -> SafeString | str:
    """The key as it is shown beside what it does."""
    pressed = key(context, action)
    return format_html("<kbd>{}</kbd>", pressed) if pressed else ""


@register.simple_tag(takes_context=True)
def keys_json(context: Context) -> str:
    """All of them, for the page's script."""
    return json.dumps(keys_for(context["request"]), ensure_ascii=False)
