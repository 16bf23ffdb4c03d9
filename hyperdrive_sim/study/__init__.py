"""Scenario in, result out: run, check, sweep."""
