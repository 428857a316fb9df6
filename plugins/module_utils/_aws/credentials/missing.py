# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why there are no credentials for AWS, in a sentence, and the command that helps.

What botocore says is never passed on: it quotes what a ``credential_process`` printed, and what stands in files.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .why_missing import _ABOUT_CREDENTIALS, BY_CLASS, Who, _process, _unexplained

try:
    from botocore import exceptions as botocore_errors
    from botocore.credentials import Credentials
except ImportError:  # boto3 is missing, which is told where a session is opened.
    Credentials = object

from ..._kernel.errors import Explained, Failure, OnrampError
from ..._kernel.printable import sentence

CODE = "no_credentials"


def no_credentials(error: Exception, who: Who) -> OnrampError:
    """Return why there are none. ``error``: whatever was raised while they were being got."""
    if isinstance(error, OnrampError):
        return error
    why, next_step = _explain(error, who)
    response = getattr(error, "response", {})
    return OnrampError(
        msg=f"{sentence(why)} {next_step}",
        failure=Failure(
            code=CODE,
            message=why,
            status=response.get("ResponseMetadata", {}).get("HTTPStatusCode"),
            request_id=response.get("ResponseMetadata", {}).get("RequestId"),
        ),
    )


def _explain(error: Exception, who: Who) -> Explained:
    # The most special class is the first.
    known = next((BY_CLASS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in BY_CLASS), None)
    return known(error, who) if known is not None else _process(who) or _unexplained(error, who)


# What is configured


# Where they come from


# What AWS refuses on the way


def mfa_needed(who: Who) -> OnrampError:
    """Return that a profile would ask for an MFA code."""
    return no_credentials(botocore_errors.RefreshWithMFAUnsupportedError(), who)


# In the session


class _Missing(Credentials):  # type: ignore[misc]
    """In the place of credentials: signing with them says why there are none."""

    def __init__(self, why: OnrampError) -> None:
        super().__init__("", "")
        self._why = why

    def get_frozen_credentials(self) -> Any:
        raise self._why


class _Telling:
    """A source of credentials that says, in the collection's words, why there are none."""

    def __init__(self, source: Any, who: Callable[[], Who]) -> None:
        self._source = source
        self._who = who

    def load_credentials(self) -> Any:
        """Return credentials; what goes wrong is told when they are used, so that it is the failure of a call."""
        try:
            found = self._source.load_credentials()
            if found is None:
                raise botocore_errors.NoCredentialsError
        except Exception as error:
            return _Missing(no_credentials(error, self._who()))
        get = found.get_frozen_credentials

        def get_or_tell() -> Any:
            try:
                return get()
            except Exception as error:
                raise no_credentials(error, self._who()) from None

        found.get_frozen_credentials = get_or_tell
        return found


def tell_why(core: Any) -> None:
    """Let a session of botocore say why it has no credentials, whenever it needs them."""

    source = core.get_component("credential_provider")
    core.register_component("credential_provider", _Telling(source, lambda: who_acts(core)))


def who_acts(core: Any) -> Who:
    """Return by which profile a session of botocore looks for credentials."""
    try:
        settings = core.get_scoped_config()
    except botocore_errors.BotoCoreError:
        # What is wrong with it is told itself.
        settings = {}
    return Who(str(core.profile or ""), settings)


def is_about_credentials(error: Exception) -> bool:
    """Tell whether what botocore says of its configuration is about credentials."""
    return any(kind.__name__ in _ABOUT_CREDENTIALS for kind in type(error).__mro__)
