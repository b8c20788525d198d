"""The tables of the last version that installations may run: what the next one has to start from.

Whoever releases a version writes its last migrations here.
"""

RELEASED = [
    ("access", "0001_initial"),
    ("evaluations", "0006_curve_block"),
    ("policy", "0001_initial"),
    ("reviews", "0008_precheck_count"),
    ("scoring", "0007_variant_mode"),
]
NEW_APPLICATIONS = ("operator", "restorations")

# What may go although a released version uses it, and why nothing is lost by it.
MAY_GO = {
    "evaluations.canary": "a stamp is renewed within the minute by whichever version runs",
}
