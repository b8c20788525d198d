"""Policies that no row says."""

from dataclasses import replace
from typing import Any

from prism_site.operator.policy.drafts import Draft, policy_with
from prism_site.policy.resolve import Policy, resolve_policy


def with_fields(policy: Policy, **models: Any) -> Policy:
    """A policy with other models in the place of its own."""
    return replace(policy, **models)


def both(**values: dict[str, Any]) -> tuple[Policy, Policy]:
    """What is in force, and what a draft of these values would make of it."""
    now = resolve_policy(official=False)
    return now, policy_with(now, Draft(values=values))
