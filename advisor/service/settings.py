"""What an operator may choose; the command line and the environment both end here."""

from __future__ import annotations

import logging
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from advisor.errors import UsageError
from advisor.journal import DISABLED, KEEP_DAYS, open_journal

log = logging.getLogger("advisor.service")

IN_MEMORY = "memory://"
SHORTEST_TOKEN = 16  # characters: a shorter one can be guessed
_FROM_ENVIRONMENT = {
    "rate_limit": "ADVISOR_RATE_LIMIT",
    "rate_storage": "ADVISOR_RATE_STORAGE",
    "proxies": "ADVISOR_PROXIES",
    "batch_seconds": "ADVISOR_BATCH_SECONDS",
    "journal": "ADVISOR_JOURNAL",
    "journal_descriptions": "ADVISOR_JOURNAL_DESCRIPTIONS",
    "journal_days": "ADVISOR_JOURNAL_DAYS",
}


class Settings(BaseModel):
    """Of one application; the defaults are for one's own machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: tuple[SecretStr, ...] = Field((), description="one of them is needed for every call; none: open to all")
    rate_limit: str | None = Field(None, description="for each client address, such as '600/minute'; None: no limit")
    rate_storage: str = Field(IN_MEMORY, description="where requests are counted; memory is each worker's own")
    proxies: int = Field(0, ge=0, le=9, description="in front of the service, each adding to X-Forwarded-For")
    batch_seconds: float = Field(30.0, gt=0, le=3600, description="that a batch may take")

    journal: SecretStr = Field(SecretStr(DISABLED), description="its address, in which there may be a password")
    journal_descriptions: bool = Field(False, description="keep questions in words, too")
    journal_days: float = Field(KEEP_DAYS, gt=0, le=1e6, description="that advice is kept since it was last asked for")

    @field_validator("rate_storage")
    @classmethod
    def _can_be_counted_in(cls, rate_storage: str) -> str:
        """Told before the server starts, and without the address, in which there may be a password."""
        if rate_storage == IN_MEMORY:
            return rate_storage
        from limits.storage import Storage, storage_from_string

        try:
            known = isinstance(storage_from_string(rate_storage), Storage)
        except Exception:  # noqa: BLE001  (each kind of storage has its own, some of which quote the address)
            known = False
        if not known:
            raise ValueError("this is no storage, or its package is missing: redis://localhost:6379 needs redis")
        return rate_storage

    @field_validator("journal")
    @classmethod
    def _is_an_address(cls, journal: SecretStr) -> SecretStr:
        """Told before the server starts; nothing is opened yet."""
        if journal.get_secret_value() != DISABLED:
            open_journal(journal.get_secret_value()).close()
        return journal

    @field_validator("tokens")
    @classmethod
    def _long_enough(cls, tokens: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(token.get_secret_value()) < SHORTEST_TOKEN for token in tokens):
            raise ValueError(f"a token has at least {SHORTEST_TOKEN} characters")
        return tokens

    @field_validator("rate_limit")
    @classmethod
    def _can_be_read(cls, rate_limit: str | None) -> str | None:
        if rate_limit is None:
            return None
        from limits import parse_many

        parse_many(rate_limit)  # raises ValueError
        return rate_limit


def settings(environment: Mapping[str, str] = os.environ, *, token_file: str | None = None, **given: Any) -> Settings:
    """What is given, else what the environment says, else the defaults; raises UsageError for what makes no sense."""
    said = {name: environment[variable] for name, variable in _FROM_ENVIRONMENT.items() if environment.get(variable)}
    said |= {name: value for name, value in given.items() if value is not None}
    try:
        return Settings.model_validate({"tokens": _tokens(environment, token_file), **said})
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]  # a token must not get into a message
        raise UsageError(f"{fault['loc'][0]}: {fault['msg'].removeprefix('Value error, ')}") from None


def _tokens(environment: Mapping[str, str], token_file: str | None) -> list[str]:
    """One a line, so that an old one and its successor can be good at the same time."""
    if token_file == "":  # as of a variable that is not set, which is not to open the service to all
        raise UsageError("--token-file names no file: its value is empty")
    path = token_file or environment.get("ADVISOR_TOKEN_FILE")
    if not path:
        return [token] if (token := environment.get("ADVISOR_TOKEN", "").strip()) else []
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
        writable = sys.platform != "win32" and Path(path).stat().st_mode & stat.S_IWOTH
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the token file {path}: {getattr(error, 'strerror', 'not UTF-8')}") from None
    tokens = [token for line in lines if (token := line.strip())]
    if not tokens:
        raise UsageError(f"the token file {path} holds no token")
    if writable:
        log.warning("whoever is on this host may add a token: %s is writable by all", path)
    return tokens
