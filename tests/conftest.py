"""Property tests are not timed: on a busy machine, slow is no fault."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
