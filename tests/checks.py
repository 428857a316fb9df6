# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of the Ansible ecosystem, on a copy of the checkout: ``python -m tests.checks [name ...]``.

Without names all of them run. The copy, the environments and what ansible-test caches are below ``.cache/check``.
Checks that are started each on its own share nothing that they write.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.copies import CHECKOUT, collection_in

CHECK = CHECKOUT / ".cache" / "check"
TOOLS = CHECK / "tools" / "bin"
# The release of ansible-core, the Pythons that it runs on, and the pip that its ansible-test asks for.
CORES = {
    "2.18": ("ansible-core==2.18.19", ("3.11", "3.12", "3.13"), "24.2"),
    "2.19": ("ansible-core==2.19.14", ("3.11", "3.12", "3.13"), "24.2"),
    "2.21": ("ansible-core==2.21.5", ("3.12", "3.13", "3.14"), "25.2"),
}
# The sandbox's own tests are left to pytest: ansible-test forks for each test, and would start a sandbox each time.
UNITS = ("braze", "discovery", "fivetran", "kernel", "report", "storage", "workspaces")
# pip as a file, started instead of the get-pip.py that ansible-test would download from a server of its own.
GET_PIP = """\
import runpy
import sys

sys.path.insert(0, {wheel!r})
sys.argv[1:] = ["install", *(argument for argument in sys.argv[1:] if not argument.startswith("--no-"))]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
LOCKED = (
    "tests/requirements.txt",
    "tests/requirements-check.txt",
    "tests/requirements-rulebook.txt",
    "tests/requirements-coverage.txt",
    "docs/requirements.txt",
)
PASSED, FAILED, LEFT_OUT = "passed", "FAILED", "left out"


@dataclass(frozen=True)
class Place:
    """Where checks run that are started together; others may be started beside them."""

    folder: Path

    @classmethod
    def made(cls, names: Sequence[str]) -> Place:
        """Copy the checkout to where ansible-test accepts it, with amazon.aws beside it."""
        place = cls(CHECK / (names[0] if len(names) == 1 else "together"))
        collection_in(place.collections)
        place.home.mkdir(exist_ok=True)
        return place

    @property
    def collections(self) -> Path:
        return self.folder / "collections"

    @property
    def copy(self) -> Path:
        return self.collections / "ansible_collections" / "onramp" / "braze_fivetran"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def pythons(self) -> Path:
        """Where ansible-test finds those that it may choose."""
        return self.folder / "pythons"

    def run(self, *command: str | Path, **environment: str) -> None:
        """Run a command in the copy, with a home of its own and only the tools and Pythons that are meant."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "ANSIBLE_"))}
        subprocess.run(
            list(map(str, command)),
            cwd=self.copy,
            env={
                **inherited,
                "HOME": str(self.home),
                "PATH": os.pathsep.join([str(Path(command[0]).parent), str(self.pythons), "/usr/bin", "/bin"]),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
                "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
                "ANSIBLE_HOME": str(self.home / ".ansible"),
                **environment,
            },
            check=True,
            stdin=subprocess.DEVNULL,
        )


class LeftOutError(Exception):
    """A check cannot run on this machine; the text says why."""


class BrokenRuleError(Exception):
    """A check is not passed before any tool ran; the text says why."""


def main(names: list[str]) -> int:
    """Run the named checks, print how each ended, and return the exit code: 1 if any failed."""
    checks: dict[str, Callable[[Place], None]] = {
        "changelog": changelog,
        "yamllint": yamllint,
        "ansible-lint": ansible_lint,
        "docs": docs,
        "pipelines": pipelines,
        "licences": licences,
        "audit": audit,
        "galaxy-importer": galaxy_importer,
        "units": units,
        **{f"sanity-{core}": partial(sanity, core=core) for core in CORES},
    }
    if names == ["release"]:
        release(Place.made(names))
        return 0
    unknown = set(names) - checks.keys()
    if unknown:
        raise SystemExit(f"There are no checks {', '.join(sorted(unknown))}; there are {', '.join(checks)}.")
    chosen = names or list(checks)
    place = Place.made(chosen)
    outcomes = {name: outcome(name, checks[name], place) for name in chosen}
    print("\n".join(["", *(line for _failed, line in outcomes.values())]))
    return int(any(failed for failed, _line in outcomes.values()))


