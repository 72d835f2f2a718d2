"""Sign-up form of a newsletter service."""

accounts: list[dict[str, str]] = [{"email": "root@example.org", "plan": "admin"}]


def is_known(email: str) -> bool:
    return any(account["email"] == email for account in accounts)


def work(form: dict[str, str]) -> bool:
    email = form["email"].strip().lower()
    if is_known(email):
        return False
    accounts.append({"email": email, "plan": form["plan"]})
    return True
