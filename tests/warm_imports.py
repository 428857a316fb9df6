# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a play imports and reads, and what of it can be there before.

Nothing is imported for everybody that reads a configuration or the environment while it is imported; that is imported
for all plays that have them in common. Of collections, which Ansible compiles anew in each process, the code is kept;
of Ansible's own plugins, where they have moved to, and what their documentation says about their options.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import marshal
import os
import pkgutil
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import Any

from tests import warm_modules, warm_packages

# The releases of ansible-core whose insides are known here. With others, each play imports what it needs.
KNOWN_RELEASES = ("2.19.",)
# Of Ansible itself only what it imports before its configuration.
IMPORTED = (
    "asyncio",
    "concurrent.futures.thread",
    "ctypes.util",
    "curses",
    "difflib",
    "email.parser",
    "getpass",
    "html.parser",
    "http.client",
    "inspect",
    "multiprocessing.queues",
    "pdb",
    "resolvelib",
    "shlex",
    "smtplib",
    "tarfile",
    "unittest",
    "urllib.request",
    "uuid",
    "zipfile",
    "ansible.config.manager",
    "boto3",
    "botocore.client",
    "botocore.credentials",
    "botocore.endpoint",
    "botocore.loaders",
    "botocore.session",
    "botocore.signers",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.ciphers",
    "cryptography.hazmat.primitives.kdf.pbkdf2",
    "cryptography.hazmat.primitives.padding",
    "cryptography.hazmat.primitives.serialization",
    "fastavro",
    "google.auth.transport.requests",
    "google.cloud.storage",
    "google.oauth2.service_account",
    "jinja2.nativetypes",
    "packaging.requirements",
    "packaging.version",
    "requests",
    "yaml",
)
# They read configuration and environment while they are imported.
NEVER_FOR_EVERYBODY = ("ansible.constants", "ansible.utils.display")
# What Ansible imports when a play needs it.
FOR_PLAYS = (
    "ansible.cli.playbook",
    "ansible._internal._json._profiles._inventory_legacy",
    "ansible.executor.task_executor",
    "ansible.parsing.yaml.dumper",
    "ansible.playbook.handler_task_include",
    "ansible.playbook.included_file",
    "ansible.playbook.role_include",
    "ansible.utils._junit_xml",
    "ansible.utils.encrypt",
    "ansible.utils.hashing",
    "multiprocessing.popen_fork",
    "multiprocessing.synchronize",
    "pty",
    "tomllib",
    "xml.dom.minidom",
)
# The plugins that nearly each play loads, as a whole or for their options.
KINDS = ("become", "cache", "callback", "connection", "inventory", "shell", "strategy", "vars")
PLUGINS = ("action", *KINDS)
CHECKOUT = Path(__file__).resolve().parent.parent
# What plays talk to in AWS, and the kinds of files in which botocore knows of it.
SERVICES = ("iam", "kms", "organizations", "s3", "sts")
MODELS = ("endpoint-rule-set-1", "paginators-1", "service-2", "waiters-2")
# As Ansible names the files that it compiles.
COLLECTIONS = CHECKOUT / ".cache" / "collections"
PACKAGE = "ansible_collections.onramp.braze_fivetran"
# Memory that the processes of a run share; when it has begun.
OF_ONE_RUN = ("plugin_utils._secrets", "plugin_utils._action.shared_limits", "plugin_utils._action.tracing")
COLLECTION = COLLECTIONS / PACKAGE.replace(".", "/")


@cache
def can_prepare() -> bool:
    """Tell whether more can be imported than what is the same for every play."""
    return version("ansible-core").startswith(KNOWN_RELEASES)


def for_everybody() -> None:
    """Import what is the same for every play."""
    _import(IMPORTED)
    read = [name for name in NEVER_FOR_EVERYBODY if name in sys.modules]
    if read:
        sys.exit(f"{', '.join(read)} must not be imported before the environment of a play is there")
    _compiled()
    _parse_once()
    _read_models_once()
    _keep()


