"""Scenario in, result out: run, check, sweep, validate, and what this machine has room for."""
