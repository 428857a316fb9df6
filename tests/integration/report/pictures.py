# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take the pictures that docs/report.md shows, of the page of a real run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.collection import CHECKOUT

IMAGES = CHECKOUT / "docs" / "images"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def take(report: Path, opened: str) -> None:
    """Take them: the table, the workspace ``opened`` in dark colors, and how it looks on a phone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])

        def page(width: int, height: int, scheme: Any) -> Any:
            tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            tab.goto(report.as_uri())
            return tab

        page(1200, 760, "light").screenshot(path=IMAGES / "report-light.png")
        page(400, 860, "light").screenshot(path=IMAGES / "report-phone.png")
        dark = page(1200, 1000, "dark")
        dark.get_by_role("link", name=opened).click()
        dark.screenshot(path=IMAGES / "report-dark.png")
        browser.close()
