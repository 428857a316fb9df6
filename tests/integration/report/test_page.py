# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page in a real headless Chromium: what people see, and what it must not do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collect import Observation
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.page import page_of
from playwright.sync_api import Browser, Page, sync_playwright

from tests.unit.report.samples import (
    ACCESS,
    CONNECTION,
    DOUBT,
    ENTRY,
    UNCLAIMED,
    onboarding,
    report_of,
    seen,
    verified,
)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (1200, 400)
SCHEMES = ("light", "dark")
# WCAG 2.2, level AA, for text of any size.
SUFFICIENT_CONTRAST = 4.5
RAN = "window.ran = true"
HOSTILE = (
    f"<script>{RAN}</script>",
    f"<img src=x onerror='{RAN}'>",
    f"\"><svg onload='{RAN}'>",
    f"</title></style></script><script>{RAN}</script>",
    f"javascript:{RAN}",
    "{{ 7 * 7 }}{% raw %}",
    "&amp; &lt;b&gt; \" ' ` \\ $",
    "x" * 1000,
    "two\nlines\tand a tab",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "Z\u0351\u036b\u0343\u036a\u0302a\u0363\u034alg\u0353o \U0001f469\u200d\U0001f469\u200d\U0001f467",
    "\x00\x1b[31m\x07\ud800",
)

