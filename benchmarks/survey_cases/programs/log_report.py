"""Summarise compressed access logs: busiest pages, status codes, slowest pages."""

import argparse
import gzip
import re
from collections import Counter, defaultdict
from pathlib import Path

LINE = re.compile(
    r'(?P<host>\S+) \S+ \S+ \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>\S+) [^"]*" '
    r"(?P<status>\d{3}) (?P<size>\d+|-) (?P<ms>\d+)"
)
ASSET = re.compile(r"\.(?:css|js|png|ico|woff2?)$")


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--top", type=int, default=10)
    arguments = parser.parse_args()

    pages = Counter()
    statuses = Counter()
    hosts = set()
    latencies = defaultdict(list)
    broken = 0
    for log in sorted(arguments.folder.glob("*.log.gz")):
        with gzip.open(log, "rt", encoding="utf-8") as lines:
            for line in lines:
                match = LINE.match(line)
                if match is None:
                    broken += 1
                    continue
                page = match["path"].split("?")[0].rstrip("/").lower() or "/"
                if ASSET.search(page):
                    continue
                pages[page] += 1
                statuses[match["status"]] += 1
                hosts.add(match["host"])
                latencies[page].append(int(match["ms"]))

    print(f"{sum(pages.values())} requests from {len(hosts)} hosts, {broken} lines not understood")
    for page, count in sorted(pages.items(), key=lambda item: (-item[1], item[0]))[: arguments.top]:
        print(f"{count:8}  {page}")
    for status, count in sorted(statuses.items()):
        print(f"{status}: {count}")
    slowest = sorted(latencies, key=lambda page: (-percentile(latencies[page], 0.95), page))
    for page in slowest[: arguments.top]:
        print(f"{percentile(latencies[page], 0.95):6} ms  {page}")


if __name__ == "__main__":
    main()
