"""The table of transitions as a Mermaid state diagram. Pure."""

from evaluations.enums import Stage
from evaluations.transitions import START, TABLE, State


def mermaid() -> str:
    """The diagram's source; one line per allowed move, in the order of the table."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{state.status} · {state.stage}" as {_name(state)}' for state in TABLE]
    lines += [f"    [*] --> {_name(state)}" for state in START]
    lines += [
        f"    {_name(state)} --> {_name(target)}: {verb}"
        for state, verbs in TABLE.items()
        for verb, target in verbs.items()
    ]
    lines += [f"    {_name(state)} --> [*]" for state in TABLE if state.stage == Stage.DONE]
    return "\n".join(lines)


def _name(state: State) -> str:
    return f"{state.status}_{state.stage}"
