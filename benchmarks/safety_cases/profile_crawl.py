import json
import time


def _download(user):
    time.sleep(0.004)
    return json.dumps({"user": user, "followers": user * 7919 % 5003, "posts": [user + k for k in range(30)]})


async def fetch_profile(user):
    profile = json.loads(_download(user))
    return profile["user"], profile["followers"], sum(profile["posts"])


def make_inputs():
    return list(range(1, 151))
