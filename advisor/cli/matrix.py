"""`advise matrix`: show the data behind the advice."""

from __future__ import annotations

import click

from advisor.cli.options import json_option
from advisor.cli.output import print_document, print_text
from advisor.errors import UsageError


@click.command()
@click.argument("words", nargs=-1)
@json_option
def matrix(words: tuple[str, ...], as_json: bool) -> None:
    """Show the decision matrix, rules, pitfalls, obstacles and lexicon.

    With WORDS, such as `pillow` or `sqlite3`, show only their entries in the lexicon.
    """
    from advisor.decide import matrix_document

    query = " ".join(words)
    tables = matrix_document.as_json(query)
    if query and not tables["lexicon"]:
        raise UsageError(f"the lexicon has no entry for {query!r}")
    if as_json:
        import json

        return print_document(json.dumps(tables, indent=2, ensure_ascii=False))
    from advisor.report.matrix import as_text

    return print_text(lambda screen: as_text(tables, screen))
