# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of the Ansible ecosystem, on a copy of the checkout: ``python -m tests.checks [name ...]``.

Without names all of them run. ansible-test wants the collection at ``ansible_collections/onramp/braze_fivetran`` and in
no symbolic link; the copy, the environments and what ansible-test caches are below ``.cache/check``.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
CHECK = CHECKOUT / ".cache" / "check"
COLLECTIONS = CHECK / "collections"
COPY = COLLECTIONS / "ansible_collections" / "onramp" / "braze_fivetran"
HOME = CHECK / "home"
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


class LeftOutError(Exception):
    """A check cannot run on this machine; the text says why."""


class BrokenRuleError(Exception):
    """A check is not passed before any tool ran; the text says why."""


def main(names: list[str]) -> int:
    """Run the named checks, print how each ended, and return the exit code: 1 if any failed."""
    checks: dict[str, Callable[[], None]] = {
        "changelog": changelog,
        "yamllint": yamllint,
        "ansible-lint": ansible_lint,
        "docs": docs,
        "pipelines": pipelines,
        "licences": licences,
        "audit": audit,
        "galaxy-importer": galaxy_importer,
        "units": units,
        **{f"sanity-{core}": partial(sanity, core) for core in CORES},
    }
    if names == ["release"]:
        release()
        return 0
    unknown = set(names) - checks.keys()
    if unknown:
        raise SystemExit(f"There are no checks {', '.join(sorted(unknown))}; there are {', '.join(checks)}.")
    copy_checkout()
    outcomes = {name: outcome(name, checks[name]) for name in names or checks}
    print("\n".join(["", *outcomes.values()]))
    return int(any(FAILED in line for line in outcomes.values()))


def outcome(name: str, check: Callable[[], None]) -> str:
    """Run one check and return the line about it."""
    print(f"\n=== {name}", flush=True)
    begin = time.monotonic()
    try:
        check()
        ended = PASSED
    except subprocess.CalledProcessError as error:
        ended = f"{FAILED} (exit code {error.returncode})"
    except BrokenRuleError as reason:
        ended = f"{FAILED}: {reason}"
    except LeftOutError as reason:
        ended = f"{LEFT_OUT}: {reason}"
    return f"{name:16} {time.monotonic() - begin:6.0f} s  {ended}"


def run(*command: str | Path, **environment: str) -> None:
    """Run a command in the copy, with a home of its own and only the tools and Pythons that are meant."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "ANSIBLE_"))}
    subprocess.run(
        list(map(str, command)),
        cwd=COPY,
        env={
            **inherited,
            "HOME": str(HOME),
            "PATH": os.pathsep.join([str(Path(command[0]).parent), str(CHECK / "pythons"), "/usr/bin", "/bin"]),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            "ANSIBLE_HOME": str(HOME / ".ansible"),
            **environment,
        },
        check=True,
        stdin=subprocess.DEVNULL,
    )


def copy_checkout() -> None:
    """Copy the checkout to where ansible-test accepts it, with amazon.aws beside it."""
    shutil.rmtree(COPY, ignore_errors=True)
    copy_checkout_to(COPY)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "init", "--quiet", "."], cwd=COPY, env=clean, check=True)
    amazon = COLLECTIONS / "ansible_collections" / "amazon"
    if not amazon.exists():
        amazon.symlink_to(CHECKOUT / ".cache" / "collections" / "ansible_collections" / "amazon")
    HOME.mkdir(exist_ok=True)


def copy_checkout_to(folder: Path) -> None:
    """Copy what git tracks or would track, as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (CHECKOUT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, folder / name)


def changelog() -> None:
    """Changelog fragments and the changelog are well-formed."""
    run(TOOLS / "antsibull-changelog", "lint")
    run(TOOLS / "antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")


def release() -> None:
    """Turn the fragments into the changelog, which needs the layout of a collection, and bring it into the checkout."""
    copy_checkout()
    run(TOOLS / "antsibull-changelog", "release")
    for name in ("CHANGELOG.rst", "changelogs/changelog.yaml"):
        shutil.copyfile(COPY / name, CHECKOUT / name)
    for fragment in (CHECKOUT / "changelogs" / "fragments").glob("*.y*ml"):
        if not (COPY / fragment.relative_to(CHECKOUT)).exists():
            fragment.unlink()


def yamllint() -> None:
    """Every YAML file is well-formed."""
    run(TOOLS / "yamllint", "--strict", ".")


def ansible_lint() -> None:
    """Roles and playbooks meet the profile ``production``."""
    run(TOOLS / "ansible-lint", "--offline", "--strict", "--nocolor")


