"""One archive with everything that cannot be made again, and putting it back.

`taking.py` writes it, `checking.py` reads it against its manifest, `restoring.py` puts it in place.
"""
