_HANDLERS = {}


def on(kind):
    def register(function):
        _HANDLERS.setdefault(kind, []).append(function)
        return function
    return register


def dispatch(message, context):
    for handler in _HANDLERS[message["kind"]]:
        handler(message, context)
    return context
