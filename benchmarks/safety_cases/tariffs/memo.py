_RESULTS = {}


def remember(key, compute):
    if key not in _RESULTS:
        _RESULTS[key] = compute(*key)
    return _RESULTS[key]
