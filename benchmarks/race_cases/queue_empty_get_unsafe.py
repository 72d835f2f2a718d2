"""Workers that take a job if there is one."""

import queue

jobs: queue.Queue[str] = queue.Queue()
jobs.put("resize photo.jpg")


def work(worker: str) -> str:
    if jobs.empty():
        return f"{worker}: idle"
    job = jobs.get()
    jobs.task_done()
    return f"{worker}: {job}"
