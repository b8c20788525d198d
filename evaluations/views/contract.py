"""The contract that a miner reads before sending: the recipe that the API gives, or why there is none."""

from dataclasses import dataclass

from evaluations.api.recipe import Recipe, recipe
from evaluations.enums import Mode
from prism_site.config import env
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.resolve import resolve_policy


@dataclass(frozen=True)
class Contract:
    """The live contract; `policy_problem` says that official evaluations wait."""

    mode: Mode
    recipe: Recipe
    policy_problem: PolicyInvalid | None
    is_open: bool
    signature_ttl_seconds: int


def current() -> Contract:
    """The contract of new submissions; where official policy is invalid, of what is valid of it."""
    mode = Mode(env().execution_mode)
    problem = None
    try:
        policy = resolve_policy(official=mode.is_official)
    except PolicyInvalid as found:
        policy, problem = resolve_policy(official=False), found
    return Contract(
        mode=mode,
        recipe=recipe(mode, policy),
        policy_problem=problem,
        is_open=env().public_submissions_enabled,
        signature_ttl_seconds=env().signature_ttl_seconds,
    )
