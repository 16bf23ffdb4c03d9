"""Turns: the key by which a unit chooses among the tasks that wait for it."""

from __future__ import annotations

from hyperdrive_sim.schedule.tasks import Task

Key = tuple[int, int, int, int]
"""Turn of a waiting task: its priority, its frame, when it became ready (ps), and its position in the schedule, compared in this order.

A unit takes the lowest key; what has begun is not interrupted. The frame comes before the ready time, so that the traffic of later frames
does not hold up an older one; within a frame it is first come, first served. Positions differ, so no two keys are equal. A plain tuple:
one is made for every task, and as a named one it costs the whole simulation a tenth.
"""


def key(task: Task, ready_ps: int, position: int) -> Key:
    """Key of a task that stands at *position* of the schedule and becomes ready at *ready_ps*."""
    return task.priority, task.frame, ready_ps, position
