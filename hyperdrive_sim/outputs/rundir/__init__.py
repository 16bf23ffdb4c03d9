"""A run directory: one run's report as plain files, and the report again from those.

| file | |
|---|---|
| `result.json` | the public form of the report |
| `layers.csv` | a row per layer; `layer_columns` says what its columns are |
| `spans.npz` | the trace, a row per task |
| `machine.json` | units, memories, clock |
| `arrays.npz` | use of tiles, in all and by layer, and how full every memory was over time |
| `scenario.resolved.yaml` | the scenario in one file: what it extends, what was set and every default of the chip |
| `scenario.input.*`, `scenario.weights.npz` | copies of the picture and the weights that it names, if it does |
| `network.json`, `parameters.npz` | a network from a file, as an import writes it; `scenario.network.csv` if it is but shapes |
| `manifest.json` | what made all this, and the hashes of these files |

So a directory can be moved, and its scenario be run again, wherever the first one was. What tasks did to tensors is not kept.
"""

from hyperdrive_sim.outputs.rundir.read import WrittenRun, opened, read
from hyperdrive_sim.outputs.rundir.write import target, write

__all__ = ["WrittenRun", "opened", "read", "target", "write"]
