ROUTES = {}


class BadEvent(ValueError):
    pass


def handles(topic, required=()):
    def decorate(function):
        def handler(event):
            missing = [key for key in required if key not in event]
            if missing:
                raise BadEvent(f"{topic}: {missing}")
            return {"topic": topic, "id": event["id"], "body": function(event)}
        ROUTES[topic] = handler
        return handler
    return decorate
