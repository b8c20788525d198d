"""Why a backup was not taken, or not put back: one line per reason, each with its stable code."""


class BackupRefused(Exception):
    """Nothing was changed."""

    code = "backup_refused"


class TargetExists(BackupRefused):
    code = "backup_exists"


class SourceChanged(BackupRefused):
    code = "backup_source_changed"


class ArchiveUnreadable(BackupRefused):
    code = "backup_unreadable"


class ArchiveDamaged(BackupRefused):
    code = "backup_damaged"


class FormatUnknown(BackupRefused):
    code = "backup_format_unknown"


class OtherDatabase(BackupRefused):
    code = "backup_other_database"


class TooNew(BackupRefused):
    code = "backup_too_new"


class NotEmpty(BackupRefused):
    code = "installation_not_empty"


class GoesBackward(BackupRefused):
    code = "backup_goes_backward"


class DatabaseBusy(BackupRefused):
    code = "database_busy"
