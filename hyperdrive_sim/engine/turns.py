"""Turns: the key by which a unit chooses among the tasks that wait for it."""

from __future__ import annotations

Key = tuple[int, int, int, int]
"""Turn of a waiting task: its priority, its frame, when it became ready (ps), and its position in the schedule, compared in this order.

A unit takes the lowest key; what has begun is not interrupted. The frame comes before the ready time, so that the traffic of later frames
does not hold up an older one; within a frame it is first come, first served. Positions differ, so no two keys are equal.
"""
