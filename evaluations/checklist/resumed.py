"""Whether the run was interrupted by its host, and why that changes nothing. Said only of such runs."""

from collections.abc import Mapping
from typing import Any

from evaluations.checklist.claim import Claim, count, section

TITLE = "An accident of the host changed nothing"


def claims(manifest: Mapping[str, Any]) -> list[Claim]:
    """The claim about going on or beginning anew, for a run that met a checkpoint of an earlier attempt."""
    run = section(manifest.get("run"))
    resumed, anew = section(run.get("resumed")), run.get("began_anew")
    if resumed:
        words = (
            f"The host failed and the run went on from byte {count(resumed.get('stream_bytes')):,}."
            f" Its {count(resumed.get('commits_repeated')):,} commits until then were made again, bit for"
            " bit, before anything new counted."
        )
        return [Claim(key="resumed", title=TITLE, state="holds", words=words, figures=dict(resumed))]
    if isinstance(anew, str) and anew:
        words = (
            f"The host failed, and what an earlier attempt had kept could not be gone on from ({anew})."
            " The run began anew with nothing of it."
        )
        return [Claim(key="resumed", title=TITLE, state="holds", words=words, figures={"began_anew": anew})]
    return []
