# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all workspaces together ask the vendors, and the answers: who asks the same shares one."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ....module_utils._fivetran.allowance import Allowance
from ....module_utils._fivetran.client import JsonObject
from ....module_utils._kernel.errors import Failure, OnrampError
from ....module_utils._kernel.task import Result
from ..._settings.settings import Settings
from . import asked

if TYPE_CHECKING:
    # Each cloud's SDK takes a quarter of a second to import, and may be missing where nobody needs it.
    from ....module_utils._aws.access.model import Actual, ActualRole, Place
    from ....module_utils._aws.bucket import S3Bucket
    from ....module_utils._aws.client import Identity
    from ....module_utils._aws.simulation import SimulatedAction
    from ....module_utils._bucket.effect import Reason
    from ....module_utils._google.preflight import GcsBucket


T = TypeVar("T")


@dataclass(frozen=True)
class Question(Generic[T]):
    """What is asked once, however many want to know. ``about``: what makes two questions of a kind different."""

    kind: str
    about: Any = field(repr=False)


@dataclass(frozen=True)
class Returned:
    """What came back: a value, or why there is none. ``warnings``: what the vendor's function had to say."""

    value: Any = None
    error: OnrampError | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """The Fivetran account that credentials belong to, and the groups that they can see."""

    view: JsonObject
    groups: tuple[JsonObject, ...]


class Seen:
    """All answers. What was not asked counts as an answer that did not come."""

    def __init__(self, answers: Mapping[Question[Any], Returned]) -> None:
        self._answers = answers

    def of(self, question: Question[T]) -> T:
        """Return the answer.

        :raises OnrampError: why there is none.
        """
        answer = self._answers.get(question)
        if answer is None:
            msg = f"The look at {question.kind} ended without an answer."
            raise OnrampError(msg=msg, failure=Failure(code="not_looked_at", message=msg))
        if answer.error is not None:
            raise answer.error
        value: T = answer.value
        return value

    def has(self, question: Question[Any]) -> bool:
        """Tell whether there is an answer."""
        answer = self._answers.get(question)
        return answer is not None and answer.error is None

    def warnings(self, question: Question[Any]) -> tuple[str, ...]:
        """Return what there is to be warned of beside the answer."""
        answer = self._answers.get(question)
        return answer.warnings if answer else ()

    def and_also(self, others: Seen) -> Seen:
        """Return these answers and those of a later look."""
        return Seen({**self._answers, **others._answers})


def credentials(settings: Settings) -> tuple[str, str, str]:
    """Return what workspaces have in common that get the same answers from Fivetran."""
    return settings.fivetran_api_url, settings.fivetran_api_key, settings.fivetran_api_secret


def account(settings: Settings) -> Question[Account]:
    """Whose credentials are these, and which groups do they see?"""
    return Question("the Fivetran account", (*credentials(settings), settings.fivetran_account_id))


def destination(settings: Settings, group_id: str) -> Question[JsonObject | None]:
    """Which warehouse does the group fill?"""
    return Question("the destination", (*credentials(settings), group_id))


def service_account(settings: Settings, group_id: str) -> Question[str]:
    """As whom does Fivetran read buckets in Google Cloud Storage?"""
    return Question("the service account", (*credentials(settings), group_id))


def connections(settings: Settings, group_id: str) -> Question[tuple[JsonObject, ...]]:
    """Which connections does the group hold, of any service?"""
    return Question("the connections", (*credentials(settings), group_id))


def elsewhere(settings: Settings, group_id: str) -> Question[tuple[JsonObject, ...]]:
    """Which connections of other groups bear the names that the group lacks? Asked where there are other groups."""
    return Question("the connections of other groups", (*credentials(settings), group_id))


def reasons(settings: Settings, connection_id: str) -> Question[tuple[str, ...]]:
    """What does Fivetran say is wrong with a connection? Asked of those that do not work."""
    return Question("why the connection does not work", (*credentials(settings), connection_id))


def right_to_create(settings: Settings, group_id: str) -> Question[tuple[bool | None, str]]:
    """May the key create connections in the group? Asked by a creation that cannot succeed."""
    return Question("the right to create connections", (*credentials(settings), group_id))


def allowance(settings: Settings) -> Question[Allowance | None]:
    """How many requests does the account still answer? It is told beside every answer."""
    return Question("the rate limit", credentials(settings))


def metadata(settings: Settings) -> Question[JsonObject | None]:
    """Which fields has the configuration of a Braze connection?"""
    return Question("the service's metadata", credentials(settings))


def key(settings: Settings) -> Question[Result]:
    """Is the Braze key good, and what may it do?"""
    permissions = settings.roles["braze_api_key"].get("permissions")
    about = settings.braze_api_url, settings.braze_api_key, None if permissions is None else tuple(permissions)
    return Question("the Braze key", about)


def landing(settings: Settings) -> Question[Result]:
    """Does Currents write to the bucket? What is to be done about it differs between workspaces."""
    return Question("Currents", settings.name)


def identity(settings: Settings) -> Question[Identity]:
    """Which AWS account do the credentials for IAM belong to?"""
    return Question("the AWS account", asked.aws_credentials(settings))


def iam(settings: Settings, account_id: str) -> Question[Actual]:
    """What is there under the names of policy and role?"""
    names = (*asked.names_in_iam(settings), asked.wanted_boundary(settings))
    return Question("policy and role", (asked.aws_credentials(settings), account_id, names))


def given_role(settings: Settings, account_id: str) -> Question[ActualRole | Reason | None]:
    """What may the role do that the user names as somebody else's?"""
    return Question("the role", (asked.aws_credentials(settings), account_id, asked.given_role(settings)))


def s3_bucket(settings: Settings, account_id: str) -> Question[S3Bucket]:
    """How is the S3 bucket set up?"""
    return Question("the S3 bucket", (asked.aws_credentials(settings), account_id, settings.bucket))


@dataclass(frozen=True)
class Doubt:
    """What our own judgement leaves open: may a role that is there read a place?"""

    settings: Settings = field(repr=False)
    account_id: str
    role_arn: str
    place: Place

    @property
    def question(self) -> Question[tuple[SimulatedAction, ...]]:
        return simulation(self.account_id, self.role_arn, self.place)


def simulation(account_id: str, role_arn: str, place: Place) -> Question[tuple[SimulatedAction, ...]]:
    """What does AWS itself say of that? Everybody who may ask in the account gets the same answer."""
    return Question("AWS's own simulation", (account_id, role_arn, place))


def gcs_bucket(settings: Settings) -> Question[GcsBucket]:
    """How is the bucket in Google Cloud Storage set up, and who may read it?"""
    return Question("the GCS bucket", (asked.gcs_credentials(settings), settings.bucket))


def gcs_role(settings: Settings, role: str) -> Question[frozenset[str] | str]:
    """What does a role allow that is not known here? Asked where the answer decides what Fivetran may do."""
    return Question("the role in Google Cloud", (asked.gcs_credentials(settings), role))
