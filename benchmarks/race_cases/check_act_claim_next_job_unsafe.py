"""Workers claim the first job that is new."""

jobs = [
    {"name": "thumbnails", "state": "done", "worker": "w0"},
    {"name": "backup", "state": "new", "worker": None},
    {"name": "mailing", "state": "new", "worker": None},
]


def next_new() -> dict | None:
    return next((job for job in jobs if job["state"] == "new"), None)


def work(worker: str) -> str | None:
    job = next_new()
    if job is None:
        return None
    job["state"] = "running"
    job["worker"] = worker
    return job["name"]
