import math
import random


def terminal(spot, vol, years, steps):
    dt = years / steps
    drift, scale = -0.5 * vol * vol * dt, vol * math.sqrt(dt)
    log = math.log(spot)
    for _ in range(steps):
        log += drift + scale * random.gauss(0, 1)
    return math.exp(log)
