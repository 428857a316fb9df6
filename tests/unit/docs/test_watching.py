# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules and the dashboard in examples/watching ask for what is there; docs/watching.md shows what is written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.junit import junit_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.metrics import HELP, PREFIX, metrics_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Report
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.news import FLAPPING_WITHIN, FLAPS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.terminal import lines_of
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

from tests.collection import CHECKOUT
from tests.documents import blocks
from tests.unit.report.nights import INVALID, LACKING, Nights, connection
from tests.unit.report.samples import onboarding
from tests.unit.report.test_metrics import flowing, full_report, with_ways

PAGE = CHECKOUT / "docs" / "watching.md"
WATCHING = CHECKOUT / "examples" / "watching"
ALERTS = yaml.safe_load((WATCHING / "alerts.yml").read_text())
DASHBOARD = json.loads((WATCHING / "dashboard.json").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PROMTOOL = shutil.which("promtool")
# What the queries of the dashboard leave to the reader.
CHOSEN = {"$playbook": "verify.yml", "$workspace": ".*"}
SELECTOR = re.compile(r"(braze_fivetran_\w+)(?:\{([^}]*)\})?")
WITH_COLUMNS = 24


def queries() -> Iterator[str]:
    for rule in RULES:
        yield rule["expr"]
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def chosen(query: str) -> str:
    for variable, value in CHOSEN.items():
        query = query.replace(variable, value)
    return query


def labels(folder: Path) -> dict[str, set[str]]:
    """Return the labels of each metric."""
    families = text_string_to_metric_families(metrics_of(full_report(folder)))
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


@pytest.mark.parametrize("query", list(dict.fromkeys(queries())))
def test_every_query_is_promql_about_metrics_and_labels_that_there_are(tmp_path: Path, query: str) -> None:
    promql_parser.parse(chosen(query))
    known = labels(tmp_path)
    asked = SELECTOR.findall(query)
    assert asked
    for metric, matchers in asked:
        assert metric in known
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) <= known[metric]


def test_the_variables_of_the_dashboard_ask_for_labels_that_there_are(tmp_path: Path) -> None:
    known = labels(tmp_path)
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert {f"${name}" for name in variables} == {"$datasource", *CHOSEN}
    for name in ("playbook", "workspace"):
        [(selector, label)] = re.findall(r"^label_values\((.*), (\w+)\)$", variables[name]["query"]["query"])
        promql_parser.parse(chosen(selector))
        assert label in known[SELECTOR.findall(selector)[0][0]]


def test_the_dashboard_is_one_that_grafana_can_lay_out() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= WITH_COLUMNS
        across, down = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        cells = {(x, y) for x in across for y in down}
        assert not cells & taken
        taken |= cells
        for source in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
            assert source == {"type": "prometheus", "uid": "${datasource}"}
    assert isinstance(DASHBOARD["schemaVersion"], int)


