"""Names that vulture finds no use of in hyperdrive_sim, each group with the reason why it stays; vulture reads this file as uses of them.

What is here may not rest: an entry whose name is gone from the package fails a test.
"""

# Parts of the library's public face: README and notebooks call them.
_.of_network
_.to_pandas
_._repr_html_
_._repr_png_

# What Python asks of a module whose names are loaded when they are first used.
__getattr__
__dir__

# Columns and keys of what is written: json, yaml and npz take all fields of a record.
_.schema_version
_.date
_.worst_layer_bits
_.input_channels

# Read by the templates of a page.
_.instead

# Attributes and methods that a library reads or calls: pydantic, rich-click, ruamel.yaml, matplotlib, pandas, Perfetto's protobufs.
_.model_config
_.TEXT_MARKUP
_.max_depth
_.warn_double_anchors
_.Representer
_.draw
_.attrs
_.track_uuid
_.counter_value
_.double_counter_value
_.child_ordering
_.sibling_merge_behavior
_.string_value_iid
_.int_value
_.double_value

# Keys of the JSON form, which are read by whoever reads that.
_.bound_s

# Quantities of the papers, which tests and the chips' READMEs compare with published figures.
_.saturated
_.target_cut
_.nj_per_kb

# Row of ones, beside C0; programs name it in their text.
_.C1

# Hooks of pytest, in the plugin of the contract.
_.pytest_addoption
_.pytest_configure
_.pytest_generate_tests

# Validators of pydantic, which it calls when a row of published.yaml is read.
_._held_against_one
_._one_way

# Called by the text of a program, in a process of its own.
_.serve