def outcome(name: str, check: Callable[[Place], None], place: Place) -> tuple[bool, str]:
    """Run one check; return whether it has failed, and the line about it."""
    print(f"\n=== {name}", flush=True)
    begin = time.monotonic()
    try:
        check(place)
        ended = PASSED
    except subprocess.CalledProcessError as error:
        ended = f"{FAILED} (exit code {error.returncode})"
    except BrokenRuleError as reason:
        ended = f"{FAILED}: {reason}"
    except LeftOutError as reason:
        ended = f"{LEFT_OUT}: {reason}"
    return ended.startswith(FAILED), f"{name:16} {time.monotonic() - begin:6.0f} s  {ended}"


def changelog(place: Place) -> None:
    """Changelog fragments and the changelog are well-formed."""
    place.run(TOOLS / "antsibull-changelog", "lint")
    place.run(TOOLS / "antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")


def release(place: Place) -> None:
    """Turn the fragments into the changelog, which needs the layout of a collection, and bring it into the checkout."""
    place.run(TOOLS / "antsibull-changelog", "release")
    for name in ("CHANGELOG.rst", "changelogs/changelog.yaml"):
        shutil.copyfile(place.copy / name, CHECKOUT / name)
    for fragment in (CHECKOUT / "changelogs" / "fragments").glob("*.y*ml"):
        if not (place.copy / fragment.relative_to(CHECKOUT)).exists():
            fragment.unlink()


def yamllint(place: Place) -> None:
    """Every YAML file is well-formed."""
    place.run(TOOLS / "yamllint", "--strict", ".")


def ansible_lint(place: Place) -> None:
    """Roles and playbooks meet the profile ``production``."""
    place.run(TOOLS / "ansible-lint", "--offline", "--strict", "--nocolor")


def docs(place: Place) -> None:
    """The documentation of plugins and roles renders, and every reference in it leads somewhere."""
    options = ("--plugin-docs", "--validate-collection-refs", "all", "--disallow-unknown-collection-refs")
    lint = partial(place.run, TOOLS / "antsibull-docs", "lint-collection-docs", *options, ".")
    try:
        lint()
    except subprocess.CalledProcessError:
        # It lays files below a folder of a random name, and takes one that ends with "_" for a reference in each.
        lint()


def pipelines(place: Place) -> None:
    """The project's own pipeline and issue forms, and the examples for CI, keep to the schemas of GitHub and GitLab."""
    templates = [f".github/ISSUE_TEMPLATE/{name}.yml" for name in ("bug", "wish")]
    for schema, names in (
        ("github-workflows", [".github/workflows/ci.yml", "examples/ci/github-actions.yml"]),
        ("github-issue-forms", templates),
        ("github-issue-config", [".github/ISSUE_TEMPLATE/config.yml"]),
        ("gitlab-ci", ["examples/ci/gitlab-ci.yml"]),
    ):
        options = ("--data-transform", "gitlab-ci") if schema == "gitlab-ci" else ()
        place.run(TOOLS / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *options, *names)


def licences(place: Place) -> None:
    """Every file says under which licence it is, as REUSE wants it."""
    place.run(TOOLS / "reuse", "lint", "--lines")


