"""From a plan to locked shards: resumable at every checkpoint, killable at every moment."""

from pathlib import Path

from evaluations.datasets.build import Build, Progress, Report
from evaluations.datasets.errors import DataMissing, PlanDiffers, SourceEmpty
from evaluations.datasets.folder_lock import folder_lock
from evaluations.datasets.folders import (
    Folders,
    discard,
    folders_of,
    has_manifests,
    remove_unrecorded,
    strangers,
)
from evaluations.datasets.journal import Journal, load_journal, now
from evaluations.datasets.manifest import DataManifest, SplitRecord, write_manifest
from evaluations.datasets.plan import DataPlan
from evaluations.datasets.shards import check_shard, verify
from evaluations.datasets.split import HELD_OUT, SPLITS, Split


def _silent(_: Progress) -> None:
    """Nobody watches."""


def prepare(
    plan: DataPlan, data_dir: Path, val_data_dir: Path, *, force: bool = False, report: Report = _silent
) -> DataManifest:
    """Build train shards under `data_dir`, val and test shards under `val_data_dir`.

    A killed call is taken up where its last checkpoint was; a finished one is verified and returned.
    Raises PlanDiffers when the folders hold anything else (unless `force`, which discards it), DataBusy,
    ShardChanged, and the errors of the source.
    """
    folders = folders_of(data_dir, val_data_dir)
    with folder_lock(data_dir):
        if force:
            discard(folders)
        journal = _take_up(plan, folders)
        if journal.finished_at is None or not has_manifests(folders):
            Build(plan, folders, journal, report).run()
            _finish(plan, folders, journal)
        verify(val_data_dir)
        return verify(data_dir)


def prepared(data_dir: Path, val_data_dir: Path) -> DataManifest | None:
    """The verified manifest of finished data, whatever its plan; None if there is none.

    Raises ShardChanged.
    """
    try:
        verify(val_data_dir)
        return verify(data_dir)
    except DataMissing:
        return None


def _take_up(plan: DataPlan, folders: Folders) -> Journal:
    """The journal to go on with: the one of the same plan, or a new one in empty folders."""
    journal = load_journal(folders["val"])
    if journal is None:
        return _start(plan, folders)
    if journal.arguments != plan.arguments():
        if journal.generation == 0:  # nothing was kept of that attempt: its source may never have answered
            discard(folders)
            return _start(plan, folders)
        raise PlanDiffers(f"{folders['train']}: {_difference(journal, plan)}; use --force to start over")
    for split in SPLITS:
        remove_unrecorded(folders[split], split, journal.shards[split])
        for record in journal.shards[split]:
            check_shard(folders[split], record)
    return journal


def _start(plan: DataPlan, folders: Folders) -> Journal:
    if found := strangers(folders):
        raise PlanDiffers(f"{found[0]}: not known to be prepared here; use --force to replace it")
    journal = Journal(plan.arguments())
    journal.save(folders["val"])
    return journal


def _difference(journal: Journal, plan: DataPlan) -> str:
    wanted = plan.arguments()
    names = sorted(name for name in wanted if journal.arguments.get(name) != wanted[name])
    changes = (f"{name} was {journal.arguments.get(name)}, now {wanted[name]}" for name in names)
    return "prepared with other arguments: " + ", ".join(changes)


def _finish(plan: DataPlan, folders: Folders, journal: Journal) -> None:
    """Write both manifests, that of train last: it is the sign that all is there."""
    if not journal.shards["train"]:
        raise SourceEmpty(f"{plan.dataset}: no document for train among {journal.documents}")
    _write_manifest(plan, folders["val"], journal, HELD_OUT)
    _write_manifest(plan, folders["train"], journal, ("train",))
    journal.finished_at = now()
    journal.save(folders["val"])


def _write_manifest(plan: DataPlan, folder: Path, journal: Journal, splits: tuple[Split, ...]) -> None:
    write_manifest(
        folder,
        source=plan.source,
        dataset=plan.dataset,
        subset=plan.subset,
        revision=plan.revision,
        splits={split: SplitRecord(tuple(journal.shards[split])) for split in splits},
    )
