"""What qualities are made of: each component a pure function of manifests, and their weighted sums."""