# The contrast of every text with what is really behind it: the nearest ancestor that has a background.
CONTRASTS = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = numbers(color).slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const background = (element) => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if ((numbers(color)[3] ?? 1) === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [light, dark] = [getComputedStyle(element).color, background(element)].map(luminance).sort((a, b) => b - a);
    found.push([(light + 0.05) / (dark + 0.05), texts.currentNode.data.trim()]);
  }
  return found;
}"""


class Look:
    """Opens reports as a person does, and notes everything that a page should not do."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser = browser
        self.folder = folder
        self.problems: list[str] = []

    def __call__(self, observations: list[Observation], width: int = 1200, scheme: Any = "light") -> Page:
        """Open the report of these observations in a new window."""
        path = self.folder / "report.html"
        path.write_text(page_of(report_of(observations)), encoding="utf-8", errors="replace")
        context = self.browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        page.on("console", lambda message: self.problems.append(message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        url = path.as_uri()
        page.on("request", lambda request: None if request.url == url else self.problems.append(request.url))
        page.goto(url)
        return page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium with an empty profile."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def look(browser: Browser, tmp_path: Path) -> Iterator[Look]:
    """Open reports; afterwards, no page may have had a problem or asked for anything."""
    looking = Look(browser, tmp_path)
    yield looking
    for context in browser.contexts:
        context.close()
    assert looking.problems == []


def everything() -> list[Observation]:
    """Return a run in which every mark and every part of the page occurs."""
    lacking = {
        "verdict": "missing_permissions",
        "missing": ["canvas.list"],
        "next_step": "Make a new key.",
        "permissions": [
            {"name": "canvas.list", "state": "missing", "optional": False},
            {"name": "feed.list", "state": "retired", "optional": True},
            {"name": "events.list", "state": "undecided", "optional": False},
        ],
    }
    warned = [{"title": "Events", "status": status, "message": "Says something."} for status in ("WARNING", "SKIPPED")]
    failed = [{"title": "Connect to S3", "status": "FAILED", "message": "Access denied."}]
    granted = {"grant": {"bucket": "acme-eu", "role": "roles/storage.objectViewer", "member": "serviceAccount:f"}}
    finding = {"severity": "warning", "message": "The bucket has no default encryption.", "remedy": "Look."}
    return [
        verified("app_us"),
        *onboarding("app_us"),
        *onboarding("loyalty_us", braze_api_key_info=lacking),
        *onboarding("shop_emea", fivetran_connection={"setup_tests": warned}),
        *onboarding("shop_us", fivetran_connection={"setup_tests": failed}),
        seen("gcs_bucket_iam_member", granted, "shop_eu"),
        seen("gcs_bucket_preflight_info", {"findings": [finding]}, "shop_eu"),
        seen("gcs_bucket_iam_member", {"grant": {**granted["grant"], "condition": {"expression": "a < b"}},
                                       "changed": True}, "z_planned", check_mode=True),
        seen("fivetran_connection", {"changed": True, "connection": None}, "z_removed"),
    ]  # fmt: skip


def fits(page: Page) -> bool:
    """Tell whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def shown(page: Page) -> list[str]:
    """Return the workspaces in the table that the filter leaves."""
    return page.locator("table.fleet tbody tr:visible th").all_inner_texts()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_everything_is_readable_and_fits(look: Look, width: int, scheme: str) -> None:
    page = look(everything(), width, scheme)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert fits(page)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 100
    assert [(round(ratio, 2), text) for ratio, text in contrasts if ratio < SUFFICIENT_CONTRAST] == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", paper)[0]) < 128) == (scheme == "dark")


def test_the_page_tells_what_the_run_has_shown(look: Look) -> None:
    page = look(everything())
    row = page.locator("table.fleet tbody tr", has_text="loyalty_us")
    assert row.locator("td").first.inner_text().replace("\n", " ").endswith("lacks canvas.list")
    page.get_by_role("link", name="loyalty_us").click()
    part = page.locator("details", has_text="loyalty_us")
    assert part.get_attribute("open") is not None
    for words in (
        "Make a new key.",
        "canvas.list",
        "acme-currents-us",
        "connection_1",
        "Connect to S3",
        "sts:AssumeRole",
    ):
        assert words in part.inner_text()


ANSWERS = {
    "assume_role": {"answer": "no", "reasons": [{"text": "the trust policy asks for another External ID"}]},
    "read": {"s3://acme-currents-us/currents": {"answer": "unknown", "reasons": [{"text": "a policy is not seen"}]}},
    "wider": [{"text": "every bucket can be read"}],
}


def test_what_fivetran_may_do_is_shown_to_whoever_opens_the_workspace(look: Look) -> None:
    page = look(onboarding(s3_access_info={"access": {**ACCESS["access"], "effect": ANSWERS}}))
    table = page.locator("table.may")
    assert not table.is_visible()
    page.get_by_role("link", name="shop_us").click()
    rows = [[text.strip() for text in row.inner_text().split("\t")] for row in table.locator("tr").all()]
    assert rows == [
        ["What", "Answer", "Because"],
        ["assume the role with the External ID patient_harbor", "no", "the trust policy asks for another External ID"],
        ["list and read s3://acme-currents-us/currents", "cannot tell", "a policy is not seen"],
        ["more than that", "yes", "every bucket can be read"],
    ]
    assert table.locator("xpath=../h4").inner_text() == "What Fivetran may do here"


def test_what_nobody_claims_has_an_entry_to_copy(look: Look) -> None:
    page = look(everything())
    text = page.locator("main").inner_text()
    assert page.get_by_role("heading", name="Connections of no workspace").is_visible()
    for words in (DOUBT, "braze_old", "connection_2", "Warehouse EMEA", "s3://acme-currents-us/old"):
        assert words in text
    assert page.get_by_label("Inventory entry of braze_old").text_content() == ENTRY
    assert page.locator("details:visible").count() == 7


def test_a_screen_reader_hears_what_the_signs_mean(look: Look) -> None:
    page = look(everything())
    row = page.get_by_role("row").filter(has_text="loyalty_us")
    assert row.get_by_role("cell").first.text_content().startswith("✗failed")
    assert page.get_by_role("row").count() > 1
    assert page.locator(".sign:not([aria-hidden=true])").count() == 0


def test_search_and_status_leave_what_matches_and_say_how_much(look: Look) -> None:
    page = look(everything())
    everybody = shown(page)
    page.get_by_role("searchbox").fill("CANVAS lacks")
    assert shown(page) == ["loyalty_us"]
    assert page.locator("output").inner_text() == f"1 of {len(everybody)} shown"
    assert page.locator("details:visible").count() == 1
    page.get_by_role("searchbox").fill("nobody has this")
    assert shown(page) == []
    assert page.get_by_text("No workspace matches.").is_visible()
    page.get_by_role("searchbox").fill("")
    assert shown(page) == everybody
    page.get_by_text("Failed (2)").click()
    assert shown(page) == ["loyalty_us", "shop_us"]
    # With the keyboard alone: the next status.
    page.keyboard.press("ArrowRight")
    assert shown(page) == ["shop_emea", "shop_eu"]


def test_without_scripts_everything_is_there_and_nothing_that_would_not_work(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page_of(report_of(everything())), encoding="utf-8")
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        assert page.locator("form").is_hidden()
        assert len(page.locator("table.fleet tbody tr").all()) == page.locator("details").count() == 7


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_names_and_messages_are_shown_and_do_nothing(look: Look, width: int) -> None:
    found = [{field: name for field in UNCLAIMED} for name in HOSTILE]
    observations: list[Observation] = [verified(HOSTILE[0], unclaimed=found, doubts=list(HOSTILE))]
    for name in HOSTILE:
        key = {"verdict": "missing_permissions", "missing": [name], "api_url": name, "next_step": name}
        connection = {"connection": {**CONNECTION, "id": name, "schema": name},
                      "setup_tests": [{"title": name, "status": "FAILED", "message": name}]}  # fmt: skip
        effect = {"assume_role": {"answer": name}, "wider": [{"text": name}],
                  "read": {name: {"answer": "no", "reasons": [{"text": name}]}}}  # fmt: skip
        access = {"access": {**ACCESS["access"], "external_id": name, "effect": effect}}
        observations += onboarding(
            name, braze_api_key_info=key, braze_currents_info={"bucket": name}, fivetran_connection=connection,
            s3_access_info=access,
        )  # fmt: skip
    page = look(observations, width)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert page.evaluate("window.ran") is None
    assert fits(page)
    # Nothing of it became an element: there are as many as a harmless name would make.
    assert page.locator("table.fleet tbody tr").count() == page.locator("details").count() == len(HOSTILE)
    assert page.locator("img, svg, script:not(:last-of-type), b").count() == 0
    assert HOSTILE[0] in page.locator("table.fleet").inner_text()
    page.get_by_role("searchbox").fill("<script>")
    assert len(shown(page)) == 2


@pytest.mark.parametrize("width", WIDTHS)
def test_two_hundred_workspaces_fit_and_can_be_searched(look: Look, width: int) -> None:
    fleet = [observation for number in range(200) for observation in onboarding(f"workspace_{number:03}")]
    page = look([*fleet, *onboarding("workspace_077", braze_api_key_info={"verdict": "invalid_key"})], width)
    assert fits(page)
    assert len(shown(page)) == 200
    assert page.locator("details[open]").count() == 1
    page.get_by_role("searchbox").fill("invalid")
    assert shown(page) == ["workspace_077"]


def test_in_print_everything_is_open_and_what_is_for_the_screen_is_not_there(look: Look) -> None:
    page = look(everything())
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("form").is_hidden()
    # Paper is white, whatever the screen prefers.
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    closed = page.locator("details:not([open])").count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == closed > 0
    assert page.pdf().startswith(b"%PDF-")
