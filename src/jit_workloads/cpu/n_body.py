"""Planets under gravity: float arithmetic on attributes of objects."""

from __future__ import annotations

from math import sqrt

__all__ = ["n_body"]

STEP = 0.01


class _Body:
    __slots__ = ("mass", "vx", "vy", "vz", "x", "y", "z")

    def __init__(self, mass: float, place: tuple[float, float, float], speed: tuple[float, float, float]) -> None:
        self.mass = mass
        self.x, self.y, self.z = place
        self.vx, self.vy, self.vz = speed


def _system() -> list[_Body]:
    return [
        _Body(1000.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        _Body(1.0, (10.0, 0.0, 0.0), (0.0, 10.0, 0.0)),
        _Body(0.5, (0.0, 20.0, 1.0), (-7.0, 0.0, 0.1)),
        _Body(0.2, (-30.0, 0.0, 2.0), (0.0, -5.75, 0.2)),
        _Body(0.1, (0.0, -40.0, -3.0), (5.0, 0.0, -0.1)),
    ]


def _attract(one: _Body, other: _Body) -> None:
    dx = other.x - one.x
    dy = other.y - one.y
    dz = other.z - one.z
    squared = dx * dx + dy * dy + dz * dz
    pull = STEP / (squared * sqrt(squared))
    one.vx += dx * other.mass * pull
    one.vy += dy * other.mass * pull
    one.vz += dz * other.mass * pull
    other.vx -= dx * one.mass * pull
    other.vy -= dy * one.mass * pull
    other.vz -= dz * one.mass * pull


def _energy(bodies: list[_Body]) -> float:
    energy = 0.0
    for index, one in enumerate(bodies):
        energy += 0.5 * one.mass * (one.vx * one.vx + one.vy * one.vy + one.vz * one.vz)
        for other in bodies[index + 1 :]:
            dx, dy, dz = other.x - one.x, other.y - one.y, other.z - one.z
            energy -= one.mass * other.mass / sqrt(dx * dx + dy * dy + dz * dz)
    return energy


def n_body(steps: int = 100_000) -> float:
    """The total energy of five bodies after `steps` steps, which hardly changes over time.

    Stresses: float attributes read and written through slots, and a call for each pair of bodies.
    Claim: float arithmetic gains through attributes and calls as well.
    """
    bodies = _system()
    pairs = [(one, other) for index, one in enumerate(bodies) for other in bodies[index + 1 :]]
    for _step in range(steps):
        for one, other in pairs:
            _attract(one, other)
        for body in bodies:
            body.x += STEP * body.vx
            body.y += STEP * body.vy
            body.z += STEP * body.vz
    return _energy(bodies)
