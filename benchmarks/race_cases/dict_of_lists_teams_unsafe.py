"""Members by team."""

teams: dict[str, list[str]] = {"blue": ["Tess"]}


def work(entry: list[str]) -> None:
    team, member = entry
    members = teams.get(team)
    if members is None:
        members = []
        teams[team] = members
    members.append(member)
