"""The picture of the README: what the time of each layer goes to, and how far each of 2,450 tiles is used.

python notebooks/pictures/fifty_chips.py [OUT.png]
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure

import hyperdrive_sim as hs

report = hs.run(hs.scenario_folder() / "hyperdrive" / "resnet34_2048x1024.yaml", {"reproduces": None})
figure = Figure(figsize=(9.5, 8.6), layout="constrained")
above, below = figure.subfigures(2, 1)
report.plot.layer_time(ax=above.subplots())
report.plot.tile_use(ax=below.subplots())
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_suffix(".png"), dpi=100)
