"""Turn results into what a checkpoint stores, and back, without executing code from files that others wrote.

Plain data become JSON. Other results are pickled, and loading a pickle can execute code; so each is authenticated with
a secret key of the user, and nothing is unpickled whose authentication code is wrong.
"""

from __future__ import annotations

import contextlib
import functools
import hmac
import json
import os
import pickle
import secrets
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from advisor.errors import UsageError

_KEY_SIZE = 32
_CODE_SIZE = 16
_NEW_KEY = "delete it: a new one is made, and results stored with this one cannot be loaded any more"
_SCALARS = frozenset({type(None), bool, int, float, str})
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class StoredResult(NamedTuple):
    """A result as JSON, without a code, or as a pickle with its authentication code."""

    content: str | bytes
    code: bytes | None = None


def encode(result: Any, context: bytes) -> StoredResult:
    """Encode a result; `context` tells whose it is, and has to be the same when it is decoded.

    Raises:
        UsageError: It cannot be pickled, or the user's key cannot be stored.
    """
    with contextlib.suppress(ValueError, RecursionError):  # lone surrogates, numbers of 5,000 digits, cycles
        if _is_plain(result):
            text = _to_json(result)
            if text.isascii() or text.encode():
                return StoredResult(text)
    content = _pickled(result)
    return StoredResult(content, _authentication_code(content, context))


def decode(stored: StoredResult, context: bytes) -> Any:
    """Decode a result.

    Raises:
        UsageError: Somebody else wrote it, it was changed, or its class cannot be imported any more.
    """
    content, code = stored
    try:
        if isinstance(content, str):
            return json.loads(content)
        if not hmac.compare_digest(code or b"", _authentication_code(content, context)):
            raise UsageError(
                "it was written by another user or on another machine, or was changed since. Loading it could execute "
                "code, so advisor does not"
            )
        return pickle.loads(content)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"it cannot be loaded any more ({type(error).__name__}: {error})") from error


def _is_plain(value: Any) -> bool:
    """Return True if the value is equal to itself after a round trip through JSON."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind is dict:
        return all(type(key) is str for key in value) and _is_plain(list(value.values()))
    return kind is list and (_SCALARS.issuperset(map(type, value)) or all(map(_is_plain, value)))


def _pickled(result: Any) -> bytes:
    try:
        return pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001  (the object's own code may raise anything)
        import cloudpickle

        try:
            return bytes(cloudpickle.dumps(result))
        except Exception as error:
            raise UsageError(
                f"a result of type {type(result).__qualname__} cannot be stored in a checkpoint, since it cannot be "
                f"pickled ({error}). Return plain data or an object that can be pickled, or run without a checkpoint"
            ) from error


def _authentication_code(content: bytes, context: bytes) -> bytes:
    state = blake2b(key=user_key(), digest_size=_CODE_SIZE, person=b"checkpoint")  # keyed, it serves as an HMAC
    state.update(b"%d:" % len(context) + context)
    state.update(content)
    return state.digest()


@functools.cache
def user_key() -> bytes:
    """Return the secret key of this user, created when it is first needed."""
    import platformdirs

    path = platformdirs.user_data_path("advisor") / "checkpoint.key"
    try:
        if not path.exists():
            _create_key(path)
        key = path.read_bytes()
        mode = path.stat().st_mode
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
        raise UsageError(
            f"results that are not plain data are stored with a secret key in {path}, which is not accessible: "
            f"{getattr(error, 'strerror', None) or error}. Make the folder writable, or let the function return plain "
            "data (dict, list, str, numbers)"
        ) from error
    if len(key) != _KEY_SIZE:
        raise UsageError(f"the secret key {path} is damaged. Restore a copy of it, or {_NEW_KEY}")
    if os.name == "posix" and mode & 0o077:
        raise UsageError(
            f"other users can read the secret key {path}. If nobody has read it, run chmod 600 on it; otherwise "
            f"{_NEW_KEY}"
        )
    return key


def _create_key(path: Path) -> None:
    """Create the key, readable by the user alone; of two processes that do so at once, the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".checkpoint")  # has mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_KEY_SIZE))
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink()
