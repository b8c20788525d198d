"""What the checks of one file write down: a rule, where, and on what."""

from dataclasses import dataclass, field

MAX_PER_FILE = 40
MAX_DETAIL_CHARS = 80


@dataclass(slots=True)
class Notes:
    """The findings of one file; each rule once per line, so many lines cannot hide a worse one."""

    seen: dict[tuple[str, int], str] = field(default_factory=dict)

    def add(self, rule_id: str, line: int, detail: str = "") -> None:
        """Note that a rule is broken at a line (1-based); the first detail stays."""
        self.seen.setdefault((rule_id, line), detail[:MAX_DETAIL_CHARS])

    def counted(self) -> list[tuple[str, int, str]]:
        """(rule, line, detail), at most a few per rule, in the order of lines."""
        kept: list[tuple[str, int, str]] = []
        counts: dict[str, int] = {}
        for (rule_id, line), detail in sorted(self.seen.items(), key=lambda item: item[0][1]):
            counts[rule_id] = counts.get(rule_id, 0) + 1
            if counts[rule_id] <= MAX_PER_FILE // 4:
                kept.append((rule_id, line, detail))
        return kept
