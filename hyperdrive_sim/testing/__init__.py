"""The contract that every chip is held to, also one from elsewhere; only this room knows pytest."""