def test_every_rule_says_what_is_wrong_by_labels_that_its_query_leaves(tmp_path: Path) -> None:
    known = labels(tmp_path)
    for rule in RULES:
        left = set.union(*(known[metric] for metric, _matchers in SELECTOR.findall(rule["expr"])))
        told = " ".join(rule["annotations"].values())
        assert set(re.findall(r"\$labels\.(\w+)", told)) <= left
        assert rule["annotations"]["summary"].endswith((".", "old."))
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool, which Debian has in its package prometheus, is not installed")
def test_prometheus_takes_the_rules_and_fires_each_when_it_should(tmp_path: Path) -> None:
    def run(*arguments: str) -> None:
        done = subprocess.run([str(PROMTOOL), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    rules = str(WATCHING / "alerts.yml")
    run("check", "rules", rules)
    (tmp_path / "test.yml").write_text(yaml.safe_dump({"rule_files": [rules], "tests": [fired()]}))
    run("test", "rules", "test.yml")


def fired() -> dict[str, Any]:
    """Return what `promtool test rules` holds a night with every fault against, seen 27 hours after it."""
    of = 'playbook="verify.yml"'
    shop = f'{of},workspace="shop_us"'
    values = {
        f"run_finished_timestamp_seconds{{{of}}}": "60x1680",
        f"run_left_out{{{of}}}": "1x1680",
        f"workspace_failed{{{shop}}}": "1x1680",
        f'workspace_failed{{{of},workspace="app_us"}}': "0x1680",
        f'stop_state{{{shop},stop="access",state="broken"}}': "1x1680",
        f'stop_state{{{shop},stop="bucket",state="flows"}}': "1x1680",
        f'stop_data_age_seconds{{{shop},stop="warehouse"}}': "90000x1680",
        f'stop_data_age_seconds{{{shop},stop="bucket"}}': "90000x1680",
        f"workspace_flapping{{{shop}}}": "1x1680",
    }
    night = {"playbook": "verify.yml"}
    us = {**night, "workspace": "shop_us"}
    expected = {
        "RunMissing": night,
        "WorkspaceFailed": us,
        "DataStandsStill": {**us, "stop": "access", "state": "broken"},
        "DataLate": {**us, "stop": "warehouse"},
        "WorkspaceFlapping": us,
        "WorkspacesLeftOut": night,
    }
    assert [f"BrazeFivetran{name}" for name in expected] == [rule["alert"] for rule in RULES]
    severity = {rule["alert"]: rule["labels"]["severity"] for rule in RULES}
    text = {rule["alert"]: rule["annotations"] for rule in RULES}

    def alert(name: str, given: dict[str, str]) -> dict[str, Any]:
        values = {
            "workspace": given.get("workspace", ""),
            "stop": given.get("stop", ""),
            "state": given.get("state", ""),
        }
        told = {
            key: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda at: values[at[1]], words)
            for key, words in text[name].items()
        }
        told = {
            key: re.sub(r"\{\{ \$value.*?\}\}", "1d 1h 0m 0s" if "Late" in name else "1", words)
            for key, words in told.items()
        }
        return {"exp_labels": {**given, "severity": severity[name]}, "exp_annotations": told}

    return {
        "interval": "1m",
        "input_series": [{"series": PREFIX + series, "values": value} for series, value in values.items()],
        "alert_rule_test": [
            {
                "eval_time": "27h",
                "alertname": f"BrazeFivetran{name}",
                "exp_alerts": [alert(f"BrazeFivetran{name}", given)],
            }
            for name, given in expected.items()
        ],
    }


# What the page shows


def news(folder: Path) -> Report:
    """Return the report of a night after four others in which something happened to everybody."""
    nights = Nights(folder, "app_emea", "app_us", "loyalty_emea", "loyalty_us", "shop_us")
    for number in range(4):
        failed = [*onboarding("loyalty_emea", **INVALID), *onboarding("loyalty_us", **INVALID)]
        shop = onboarding("shop_us", **(LACKING if number == 1 else {}))
        nights.run([*onboarding("app_emea"), *onboarding("app_us"), *failed, *shop])
    nights.inventory.remove("app_emea")
    nights.inventory.add("shop_emea")
    seen = [*onboarding("app_us", **connection(paused=True)), *onboarding("loyalty_emea", **INVALID)]
    return nights.run([*seen, *onboarding("loyalty_us"), *onboarding("shop_emea"), *onboarding("shop_us", **LACKING)])


def test_the_stop_that_the_page_of_the_report_shows_keeps_to_its_schema() -> None:
    schema = json.loads((CHECKOUT / "docs" / "report.schema.json").read_text())
    [block] = blocks(CHECKOUT / "docs" / "report.md", "json")
    stop = Draft202012Validator({"$ref": "#/$defs/stop", "$defs": schema["$defs"]})
    stop.validate(json.loads(block))
    assert not stop.is_valid({**json.loads(block), "state": "gone"})


def shown(name: str, printed: str, fence: str = "text") -> None:
    """Check that the page shows under ``name`` what was printed. With UPDATE_DOCS set, write it there instead."""
    text = PAGE.read_text()
    begin, end = f"<!-- {name} begins -->\n", f"<!-- {name} ends -->"
    before, _begin, rest = text.partition(begin)
    found, _end, after = rest.partition(end)
    block = f"```{fence}\n{printed}```\n" if fence else printed
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(before + begin + block + end + after)
    else:
        assert found == block, "docs/watching.md: run the test again with UPDATE_DOCS=1"


def test_the_page_shows_what_is_new_as_it_is_printed(tmp_path: Path) -> None:
    lines = lines_of(news(tmp_path), 100, "utf-8", "summary")
    shown("news", "".join(f"{line.text}\n" for line in lines))
    words = {2: "two", 3: "three", 4: "four", 10: "ten"}
    assert f"ceased to fail {words[FLAPS]} times in the last {words[FLAPPING_WITHIN]} reports" in PAGE.read_text()


def broken(folder: Path) -> Report:
    report = Nights(folder, "shop_us").run(onboarding("shop_us", **INVALID))
    return with_ways(report, shop_us=flowing(connection="broken"))


def test_the_page_shows_metrics_as_they_are_written(tmp_path: Path) -> None:
    lines = metrics_of(broken(tmp_path)).splitlines(keepends=True)
    wanted = r"run_finished|workspaces\{.*failed|workspace_failed|step_mark.*key|stop_(state|data_age).*connection"
    shown("metrics", "".join(line for line in lines if re.match(f"{PREFIX}({wanted})", line)))


def test_the_page_has_every_metric_with_its_labels(tmp_path: Path) -> None:
    known = labels(tmp_path)
    beside = {metric: sorted(known[PREFIX + metric] - {"playbook"}) for metric in HELP}
    rows = [
        f"| `{metric}` | {', '.join(f'`{label}`' for label in beside[metric])} | {words} |\n"
        for metric, words in HELP.items()
    ]
    shown("table", "".join(["| metric | labels | what it tells |\n|---|---|---|\n", *rows]), fence="")


def test_the_page_shows_test_cases_as_they_are_written(tmp_path: Path) -> None:
    lines = junit_of(broken(tmp_path)).splitlines(keepends=True)
    shown("junit", "".join(lines[:9]))
