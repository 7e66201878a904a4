# SPDX-License-Identifier: GPL-2.0-only
"""Configuration of Sphinx; scripts/docs adds the pages below reference/."""

import pathlib

project = "iommufd and VFIO"
author = "the authors of the source"
version = release = (pathlib.Path(__file__).parent / "VERSION").read_text(
    encoding="ascii").strip()

extensions = ["sphinx.ext.graphviz"]
graphviz_output_format = "svg"
primary_domain = "c"
highlight_language = "none"
smartquotes = False
html_theme = "alabaster"
html_show_copyright = False
html_copy_source = False
# Nothing is fetched while a page is read.
html_theme_options = {"github_banner": "false", "show_powered_by": "false"}
html_static_path = []

# Macros of the kernel in front of a declaration.
c_id_attributes = ["__user", "__must_check", "__aligned_u64", "__printf",
                   "__packed", "__rcu", "__iomem", "__bitwise", "__force"]
c_paren_attributes = ["__aligned", "__counted_by", "__must_hold", "__releases",
                      "__acquires", "__printf"]
