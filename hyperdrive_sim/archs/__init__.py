"""One folder per chip; the folder is the registry. Two architectures never import each other.

Folders of chips may also lie elsewhere: those that the environment variable HYPERDRIVE_SIM_ARCHS names are looked through as well.
"""

import os

__path__ += [folder for folder in os.environ.get("HYPERDRIVE_SIM_ARCHS", "").split(os.pathsep) if folder]