def for_all_plays(folder: Path) -> None:
    """Import what is the same for all plays with this environment, in this folder; leave to the next what one makes."""
    _import(FOR_PLAYS)
    _take_what_is_compiled()
    _load_plugins()
    _import_collection()
    _keep_templates(folder)
    _wait_calmly()
    warm_modules.fork_modules()
    _PREPARED.append(folder)
    _keep()


def play() -> int:
    """Run Ansible."""
    run: Any = importlib.import_module("ansible.cli.playbook").main
    if not _PREPARED:
        _take_what_is_compiled()
        return int(run() or 0)
    constants: Any = importlib.import_module("ansible.constants")
    # Made for each process while it is imported.
    name = "DEFAULT_LOCAL_TMP"
    constants.set_constant(name, constants.config.get_config_value(name, variables=vars(constants)))
    built = Path(constants.DEFAULT_LOCAL_TMP) / "ansiballz_cache"
    warm_packages.take(_PREPARED[0], built)
    try:
        return int(run() or 0)
    finally:
        warm_packages.leave(built, _PREPARED[0])


# Where something is kept from play to play, in a fork that was made for that.
_PREPARED: list[Path] = []


def _wait_calmly() -> None:
    """Let a play look for the end of its tasks less often than a thousand times a second: that takes time as well."""
    constants: Any = importlib.import_module("ansible.constants")
    constants.set_constant("DEFAULT_INTERNAL_POLL_INTERVAL", 0.005)


def _keep_templates(folder: Path) -> None:
    """Let Jinja compile only templates that no play before has compiled."""
    bits: Any = importlib.import_module("ansible._internal._templating._jinja_bits")
    environment, context = bits.AnsibleEnvironment, bits._TemplateCompileContext
    compile_it = environment.compile

    def compiled(self: Any, source: Any, *more: Any, **named: Any) -> Any:
        if type(source).__name__ == "Template" or more or named:
            return compile_it(self, source, *more, **named)
        settings = [getattr(self, name) for name in bits._TEMPLATE_OVERRIDE_FIELD_NAMES]
        key = repr((str(source), settings, context.current(optional=True), sorted(self.extensions)))
        file = folder / hashlib.sha256(key.encode()).hexdigest()
        with suppress(FileNotFoundError):
            return marshal.loads(file.read_bytes())
        code = compile_it(self, source)
        new = file.with_suffix(f".{os.getpid()}")
        new.write_bytes(marshal.dumps(code))
        new.rename(file)
        return code

    environment.compile = compiled


def _import(names: tuple[str, ...]) -> None:
    for name in names:
        # Not every one comes with every release of the others.
        with suppress(ImportError):
            importlib.import_module(name)


def _keep() -> None:
    # What lives for ever is not copied into each fork by the collector.
    gc.collect()
    gc.freeze()


@cache
def _compiled() -> dict[tuple[str, bytes], CodeType]:
    """Return the code of the collection by its file and source."""
    files = [(str(path), path.read_bytes()) for path in (COLLECTION / "plugins").rglob("*.py")]
    return {(path, source): compile(source, path, "exec", flags=0, dont_inherit=True) for path, source in files}


@cache
def _take_what_is_compiled() -> None:
    """Let Ansible's loader of collections compile only what is not here."""
    finder: Any = importlib.import_module("ansible.utils.collection_loader._collection_finder")
    loader = finder._AnsibleCollectionPkgLoaderBase
    compile_it = loader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        known = (self.get_filename(fullname), self.get_source(fullname))
        return _compiled().get(known) or compile_it(self, fullname)

    loader.get_code = get_code


def _parse_once() -> None:
    """Let Ansible's loader of collections find parsed already where Ansible's own plugins are: ten thousand lines."""
    finder: Any = importlib.import_module("ansible.utils.collection_loader._collection_finder")
    runtime = Path(importlib.import_module("ansible").__file__ or "").parent / "config" / "ansible_builtin_runtime.yml"
    parse, content = finder._meta_yml_to_dict, runtime.read_bytes()
    parsed = parse(content, ("ansible.builtin", runtime.name))
    finder._meta_yml_to_dict = lambda text, *more: parsed if text in (content, content.decode()) else parse(text, *more)


