import contextlib
import html
import os

ROOT = os.path.abspath("site")
for _n in range(80):
    os.makedirs(os.path.join(ROOT, f"p{_n:03d}"), exist_ok=True)
    with open(os.path.join(ROOT, f"p{_n:03d}", "page.md"), "w") as _out:
        for _k in range(450):
            _out.write(f"{'#' * (_k % 3)} Line {_k} of project {_n} & <others> *{_n * _k}*\n")


def render(text):
    out = []
    for line in text.splitlines():
        level = len(line) - len(line.lstrip("#"))
        body, strong = "", False
        for char in html.escape(line.lstrip("# ")):
            if char == "*":
                body += "</b>" if strong else "<b>"
                strong = not strong
            else:
                body += char
        out.append(f"<h{level}>{body}</h{level}>" if level else f"<p>{body}</p>")
    return "\n".join(out)


def build(project):
    with contextlib.chdir(project):
        with open("page.md") as source:
            page = render(source.read())
        with open("index.html", "w") as out:
            out.write(page)
    return len(page)


def make_inputs():
    return [os.path.join(ROOT, f"p{n:03d}") for n in range(80)]


def built():
    pages = []
    for name in sorted(os.listdir(ROOT)):
        path = os.path.join(ROOT, name, "index.html")
        pages.append((name, open(path).read()[:400] if os.path.exists(path) else None))
    return pages
