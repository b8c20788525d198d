"""The views of the policy pages."""