def audit(_place: Place) -> None:
    """No package that tests, checks and documentation run on is known to be vulnerable."""
    options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
    for name in LOCKED:
        command = [str(TOOLS / "pip-audit"), *options, "--requirement", name]
        answer = subprocess.run(
            command, cwd=CHECKOUT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if not answer.stdout.startswith("{"):
            raise LeftOutError(f"pip-audit has no data: {(answer.stderr.strip() or 'no answer').splitlines()[-1]}")
        vulnerable = [
            f"{package['name']} {package['version']} ({', '.join(found['id'] for found in package['vulns'])})"
            for package in json.loads(answer.stdout)["dependencies"]
            if package.get("vulns")
        ]
        if vulnerable:
            raise BrokenRuleError(f"{name} names {'; '.join(vulnerable)}. Renew it: make requirements")


def galaxy_importer(place: Place) -> None:
    """Galaxy would import the artefact."""
    place.run(TOOLS / "ansible-galaxy", "collection", "build", "--force", "--output-path", place.folder)
    artefact = max(place.folder.glob("onramp-braze_fivetran-*.tar.gz"), key=lambda path: path.stat().st_mtime)
    # It would only run ansible-lint and ansible-test once more.
    place.run(TOOLS / "python", "-m", "galaxy_importer.main", artefact, GALAXY_IMPORTER_RUN_ANSIBLE_LINT="false")


def units(place: Place) -> None:
    """The unit tests of the plugins also run as ansible-test runs them."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    tests = [f"tests/unit/{folder}/" for folder in UNITS]
    python = CHECKOUT / ".venv" / "bin"
    place.run(python / "ansible-test", "units", "--color", "no", "--python", version, "--num-workers", "2", *tests)


def sanity(place: Place, core: str) -> None:
    """The sanity tests of one release of ansible-core, with none ignored; the newest one looks at the tests, too."""
    requirement, supported, pip = CORES[core]
    pythons = interpreters()
    chosen = next((version for version in supported if version in pythons), None)
    if chosen is None:
        raise LeftOutError(f"ansible-core {core} needs Python {' or '.join(supported)}, and none was found")
    if list(place.copy.glob("tests/sanity/ignore*")):
        raise BrokenRuleError("tests/sanity holds ignore files; this collection has none")
    environment = CHECK / f"core-{core}"
    if not (environment / "bin" / "ansible-test").exists():
        subprocess.run([pythons[chosen], "-m", "venv", "--clear", environment], check=True)
        install = [environment / "bin" / "python", "-m", "pip", "install", "--quiet", requirement]
        subprocess.run(list(map(str, install)), check=True)
    place.pythons.mkdir(exist_ok=True)
    for version, found in pythons.items():
        link = place.pythons / f"python{version}"
        link.unlink(missing_ok=True)
        link.symlink_to(found)
    provide_pip(place, environment / "bin" / "python", pip)
    options = [] if core == max(CORES) else ["--exclude", "tests/"]
    place.run(environment / "bin" / "ansible-test", "sanity", "--color", "no", "--python", chosen, *options)


def interpreters() -> dict[str, Path]:
    """Find the Pythons from 3.11 on, also pyenv's that are not switched on."""
    found = {}
    for minor in range(11, 15):
        version = f"3.{minor}"
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        elsewhere = pyenv.glob(f"{version}.*/bin/python{version}")
        candidates = [shutil.which(f"python{version}") or "", *map(str, elsewhere)]
        for candidate in filter(None, candidates):
            if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
                found[version] = Path(candidate)
                break
    return found


def provide_pip(place: Place, python: Path, version: str) -> None:
    """Put pip from PyPI where ansible-test looks first, and give it the pip settings that it would not pass on."""
    cache = place.home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if not script.exists():
        download = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", place.folder, f"pip=={version}"]
        subprocess.run(list(map(str, download)), check=True)
        script.write_text(GET_PIP.format(wheel=str(next(place.folder.glob(f"pip-{version}-*.whl")))))
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    settings = {}
    for line in listed.splitlines():
        name, _equals, value = line.partition("=")
        settings[name.rsplit(".", 1)[-1]] = ast.literal_eval(value)
    config = place.home / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("\n".join(["[global]", *(f"{name} = {value}" for name, value in settings.items()), ""]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
