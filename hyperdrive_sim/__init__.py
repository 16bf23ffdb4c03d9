"""Discrete-event, system-level simulator of binary and binary-weight CNN accelerators, executed bit for bit."""

__version__ = "0.1.0"
