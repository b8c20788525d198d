"""Source that speaks to its reviewer. Pure, deterministic, and no proof: it makes a person look.

Words are compared, not characters: case, accents, look-alike letters, punctuation, comment signs and line
breaks do not hide a sentence. Other languages, ciphers and innuendo do; against those stand the delimiters,
and that a model's allow takes nothing away from what other reviews found.
"""

import bisect
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

_LOOK_ALIKES = str.maketrans("авеіјкмопрстухѕԁɡαεικνορτυ", "abeijkmonpctyxsdgaeikvoptu")
_MUTE = {"Mn", "Me", "Cf"}  # accents and invisible formatting
_WORD = re.compile(r"[^\W_]+")

# Wide enough for the usual phrases, narrow enough for honest comments on models, tasks and rejected tokens.
_TOLD = r"(?:instructions?|prompts?|rules|guidelines|directions|orders)"
_READER = r"(?:ai|llm|gpt|chatgpt|claude|gemini|assistant|language model|reviewers?|auditors?)"
_CODE = r"(?:code|submission|bundle|script|program)"
_SENTENCES = [
    rf"(?:ignore|disregard|forget|override|bypass) (?:\w+ ){{0,3}}"
    rf"(?:previous|prior|above|earlier|preceding|system|your|all) (?:\w+ ){{0,2}}{_TOLD}",
    r"new (?:system )?instructions? (?:for|follow)",
    rf"(?:dear|attention|hello|hey|(?:notes?|messages?|instructions?) (?:to|for)) (?:\w+ ){{0,2}}{_READER}",
    rf"you are (?:now )?(?:an? |the )?(?:\w+ )?{_READER}",
    rf"as an? (?:\w+ )?(?:ai|llm|language model|{_CODE} reviewer)",
    r"(?:the|any|this) (?:ai|llm|automated|code) (?:reviewer|auditor|judge) (?:should|must|will|can|may|is)",
    r"submit (?:verdict|mermaid)",
    r"verdict (?:\w+ ){0,2}allow",
    r"(?:answer|reply|respond|output|say) (?:\w+ ){0,3}(?:allow|approved?) (?:\w+ ){0,3}confidence",
    rf"(?:this|the|following) {_CODE} (?:is|was|has been) (?:\w+ )?"
    r"(?:safe|approved|reviewed|audited|benign|trusted)",
    rf"do not (?:report|flag|reject|quote) (?:this|the|my|any) (?:{_CODE}|file|finding|line)",
    r"system prompt",
    r"(?:im start|start header id|inst sys|role) (?:system|assistant)",
]
_INJECTION = re.compile(rf"\b(?:{'|'.join(_SENTENCES)})\b")


def injections(sources: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, int]]:
    """The first place of each file where it speaks to its reviewer: name and line (0 for the name itself)."""
    for name, lines in sources.items():
        if (line := first_injection([name, *lines])) is not None:
            yield name, line


def first_injection(lines: Sequence[str]) -> int | None:
    """The index of the first line at which such a sentence begins."""
    words, begins, numbers, length = list[str](), list[int](), list[int](), 0
    for number, line in enumerate(lines):
        for word in _WORD.findall(plain(line)):
            words.append(word)
            begins.append(length)
            numbers.append(number)
            length += len(word) + 1
    found = _INJECTION.search(" ".join(words))
    return numbers[bisect.bisect_right(begins, found.start()) - 1] if found else None


def plain(text: str) -> str:
    """Lower case, without accents or invisible characters, look-alikes read as what they imitate."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in letters if unicodedata.category(c) not in _MUTE).translate(_LOOK_ALIKES)
