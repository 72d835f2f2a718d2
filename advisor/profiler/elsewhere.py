"""Whether a call can be made in a thread that is not the main one, which signals, windows or connections may need."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from advisor.target import Call


def failure(function: Callable[..., Any], calls: Sequence[Call] | None) -> str | None:
    """Why a call fails in another thread, which does not fail in this one; None if it does not.

    One call is made there, nothing else meanwhile, and once more here when it raised.
    """
    call = calls[0] if calls else Call()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            function(*call.args, **call.kwargs)
        except BaseException as error:  # noqa: BLE001  (whatever the user's raises is the finding)
            raised.append(error)

    thread = threading.Thread(target=run, name="advisor-elsewhere", daemon=True)
    thread.start()
    thread.join()
    if not raised:
        return None
    try:
        function(*call.args, **call.kwargs)
    except Exception:  # noqa: BLE001  (it can't be called twice with that input, here or there)
        return None
    text = (str(raised[0]).strip().splitlines() or [""])[0][:300]
    return f"{type(raised[0]).__name__}: {text}" if text else type(raised[0]).__name__
