"""The local backend: a run is a detached process of this host, closed in by the runner's own walls alone."""

from evaluations.backends import folders, local
from evaluations.backends.jobs import Ending, JobSpec, Look
from evaluations.backends.results import ending_in

JOB = "JOB.json"


class LocalBackend:
    """`Backend` over `local`; the embedded default."""

    name = local.NAME

    def prepare(self, spec: JobSpec) -> None:
        """The folder is all that a process needs."""

    def launch(self, spec: JobSpec) -> None:
        """Start the referee on the job as it lies in the folder; raises `LaunchFailed`."""
        command = local.referee_command(spec.folder / JOB)
        local.launch(spec.folder, command, limit_seconds=spec.limit_seconds)

    def poll(self, label: str) -> Look:
        """What /proc says of the leader."""
        folder = folders.folder_of(label)
        return Look(local.poll(folder), local.read_handle(folder) or {})

    def collect(self, label: str) -> Ending:
        """The referee wrote into the folder itself."""
        folder = folders.folder_of(label)
        return ending_in(folder, local.exit_code(folder))

    def stop(self, label: str) -> None:
        """End the job's session."""
        local.stop(folders.folder_of(label))

    def clean(self, label: str) -> None:
        """Keep results and logs."""
        folders.clean(label)

    def strays(self) -> list[str]:
        """None: a process is found by its folder or not at all."""
        return []
