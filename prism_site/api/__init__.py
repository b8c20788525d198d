"""What every HTTP route shares: deny by default, problem details, strict bodies, pages and entity tags."""

from prism_site.api.permissions import DenyAll, Platform, Public
from prism_site.api.problems import Problem, problem_response

__all__ = ["DenyAll", "Platform", "Problem", "Public", "problem_response"]
