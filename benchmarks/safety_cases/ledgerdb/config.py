import dataclasses
import os
import tempfile


@dataclasses.dataclass
class DatabaseConfig:
    folder: str = dataclasses.field(default_factory=lambda: tempfile.mkdtemp(prefix="ledgerdb-"))
    check_same_thread: bool = False
    page: int = 10

    @property
    def path(self):
        return os.path.join(self.folder, "ledger.db")


CONFIG = DatabaseConfig()
