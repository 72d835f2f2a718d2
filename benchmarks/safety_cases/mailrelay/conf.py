import dataclasses
import os


@dataclasses.dataclass(frozen=True)
class Settings:
    sender: str
    delay: float
    footer: str

    @classmethod
    def from_env(cls):
        return cls(os.environ.get("RELAY_SENDER", "noreply@example.org"), float(os.environ.get("RELAY_DELAY", "0.006")),
                   os.environ.get("RELAY_FOOTER", "--"))
