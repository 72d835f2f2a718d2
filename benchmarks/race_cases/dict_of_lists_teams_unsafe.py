"""Members by team."""

teams: dict[str, list[str]] = {"blue": ["Tess"]}


def normalise(team: str) -> str:
    return team.strip().lower()


def work(entry: list[str]) -> None:
    team, member = normalise(entry[0]), entry[1]
    members = teams.get(team)
    if members is None:
        members = []
        teams[team] = members
    members.append(member)
