"""YAML reduced to what a manifest needs: mappings, lists and strings.

Read from parser events, so no object is ever built from a tag, no alias is ever expanded, and the depth is
known before anything recurses. A plain scalar that YAML 1.1 would take for another type (`no`, `1:30`, `017`,
a date) is refused instead of guessed.
"""

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from evaluations.intake.refusals import BundleRefused, shown

MAX_DEPTH = 8
MAX_SCALARS = 500

_RESOLVER = yaml.resolver.Resolver()
_STRING = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"

Value = str | tuple["Value", ...] | dict[str, "Value"]


def load_strings(text: str, *, file: str) -> Value:
    """The one document in `text`; `file` names it in refusals.

    Raises:
        BundleRefused: yaml_*.
    """
    return _Reader(text, file).document()


def _type(event: ScalarEvent) -> str:
    """The tag that YAML 1.1 gives the scalar; a quoted one is a string."""
    is_plain = event.implicit[0]
    if not is_plain:
        return _STRING
    return str(_RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit))  # type: ignore[no-untyped-call]


class _Reader:
    """Recursive descent over the events of one stream, at most MAX_DEPTH deep and MAX_SCALARS long."""

    def __init__(self, text: str, file: str) -> None:
        self._events = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._file = file
        self._scalars = 0

    def document(self) -> Value:
        self._next()  # stream start
        start = self._next()
        if isinstance(start, StreamEndEvent):
            raise BundleRefused("yaml_schema", file=self._file, detail="the file is empty")
        if isinstance(start, DocumentStartEvent) and start.tags:
            raise self._refused("yaml_tag", start)
        value = self._value(self._next(), depth=1)
        self._next()  # document end
        after = self._next()
        if not isinstance(after, StreamEndEvent):
            raise self._refused("yaml_documents", after)
        return value

    def _next(self) -> Event:
        try:
            return next(self._events)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else None
            raise BundleRefused("yaml_syntax", file=self._file, line=line) from error

    def _refused(self, code: str, event: Event, detail: str = "") -> BundleRefused:
        line = event.start_mark.line + 1 if event.start_mark else None
        return BundleRefused(code, file=self._file, line=line, detail=detail)

    def _value(self, event: Event, depth: int) -> Value:
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise self._refused("yaml_alias", event)
        if getattr(event, "tag", None):
            raise self._refused("yaml_tag", event)
        if isinstance(event, ScalarEvent):
            return self._string(event)
        if depth > MAX_DEPTH:
            raise self._refused("yaml_too_deep", event)
        return self._mapping(depth) if isinstance(event, MappingStartEvent) else self._list(event, depth)

    def _string(self, event: ScalarEvent) -> str:
        self._scalars += 1
        if self._scalars > MAX_SCALARS:
            raise self._refused("yaml_too_large", event)
        kind = _type(event)
        if kind == _MERGE:
            raise self._refused("yaml_merge", event)
        if kind != _STRING:
            raise self._refused("yaml_type", event)
        return event.value

    def _list(self, start: Event, depth: int) -> tuple[Value, ...]:
        assert isinstance(start, SequenceStartEvent)
        values = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            values.append(self._value(event, depth + 1))
        return tuple(values)

    def _mapping(self, depth: int) -> dict[str, Value]:
        values: dict[str, Value] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._value(event, depth + 1)
            if not isinstance(key, str):
                raise self._refused("yaml_type", event, "keys are plain strings")
            if key in values:
                raise self._refused("yaml_duplicate_key", event, shown(key))
            values[key] = self._value(self._next(), depth + 1)
        return values
