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
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.observed import Observation
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.page import page_of
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.unit.report.samples import (
    ACCESS,
    CONNECTION,
    DOUBT,
    ENTRY,
    KEY,
    LANDING,
    UNCLAIMED,
    onboarding,
    planned,
    report_of,
    seen,
    verified,
    way,
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


# Words of which a letter stands on another line than the one before, though all of the word would fit into its box.
BROKEN = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const node = texts.currentNode, element = node.parentElement;
    if (element.closest("pre, code, .spoken, script, style") || !element.checkVisibility()) continue;
    for (const match of node.data.matchAll(/\\d{4}-\\d\\d-\\d\\d|[\\w:.]{2,16}/g)) {
      const range = new Range();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const tops = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      if (tops.size > 1) found.push(match[0]);
    }
  }
  return found;
}"""
TYPED = """(words) => {
  const field = document.querySelector("#words");
  const started = performance.now();
  field.value = words;
  field.dispatchEvent(new Event("input", {bubbles: true}));
  document.body.getBoundingClientRect();
  return performance.now() - started;
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


def opened(page: Page, name: str) -> Locator:
    """Follow the link to a workspace; return its part when it is open: the browser tells the page a moment later."""
    page.get_by_role("link", name=name).click()
    page.locator("details[open]", has_text=name).wait_for()
    return page.locator("details", has_text=name)


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


NOT_SET = {
    "step": "settings",
    "severity": "error",
    "code": "invalid_settings",
    "message": "currents_bucket is not set.",
    "remedy": "Name it.",
    "field": "currents_bucket",
}


def refused() -> Observation:
    """Return what is shown of a workspace whose settings are refused."""
    return planned("refused_us", reads_only=True, findings=[NOT_SET], way=way())


def fits(page: Page) -> bool:
    """Tell whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def shown(page: Page) -> list[str]:
    """Return the workspaces in the table that the filter leaves."""
    return page.locator("table.fleet tbody tr:visible th a").all_inner_texts()


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
    part = opened(page, "loyalty_us")
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


def test_what_fivetran_may_do_is_shown_to_those_who_opens_the_workspace(look: Look) -> None:
    page = look(onboarding(s3_access_plan_info={"access": {**ACCESS["access"], "effect": ANSWERS}}))
    table = page.locator("table.may")
    assert not table.is_visible()
    opened(page, "shop_us")
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


def test_search_finds_by_name_bucket_arn_and_what_is_to_be_done(look: Look) -> None:
    page = look([*everything(), refused()])
    for words, found in (
        ("LOYALTY_us", ["loyalty_us"]),
        ("gs://acme-eu acme", []),
        ("acme-eu", ["shop_eu", "z_planned"]),
        ("arn:aws:iam::1:role canvas.list", ["loyalty_us"]),
        ("name it", ["refused_us"]),
        ("Access denied", ["shop_us"]),
    ):
        page.get_by_role("searchbox").fill(words)
        assert shown(page) == found, words


def test_what_failed_stands_first_and_each_column_sorts_both_ways_and_back(look: Look) -> None:
    page = look([*everything(), refused()])
    worst_first = shown(page)
    assert worst_first[:3] == ["loyalty_us", "refused_us", "shop_us"]
    assert page.locator("details h3 bdi").all_inner_texts() == worst_first
    head = page.get_by_role("columnheader", name="Workspace")
    # With the keyboard alone.
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert (shown(page), head.get_attribute("aria-sort")) == (sorted(worst_first), "ascending")
    page.keyboard.press("Enter")
    assert (shown(page), head.get_attribute("aria-sort")) == (sorted(worst_first, reverse=True), "descending")
    page.keyboard.press("Enter")
    assert (shown(page), head.get_attribute("aria-sort")) == (worst_first, None)
    page.get_by_role("columnheader", name="Tests").get_by_role("button").click()
    assert shown(page)[:2] == ["shop_us", "shop_emea"]
    assert page.locator("[aria-sort]").count() == 1


def test_a_workspace_that_is_refused_for_its_settings_is_red_in_its_row_and_says_why(look: Look) -> None:
    page = look([*everything(), refused()])
    row = page.get_by_role("row").filter(has_text="refused_us")
    cell = row.get_by_role("rowheader")
    assert cell.get_attribute("class") == "failed"
    assert "failed" in (cell.text_content() or "")
    assert "currents_bucket is not set." in cell.inner_text()
    paper = "element => getComputedStyle(element).backgroundColor"
    assert cell.evaluate(paper) != row.get_by_role("cell").first.evaluate(paper)


@pytest.mark.parametrize("width", WIDTHS)
def test_at_any_width_a_row_tells_once_why_it_failed(look: Look, width: int) -> None:
    page = look([*everything(), refused()], width)
    for name, reason in (("loyalty_us", "lacks canvas.list"), ("refused_us", "currents_bucket is not set.")):
        row = page.get_by_role("row").filter(has_text=name)
        assert " ".join(row.inner_text().split()).count(reason) == 1
    # On paper, all columns have their words.
    page.emulate_media(media="print")
    assert " ".join(page.get_by_role("row").filter(has_text="loyalty_us").inner_text().split()).count("lacks") == 1


@pytest.mark.parametrize("width", [*WIDTHS, 1010])
def test_dates_and_words_that_fit_are_never_broken(look: Look, width: int) -> None:
    page = look([*everything(), refused()], width)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert "2026-03-01 14:10 UTC" in page.locator("main").inner_text().replace("\n", " ")
    assert page.evaluate(BROKEN) == []


def test_the_headings_stay_in_sight(look: Look) -> None:
    page = look([observation for number in range(40) for observation in onboarding(f"workspace_{number:03}")])
    page.get_by_role("link", name="workspace_030").scroll_into_view_if_needed()
    page.mouse.wheel(0, 200)
    page.wait_for_function("scrollY > 0")
    box = page.get_by_role("columnheader", name="Sync").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 5


@pytest.mark.slow
def test_a_thousand_workspaces_open_and_are_searched_at_once(look: Look) -> None:
    # Laid out as what a real fleet has: all that was looked at of each.
    observations = [
        planned(f"workspace_{number:04}", reads_only=True, storage="s3", bucket="acme-currents-us", prefix="currents",
                seen={"key": KEY, "landing": LANDING, **ACCESS, "connection": CONNECTION}, findings=found)
        for number in range(1000)
        for found in ([NOT_SET] if number % 100 == 77 else [],)
    ]  # fmt: skip
    assert len(page_of(report_of(observations)).encode()) < 6_000_000
    page = look(observations)
    assert page.locator("table.fleet tbody th a").nth(1).inner_text() == "workspace_0177"
    # Of a browser that has the machine to itself, a tenth of this.
    for words, count in (("workspace_0", 1000), ("workspace_0077", 1), ("currents_bucket", 10), ("", 1000)):
        spent = page.evaluate(TYPED, words)
        assert page.evaluate("document.querySelectorAll('tbody tr:not([hidden])[data-row]').length") == count
        assert spent < 5000, words


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
            s3_access_plan_info=access,
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
