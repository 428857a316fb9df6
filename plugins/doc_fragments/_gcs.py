# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Access to Google Cloud Storage; the spec stands in module_utils/_kernel/options.py."""

    DOCUMENTATION = r"""
options:
  credentials_file:
    description:
      - Path of the key file of a Google service account.
      - If unset, Google's Application Default Credentials are used, which begin with the file that
        E(GOOGLE_APPLICATION_CREDENTIALS) names and also know workload identity federation and user credentials.
    type: path
  user_project:
    description:
      - Project that pays for the requests. Needed for buckets with requester pays.
    type: str
requirements:
  - google-cloud-storage >= 2.18.0
notes:
  - The environment variable E(STORAGE_EMULATOR_HOST) directs the requests to an emulator, without credentials.
  - E(CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM) is another address of Google's IAM API, as for C(gcloud). With an emulator,
    IAM is asked at this address only.
"""
