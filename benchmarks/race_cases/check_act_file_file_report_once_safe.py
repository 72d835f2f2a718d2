"""Monthly reports: the first author to file wins."""

from pathlib import Path


def render(month: str, author: str) -> str:
    return f"# Report {month}\n\nFiled by {author}.\n"


def work(order: list[str]) -> str:
    month, author = order
    target = Path(f"report-{month}.md")
    try:
        with target.open("x") as file:
            file.write(render(month, author))
    except FileExistsError:
        return "kept"
    return "written"
