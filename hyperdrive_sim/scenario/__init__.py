"""Scenarios: one experiment as a file, and what it names: pictures, weights, published figures; those that come along."""