def docs() -> None:
    """The documentation of plugins and roles renders, and every reference in it leads somewhere."""
    options = ("--plugin-docs", "--validate-collection-refs", "all", "--disallow-unknown-collection-refs")
    run(TOOLS / "antsibull-docs", "lint-collection-docs", *options, ".")


def pipelines() -> None:
    """The project's own pipeline and issue forms, and the examples for CI, keep to the schemas of GitHub and GitLab."""
    templates = [f".github/ISSUE_TEMPLATE/{name}.yml" for name in ("bug", "wish")]
    for schema, names in (
        ("github-workflows", [".github/workflows/ci.yml", "examples/ci/github-actions.yml"]),
        ("github-issue-forms", templates),
        ("github-issue-config", [".github/ISSUE_TEMPLATE/config.yml"]),
        ("gitlab-ci", ["examples/ci/gitlab-ci.yml"]),
    ):
        options = ("--data-transform", "gitlab-ci") if schema == "gitlab-ci" else ()
        run(TOOLS / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *options, *names)


def licences() -> None:
    """Every file says under which licence it is, as REUSE wants it."""
    run(TOOLS / "reuse", "lint", "--lines")


def audit() -> None:
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


def galaxy_importer() -> None:
    """Galaxy would import the artefact."""
    run(TOOLS / "ansible-galaxy", "collection", "build", "--force", "--output-path", CHECK)
    artefact = max(CHECK.glob("onramp-braze_fivetran-*.tar.gz"), key=lambda path: path.stat().st_mtime)
    # It would only run ansible-lint and ansible-test once more.
    run(TOOLS / "python", "-m", "galaxy_importer.main", artefact, GALAXY_IMPORTER_RUN_ANSIBLE_LINT="false")


def units() -> None:
    """The unit tests of the plugins also run as ansible-test runs them."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    tests = [f"tests/unit/{folder}/" for folder in UNITS]
    python = CHECKOUT / ".venv" / "bin"
    run(python / "ansible-test", "units", "--color", "no", "--python", version, "--num-workers", "2", *tests)


def sanity(core: str) -> None:
    """The sanity tests of one release of ansible-core, with none ignored."""
    requirement, supported, pip = CORES[core]
    pythons = interpreters()
    chosen = next((version for version in supported if version in pythons), None)
    if chosen is None:
        raise LeftOutError(f"ansible-core {core} needs Python {' or '.join(supported)}, and none was found")
    if list(COPY.glob("tests/sanity/ignore*")):
        raise BrokenRuleError("tests/sanity holds ignore files; this collection has none")
    environment = CHECK / f"core-{core}"
    if not (environment / "bin" / "ansible-test").exists():
        subprocess.run([pythons[chosen], "-m", "venv", "--clear", environment], check=True)
        install = [environment / "bin" / "python", "-m", "pip", "install", "--quiet", requirement]
        subprocess.run(list(map(str, install)), check=True)
    provide_pip(environment / "bin" / "python", pip)
    run(environment / "bin" / "ansible-test", "sanity", "--color", "no", "--python", chosen)


def interpreters() -> dict[str, Path]:
    """Find the Pythons from 3.11 on, also pyenv's that are not switched on, and link them for ansible-test to find."""
    links = CHECK / "pythons"
    links.mkdir(exist_ok=True)
    found = {}
    for minor in range(11, 15):
        version = f"3.{minor}"
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        elsewhere = pyenv.glob(f"{version}.*/bin/python{version}")
        candidates = [shutil.which(f"python{version}") or "", *map(str, elsewhere)]
        for candidate in filter(None, candidates):
            if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
                link = links / f"python{version}"
                link.unlink(missing_ok=True)
                link.symlink_to(candidate)
                found[version] = Path(candidate)
                break
    return found


def provide_pip(python: Path, version: str) -> None:
    """Put pip from PyPI where ansible-test looks first, and give it the pip settings that it would not pass on."""
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if not script.exists():
        download = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", CHECK, f"pip=={version}"]
        subprocess.run(list(map(str, download)), check=True)
        script.write_text(GET_PIP.format(wheel=str(next(CHECK.glob(f"pip-{version}-*.whl")))))
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    settings = {}
    for line in listed.splitlines():
        name, _equals, value = line.partition("=")
        settings[name.rsplit(".", 1)[-1]] = ast.literal_eval(value)
    config = HOME / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("\n".join(["[global]", *(f"{name} = {value}" for name, value in settings.items()), ""]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