def _read_models_once() -> None:
    """Let botocore find read already which services there are, and what it knows of those that plays talk to."""
    loaders: Any = importlib.import_module("botocore.loaders")
    own, load = loaders.Loader.BUILTIN_DATA_PATH, loaders.JSONFileLoader.load_file
    # boto3 lets its sessions look into a folder of its own as well, which holds none of these.
    read = {own, str(Path(importlib.import_module("boto3").__file__ or "").parent / "data")}
    list_services = loaders.Loader.list_available_services
    ours = loaders.Loader(include_default_search_paths=False, extra_search_paths=[own])
    known = cache(lambda path: load(ours.file_loader, path))
    services = {kind: list_services(ours, kind) for kind in MODELS}

    def load_file(self: Any, file_path: str) -> Any:
        return known(file_path) if file_path.startswith(own) else load(self, file_path)

    def list_available_services(self: Any, type_name: str) -> Any:
        others = any(Path(path).is_dir() for path in self.search_paths if path not in read)
        return list_services(self, type_name) if others or type_name not in services else [*services[type_name]]

    loaders.JSONFileLoader.load_file, loaders.Loader.list_available_services = load_file, list_available_services
    for name in SERVICES:
        for kind in MODELS:
            with suppress(loaders.UnknownServiceError):
                ours.load_service_model(name, kind)
    for name in ("_retry", "endpoints", "partitions", "sdk-default-configuration"):
        ours.load_data(name)


def _load_plugins() -> None:
    """Import Ansible's own plugins, and read what options they have."""
    loaders: Any = importlib.import_module("ansible.plugins.loader")
    for kind in PLUGINS:
        package = importlib.import_module(f"ansible.plugins.{kind}")
        loader = getattr(loaders, f"{kind}_loader")
        # There is an old name of the package, which warns of itself.
        names = {found.name for found in pkgutil.iter_modules(package.__path__)} - {"base"}
        for name in sorted(names):
            with suppress(ImportError):
                module: Any = importlib.import_module(f"{package.__name__}.{name}")
                if kind in KINDS:
                    loader._load_config_defs(name, module, module.__file__)


def _import_collection() -> None:
    """Import the collection's own modules, but not the packages above, whose loading Ansible tells people about."""
    constants: Any = importlib.import_module("ansible.constants")
    if [Path(path) for path in constants.COLLECTIONS_PATHS] != [COLLECTIONS]:
        return
    finder: Any = importlib.import_module("ansible.utils.collection_loader._collection_finder")._AnsibleCollectionFinder
    finder([str(COLLECTIONS)], False)._install()
    for path in sorted((COLLECTION / "plugins").rglob("*.py")):
        parts = path.relative_to(COLLECTION).with_suffix("").parts
        if parts[1] in ("action", "module_utils", "plugin_utils") and parts[-1] not in ("__init__", "sitecustomize"):
            importlib.import_module(".".join((PACKAGE, *parts)))
    finder._remove()
    of_one_run = _of_one_run()
    for name in [name for name in sys.modules if name.partition(".")[0] == "ansible_collections"]:
        if name in of_one_run or not name.startswith(f"{PACKAGE}.plugins."):
            del sys.modules[name]


def _of_one_run() -> set[str]:
    """Return the modules that set something aside for a run while they are imported, and those that know of them."""
    modules = {name: module for name, module in sys.modules.items() if name.startswith(f"{PACKAGE}.plugins.")}
    found = {f"{PACKAGE}.plugins.{name}" for name in OF_ONE_RUN}

    def knows(module: Any) -> bool:
        values = [*vars(module).values()]
        names = {getattr(value, "__module__", None) or getattr(type(value), "__module__", "") for value in values}
        return bool(found & names) or any(modules[name] in values for name in found if name in modules)

    while more := {name for name, module in modules.items() if name not in found and knows(module)}:
        found |= more
    return found
