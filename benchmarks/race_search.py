"""Search for a race as `advise races --json` does: python -m benchmarks.race_search TARGET INPUTS SECONDS [SEED]."""

from __future__ import annotations

import sys

from advisor.errors import AdvisorError
from advisor.interleaving.question import RaceQuestion
from advisor.interleaving.search import find_races


def main() -> None:
    """Print the report of a search, or of one replayed interleaving."""
    target, inputs, seconds, *seed = sys.argv[1:]
    question = RaceQuestion(target, inputs, seconds=float(seconds), replay=int(seed[0]) if seed else None)
    try:
        print(find_races(question).model_dump_json())
    except AdvisorError as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
