from __future__ import annotations

import contextlib
from collections.abc import Iterable
from types import CodeType

from advisor.interleaving.accesses import AccessFinder
from advisor.interleaving.sites import CodeKey, CodeSites, Sources, find_sites
from advisor.interleaving.user_code import UserCode


class CodeBook:
    """The sites of code objects, found once for each."""

    def __init__(self, user_code: UserCode, sources: Sources) -> None:
        self.user_code = user_code
        self.sources = sources
        self._books: dict[int, tuple[CodeType, CodeSites | None]] = {}
        self._prepared: dict[CodeKey, tuple[bytes, CodeSites]] = {}
        self.accesses = AccessFinder(user_code)

    def sites(self, code: CodeType) -> CodeSites | None:
        """Return the sites of the user's code, and None for other code."""
        found = self._books.get(id(code))
        if found is None:
            sites = self._find(code) if self.user_code.includes(code.co_filename) else None
            found = self._books[id(code)] = (code, sites)
        return found[1]

    def _find(self, code: CodeType) -> CodeSites:
        prepared = self._prepared.get((code.co_filename, code.co_qualname, code.co_firstlineno))
        if prepared is not None and prepared[0] == code.co_code:
            return prepared[1]
        return find_sites(code, self.sources)

    def prepare(self, files: Iterable[str]) -> None:
        """Find the sites of all code in files now, so that forks need not do it each."""
        for file in files:
            with contextlib.suppress(SyntaxError, ValueError, RecursionError):
                text = "\n".join(self.sources.lines(file)) + "\n"
                self._prepare(compile(text, file, "exec", dont_inherit=True))

    def _prepare(self, code: CodeType) -> None:
        sites = find_sites(code, self.sources)
        self._prepared.setdefault(sites.key, (code.co_code, sites))
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._prepare(constant)
