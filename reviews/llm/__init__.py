"""The LLM reviewer and the gate that its evidence has to pass."""
