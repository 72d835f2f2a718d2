"""Translated page titles, cached until the next deployment."""

TITLES = {"de": "Willkommen", "fr": "Bienvenue", "en": "Welcome"}

cache: dict[str, str] = {"de": "Willkommen"}


def describe(language: str) -> str:
    return f"[{language.upper()}]"


def work(command: list[str]) -> str:
    action, language = command
    if action == "flush":
        cache.clear()
        return "flushed"
    if language in cache:
        tag = describe(language)
        return f"{tag} {cache[language]}"
    return f"{describe(language)} {TITLES[language]}"
