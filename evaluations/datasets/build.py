"""The loop that turns documents into generations of shards, each ended by a checkpoint."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evaluations.datasets.documents import Document
from evaluations.datasets.folders import Folders
from evaluations.datasets.generation import Generation
from evaluations.datasets.journal import Journal
from evaluations.datasets.plan import DataPlan


@dataclass(frozen=True)
class Progress:
    """Totals so far, earlier attempts included."""

    documents: int
    text_bytes: int
    generations: int


Report = Callable[[Progress], None]


class Build:
    """Goes on where the journal stands until the source ends or a limit of the plan is reached."""

    def __init__(self, plan: DataPlan, folders: Folders, journal: Journal, report: Report) -> None:
        self._plan = plan
        self._folders = folders
        self._journal = journal
        self._report = report

    def run(self) -> None:
        if self._journal.exhausted:
            return
        self._source = self._plan.open(self._journal.source_state)
        self._documents = self._within_limits()
        while not self._journal.exhausted:
            self._write_generation()

    def _within_limits(self) -> Iterator[Document]:
        """The source's documents up to the plan's limits, counted over all attempts."""
        documents, text_bytes = self._journal.documents, self._journal.text_bytes
        for document in self._source:
            documents += 1
            text_bytes += len(document.data)
            if _over(documents, self._plan.limit_documents) or _over(text_bytes, self._plan.limit_bytes):
                return
            yield document

    def _write_generation(self) -> None:
        """One checkpoint: fill a shard per split, make them durable, then say so in the journal."""
        generation = Generation(self._journal.generation, self._folders, self._plan.shares)
        try:
            exhausted = not self._fill(generation)
            records = generation.close()
        except BaseException:
            generation.abandon()
            raise
        self._journal.exhausted = exhausted
        if records:
            self._journal.note(generation, records, self._source.state())
        self._journal.save(self._folders["val"])

    def _fill(self, generation: Generation) -> bool:
        """Add documents until the generation is full; False when they ended first."""
        for document in self._documents:
            generation.add(document)
            self._report(self._progress(generation))
            if generation.text_bytes >= self._plan.shard_bytes:
                return True
        return False

    def _progress(self, generation: Generation) -> Progress:
        journal = self._journal
        return Progress(
            documents=journal.documents + generation.documents,
            text_bytes=journal.text_bytes + generation.text_bytes,
            generations=journal.generation,
        )


def _over(value: int, limit: int | None) -> bool:
    return limit is not None and value > limit
