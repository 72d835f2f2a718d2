"""An audit trail: one block per session."""

LOG = "audit.log"


def note(line: str) -> None:
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(line + "\n")


def work(session: dict) -> int:
    note(f"session {session['user']}")
    for action in session["actions"]:
        note(f"  {action}")
    note("end")
    return len(session["actions"])
