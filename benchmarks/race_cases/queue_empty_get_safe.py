"""Workers that take a job if there is one."""

import queue

jobs: queue.Queue[str] = queue.Queue()
jobs.put("resize photo.jpg")


def work(worker: str) -> str:
    try:
        job = jobs.get_nowait()
    except queue.Empty:
        return f"{worker}: idle"
    jobs.task_done()
    return f"{worker}: {job}"
