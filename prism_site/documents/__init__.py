"""The documents of the repository as pages: the same Markdown, read at `/docs/`."""
