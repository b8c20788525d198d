"""How loss falls with size and text: the law, its fit, and how far either can be believed. Pure."""
