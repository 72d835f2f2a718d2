"""The operator's settings, from the command line and the environment."""

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
MIN_TOKEN_LENGTH = 16  # characters: a shorter token can be guessed
_ENVIRONMENT = {
    "rate_limit": "ADVISOR_RATE_LIMIT",
    "rate_storage": "ADVISOR_RATE_STORAGE",
    "proxies": "ADVISOR_PROXIES",
    "batch_seconds": "ADVISOR_BATCH_SECONDS",
    "journal": "ADVISOR_JOURNAL",
    "journal_descriptions": "ADVISOR_JOURNAL_DESCRIPTIONS",
    "journal_days": "ADVISOR_JOURNAL_DAYS",
}


class Settings(BaseModel):
    """Settings of one application; the defaults suit a developer's own machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: tuple[SecretStr, ...] = Field((), description="accepted tokens; empty disables authentication")
    rate_limit: str | None = Field(None, description="for each client address, such as '600/minute'; None: no limit")
    rate_storage: str = Field(
        IN_MEMORY, description="where requests are counted; in memory, each worker counts its own"
    )
    proxies: int = Field(0, ge=0, le=9, description="reverse proxies in front, each adding to X-Forwarded-For")
    batch_seconds: float = Field(30.0, gt=0, le=3600, description="time limit of a batch")

    journal: SecretStr = Field(SecretStr(DISABLED), description="address of the journal, which may contain a password")
    journal_descriptions: bool = Field(False, description="also keep questions in words")
    journal_days: float = Field(KEEP_DAYS, gt=0, le=1e6, description="advice is kept this long after its last request")

    @field_validator("rate_storage")
    @classmethod
    def _check_storage(cls, rate_storage: str) -> str:
        """Refuse an unknown storage before the server starts, without its address, which may hold a password."""
        if rate_storage == IN_MEMORY:
            return rate_storage
        from limits.storage import Storage, storage_from_string  # slow to import, and rarely needed

        try:
            known = isinstance(storage_from_string(rate_storage), Storage)
        except Exception:  # noqa: BLE001  (each kind of storage has its own errors, some of which quote the address)
            known = False
        if not known:
            raise ValueError(
                "not a storage address, or its package is missing (redis://localhost:6379 needs the package redis)"
            )
        return rate_storage

    @field_validator("journal")
    @classmethod
    def _check_journal(cls, journal: SecretStr) -> SecretStr:
        """Refuse a wrong address before the server starts; this opens no connection."""
        if journal.get_secret_value() != DISABLED:
            open_journal(journal.get_secret_value()).close()
        return journal

    @field_validator("tokens")
    @classmethod
    def _check_length(cls, tokens: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(token.get_secret_value()) < MIN_TOKEN_LENGTH for token in tokens):
            raise ValueError(f"a token has at least {MIN_TOKEN_LENGTH} characters")
        return tokens

    @field_validator("rate_limit")
    @classmethod
    def _check_rate(cls, rate_limit: str | None) -> str | None:
        if rate_limit is not None:
            from limits import parse_many  # slow to import, and rarely needed

            parse_many(rate_limit)  # raises ValueError
        return rate_limit


def settings(environment: Mapping[str, str] = os.environ, *, token_file: str | None = None, **options: Any) -> Settings:
    """Return the settings: options first, then the environment, then the defaults.

    Args:
        environment: Variables such as ``ADVISOR_RATE_LIMIT``.
        token_file: File with a token on each line; ``ADVISOR_TOKEN_FILE`` and ``ADVISOR_TOKEN`` by default.
        **options: Fields of Settings; None stands for an option that was not given.

    Raises:
        UsageError: A setting makes no sense; the message names it.
    """
    values = {name: environment[variable] for name, variable in _ENVIRONMENT.items() if environment.get(variable)}
    values |= {name: value for name, value in options.items() if value is not None}
    try:
        return Settings.model_validate({"tokens": _read_tokens(environment, token_file), **values})
    except ValidationError as error:
        details = error.errors(include_input=False)[0]  # without the input: no message may quote a token
        raise UsageError(f"{details['loc'][0]}: {details['msg'].removeprefix('Value error, ')}") from None


def _read_tokens(environment: Mapping[str, str], token_file: str | None) -> list[str]:
    """Read one token from each line, so that an old one and its successor can be valid at the same time."""
    if token_file == "":  # from an unset shell variable, which must not disable authentication
        raise UsageError("--token-file is empty: give the path of a file")
    path = token_file or environment.get("ADVISOR_TOKEN_FILE")
    if not path:
        return [token] if (token := environment.get("ADVISOR_TOKEN", "").strip()) else []
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
        world_writable = sys.platform != "win32" and Path(path).stat().st_mode & stat.S_IWOTH
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the token file {path}: {getattr(error, 'strerror', 'not UTF-8')}") from None
    tokens = [token for line in lines if (token := line.strip())]
    if not tokens:
        raise UsageError(f"the token file {path} holds no token")
    if world_writable:
        log.warning("any user of this host can add a token: %s is writable by all", path)
    return tokens
