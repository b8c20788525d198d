"""What the operator's addresses answer: fetch, one call, message, redirect."""
