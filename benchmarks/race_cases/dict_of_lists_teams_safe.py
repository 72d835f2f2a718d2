"""Members by team."""

teams: dict[str, list[str]] = {"blue": ["Tess"]}


def work(entry: list[str]) -> None:
    team, member = entry
    teams.setdefault(team, []).append(member)
