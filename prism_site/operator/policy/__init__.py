"""Policy in the browser: what is in force and why, a draft with its diff and replay, and only then a row."""
