"""The schemas of runtime policy: one pydantic model per key, with unit, bounds and default of every field."""
