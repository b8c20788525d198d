"""Where a page of the standings goes on, as the text that an address carries."""

from prism_site.api.paging import decode_cursor, encode_cursor, identifier, instant
from scoring.standings import After, Entry


def cursor_of(entry: Entry) -> str:
    """The cursor of the page behind an entry."""
    after = entry.after
    return encode_cursor(after.rank, after.value, after.accepted_at.isoformat(), after.submission_id)


def after_of(cursor: str | None) -> After | None:
    """The entry that a cursor names; None without one, `Problem` 400 `cursor_malformed` for what is none."""
    if not cursor:
        return None
    rank, value, accepted_at, submission_id = decode_cursor(cursor, int, float, instant, identifier)
    return After(rank=rank, value=value, accepted_at=accepted_at, submission_id=submission_id)
