"""The scored run: commit, then reveal. Imports torch, numpy, tokenizers, safetensors, nothing of Django."""
