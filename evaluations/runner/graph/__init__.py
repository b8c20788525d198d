"""The operator graph of a model's forward: what is left of it without names, sizes and repetition."""
