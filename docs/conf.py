# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation site; ``make docs`` builds it below .cache/docs, without the network."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

project = "onramp.braze_fivetran"
author = "Contributors to the onramp.braze_fivetran project"
copyright = author
extensions = ["myst_parser", "sphinx_antsibull_ext"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Braze to the warehouse through Fivetran"
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
# What is below docsite, antsibull-docs puts beside the reference.
exclude_patterns = ["requirements.txt", "docsite"]
pygments_style = "ansible"

# In the repository these links lead to files beside this folder; the site has only this folder.
REPOSITORY = "https://github.com/onramp-collections/braze_fivetran/blob/main/"
OUTSIDE = re.compile(r"\]\(\.\./")
# The theme shows the contents of a page beside it.
CONTENTS = re.compile(r"^\.\. contents::\n(?:   :.*\n)*", re.MULTILINE)

TITLE = re.compile(r"(?<=<h1>)[^<]*")
NAME = re.compile(r"(?<=\w)([._])(?=\w)")

# What the generated pages refer to in Ansible's own documentation; an inventory of it would take the network.
ANSIBLE = "https://docs.ansible.com/ansible/latest/"
LABELS = {
    "action_plugins": "plugins/action.html",
    "callback_plugins": "plugins/callback.html",
    "lookup_plugins": "plugins/lookup.html",
    "common_return_values": "reference_appendices/common_return_values.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
}
MODULE = re.compile(r"ansible_collections\.(\w+)\.(\w+)\.(\w+_module)")


def lead_to_ansible(_app: Any, _environment: Any, node: Any, text: Any) -> nodes.reference | None:
    """Let references to Ansible and to other collections lead to their documentation."""
    page = LABELS.get(node["reftarget"])
    module = MODULE.fullmatch(node["reftarget"])
    if module:
        page = f"collections/{module[1]}/{module[2]}/{module[3]}.html"
    return nodes.reference("", "", text, internal=False, refuri=ANSIBLE + page) if page else None


def adapt(_app: Any, _page: str, source: list[str]) -> None:
    """Let links to other folders lead to the repository, and leave contents to the theme."""
    source[0] = CONTENTS.sub("", OUTSIDE.sub(f"]({REPOSITORY}", source[0]))


def break_names(_app: Any, _page: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    """Let a long name in a title be broken after its dots and underscores, and not within a word."""
    if "body" in context:
        context["body"] = TITLE.sub(lambda found: NAME.sub(r"\1<wbr>", found[0]), context["body"])


def setup(app: Any) -> None:
    """Register the above with Sphinx."""
    app.connect("html-page-context", break_names)
    app.connect("source-read", adapt)
    app.connect("missing-reference", lead_to_ansible)
