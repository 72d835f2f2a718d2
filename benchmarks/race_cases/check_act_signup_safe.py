"""Sign-up form of a newsletter service."""

accounts: dict[str, dict[str, str]] = {
    "root@example.org": {"email": "root@example.org", "plan": "admin"},
}


def work(form: dict[str, str]) -> bool:
    email = form["email"].strip().lower()
    claim = {"email": email, "plan": form["plan"]}
    return accounts.setdefault(email, claim) is claim
