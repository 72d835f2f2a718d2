"""An audit trail: one block per session."""

LOG = "audit.log"


def note(lines: list[str]) -> None:
    block = "".join(line + "\n" for line in lines)
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(block)


def work(session: dict) -> int:
    lines = [f"session {session['user']}"]
    lines.extend(f"  {action}" for action in session["actions"])
    lines.append("end")
    note(lines)
    return len(session["actions"])
