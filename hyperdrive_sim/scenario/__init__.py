"""One experiment as a file, and what it names: pictures, weights, published figures, the scenarios that come along."""
