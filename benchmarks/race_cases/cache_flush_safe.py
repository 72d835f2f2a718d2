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
    title = cache.get(language)
    tag = describe(language)
    if title is not None:
        return f"{tag} {title}"
    return f"{tag} {TITLES[language]}"
