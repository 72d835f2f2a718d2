"""Single-use tokens, made one after the other by a generator."""
import hashlib


def generate(seed):
    state = seed
    while True:
        for _ in range(60):
            state = hashlib.sha256(state).digest()
        total = sum(k * state[k % 32] for k in range(5000))
        yield f"{state[:6].hex()}-{total % 97}"


TOKENS = generate(b"2024")


def assign(user):
    return user, next(TOKENS)


def make_inputs():
    return [f"user{n}" for n in range(800)]
