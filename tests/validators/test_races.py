"""Validators that ask at one moment, on a database that threads share as processes do."""

import itertools

import pytest

from evaluations.enums import Mode, RunState
from evaluations.models import Assignment, Run
from evaluations.validators.offers import offer_next
from evaluations.validators.refusals import AssignmentsUnavailable, OfferOutstanding
from evaluations.validators.texts import texts_for
from prism_site.policy.resolve import resolve_policy
from tests.evaluations import world
from tests.evaluations.test_claims import together
from tests.factories import make_hotkey
from tests.validators.conftest import VALIDATOR

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database", "host")]


def queue(count: int) -> None:
    """Queued runs whose texts are laid out."""
    world.small_runs()
    texts_for(Mode.LOCAL_CPU_SMOKE, 1337, resolve_policy(official=False))
    for number in range(count):
        world.queued(training=world.TRAINING + f"#{number}\n")


def test_of_validators_at_once_each_run_goes_to_one() -> None:
    queue(2)
    numbers = itertools.count()
    offered = together(4, lambda: offer_next(make_hotkey(f"validator {next(numbers)}"), list(Mode)))
    runs = [assignment.attempt.run_id for assignment in offered if assignment is not None]
    assert len(runs) == len(set(runs)) == 2


def test_of_one_validators_questions_at_once_one_is_answered_with_a_run() -> None:
    queue(3)

    def ask() -> str:
        try:
            return "none" if offer_next(VALIDATOR, list(Mode)) is None else "offered"
        except OfferOutstanding as refused:
            return refused.code

    answers = together(3, ask)
    assert answers.count("offered") == Assignment.objects.count() == 1
    assert "none" not in answers
    assert Run.objects.filter(state=RunState.RUNNING).count() == 1


def test_of_questions_at_once_one_lays_out_the_texts_and_nobody_is_lost() -> None:
    world.small_runs()
    world.queued()
    numbers = itertools.count()

    def ask() -> str:
        try:
            offered = offer_next(make_hotkey(f"validator {next(numbers)}"), list(Mode))
        except AssignmentsUnavailable as unavailable:
            return unavailable.code
        return "none" if offered is None else "offered"

    answers = together(4, ask)
    assert answers.count("offered") == 1
    assert set(answers) <= {"offered", "none", "data_busy"}
