"""What an archive says of itself: the last member, because hashes are known when all has been written."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

FORMAT = "prism_backup.v1"
NAME = "manifest.json"
MAX_BYTES = 256 << 20  # some million members
Vendor = Literal["sqlite", "postgresql"]


class Member(BaseModel):
    """One file of the archive; `sha256` in lower-case hex."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class BackupManifest(BaseModel):
    """`migrations` are (application, name) as they were applied; `tables` those of `database/*.copy`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str
    taken_at: AwareDatetime
    version: str
    vendor: Vendor
    server: str
    final_until: AwareDatetime | None
    migrations: list[tuple[str, str]]
    tables: dict[str, list[str]]  # the columns of each, in the order of their values
    members: list[Member]
