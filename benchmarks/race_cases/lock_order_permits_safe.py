"""Two tape drives; every job needs both."""

import threading

drives = threading.Semaphore(2)
claiming = threading.Lock()
finished: list[str] = []


def claim_drives() -> None:
    with claiming:
        for _ in range(2):
            drives.acquire()


def release_drives() -> None:
    for _ in range(2):
        drives.release()


def work(job: str) -> str:
    claim_drives()
    try:
        finished.append(job)
    finally:
        release_drives()
    return f"{job} done"
