"""Keys by which candidates are found: bands of a MinHash, and whole functions. Pure.

The MinHash estimates the Jaccard similarity s of what is alive: a band of R values is equal with probability
s^R, so that one of B bands is with 1 - (1 - s^R)^B. With R = 8 and B = 24 that is 0.9995 at 0.85 and 0.92 at
0.75, but 0.02 at 0.4 and 1e-5 at 0.15, where independent programs are: few candidates come in vain (Leskovec,
Rajaraman, Ullman, Mining of Massive Datasets, ch. 3). Where much was added to a copy the whole is no longer
alike, but its functions still are, and each is a key, too.
"""

import hashlib

import numpy as np
from datasketch import MinHash

from reviews.duplicates.profile import Profile, Shingles

BANDS, ROWS = 24, 8
SEED = 20_261_120
STORED_UNITS, ASKED_UNITS = 24, 96  # functions that are keys: the largest
SMALLEST_UNIT = 16  # shingles; smaller functions are written alike by many


def stored_keys(profile: Profile) -> list[int]:
    """Signed 64-bit keys under which a bundle is found."""
    return sorted({*band_keys(profile.live), *unit_keys(profile, STORED_UNITS)})


def asked_keys(profile: Profile) -> list[int]:
    """The keys that are looked up for a bundle: more of its functions, because any may be the copied ones."""
    return sorted({*band_keys(profile.live), *unit_keys(profile, ASKED_UNITS)})


def code_key(code_hash: str) -> int:
    """The key of a bundle's very bytes."""
    return _key("code", code_hash.encode())


def band_keys(shingles: Shingles) -> list[int]:
    """One key per band of the MinHash of a set; none of an empty one."""
    if not len(shingles):
        return []
    sketch = MinHash(num_perm=BANDS * ROWS, seed=SEED, hashfunc=int)
    sketch.update_batch(shingles)
    values = sketch.hashvalues.astype("<u8").reshape(BANDS, ROWS)
    return [_key(f"band {band}", values[band].tobytes()) for band in range(BANDS)]


def unit_keys(profile: Profile, count: int) -> list[int]:
    """One key for each of the largest functions, by all of its tokens."""
    large = sorted(profile.units, key=lambda unit: (-len(unit.shingles), unit.whole))
    return [
        _key("unit", unit.whole.to_bytes(8, "big"))
        for unit in large[:count]
        if len(unit.shingles) >= SMALLEST_UNIT
    ]


def _key(kind: str, content: bytes) -> int:
    digest = hashlib.blake2b(content, digest_size=8, person=kind.encode()[:16]).digest()
    return int(np.frombuffer(digest, dtype=">i8")[0])
