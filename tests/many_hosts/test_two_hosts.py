"""Two hosts, each a group of processes of its own, share one PostgreSQL: every run is carried out once."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evaluations.conftest import text_folder
from tests.many_hosts.hosts import Installation, hosts, installation

__all__ = ["text_folder"]
pytestmark = pytest.mark.long
# As if a minute had passed: what counts is the database's clock.
LET_THE_LEASE_RUN_OUT = """
UPDATE evaluations_attempt SET lease_expires_at = lease_expires_at - interval '60 seconds'
WHERE host = 'two' AND state IN ('leased', 'running')
"""


@pytest.fixture
def place(text_folder: Path) -> Iterator[Installation]:
    """In a folder with a short name: a server's socket lies in it."""
    with tempfile.TemporaryDirectory(prefix="prism-hosts-") as folder:
        with installation(Path(folder), text_folder) as made:
            yield made


def finished(place: Installation) -> Counter[str]:
    """How many runs each host ended; every run was ended once, and everybody has a score."""
    runs = place.rows("SELECT count(*) FROM evaluations_run WHERE state = 'finished'")[0][0]
    ended = [host for host, _, state, _ in place.attempts() if state == "finished"]
    assert len(ended) == runs == place.rows("SELECT count(*) FROM scoring_score")[0][0]
    twice = "SELECT run_id FROM evaluations_attempt WHERE state = 'finished' GROUP BY 1 HAVING count(*) > 1"
    assert place.rows(twice) == []
    return Counter(ended)


def test_what_a_host_that_lost_its_power_had_begun_another_ends(place: Installation) -> None:
    place.queue(2, pause=0.2, byte_budget=65_536)
    with hosts(place, two="gpu") as started:
        place.wait(lambda: bool(place.rows("SELECT 1 FROM evaluations_curvepoint LIMIT 1")))
        started["two"].lose_power()
    assert place.attempts() == [("two", 1, "running", "")]
    place.change(LET_THE_LEASE_RUN_OUT)
    with hosts(place, one="default"):
        place.wait(place.all_done)
    assert place.attempts()[0] == ("two", 1, "lost", "lease_expired")
    assert finished(place) == {"one": 2}


def test_hosts_at_work_at_once_share_the_runs_and_carry_out_each_once(place: Installation) -> None:
    place.queue(5, pause=0.3, byte_budget=65_536)
    with hosts(place, one="default", two="gpu", three="gpu") as started:
        place.wait(lambda: {"one", "two", "three"} <= {row[0] for row in place.attempts()})
        place.wait(lambda: ("two", 1, "running", "") in place.attempts())
        started["two"].lose_power()
        place.wait(place.all_done)  # its lease runs out by itself
    assert ("two", 1, "lost", "lease_expired") in place.attempts()
    shares = finished(place)
    assert sum(shares.values()) == 5
    assert min(shares["one"], shares["three"]) >= 1
    assert max(number for _, number, _, _ in place.attempts()) == 2
