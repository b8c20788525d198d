"""What the referee accepts as closed in."""

import pytest

from evaluations.runner.sandbox.attestation import OFF, accept
from evaluations.runner.sandbox.enter import LAYERS
from evaluations.runner.sandbox.errors import SandboxUnavailable

GOOD = {
    "type": "attestation",
    "mode": "required",
    "layers": list(LAYERS),
    "abi": 6,
    "checks": {"list /": True, "fork": True},
    "milliseconds": 2.0,
}


def test_a_whole_attestation_is_accepted():
    assert accept(GOOD, required=True) == {name: GOOD[name] for name in GOOD if name != "type"}


@pytest.mark.parametrize(
    "change",
    [
        {"type": "ready"},
        {"mode": "off"},
        {"layers": [layer for layer in LAYERS if layer != "landlock"]},
        {"layers": [layer for layer in LAYERS if layer != "seccomp"]},
        {"layers": []},
        {"abi": 2},
        {"checks": {}},
        {"checks": {"list /": True, "fork": False}},
        {"type": "refused", "reason": "no Landlock"},
    ],
    ids=str,
)
def test_anything_less_is_refused(change):
    with pytest.raises(SandboxUnavailable):
        accept(GOOD | change, required=True)


def test_without_a_wall_asked_for_none_is_accepted():
    assert accept({"type": "attestation", **OFF}, required=False)["mode"] == "off"


def test_a_refusal_is_one_whatever_was_asked():
    with pytest.raises(SandboxUnavailable, match="no Landlock"):
        accept({"type": "refused", "reason": "no Landlock"}, required=False)
