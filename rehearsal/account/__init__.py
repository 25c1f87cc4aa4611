"""An AWS account emulated in this process: moto behind an own CloudFormation engine and an own IAM."""

from rehearsal.account.account import Account
from rehearsal.account.iam.decision import Decision
from rehearsal.account.iam.file_systems import Mount
from rehearsal.account.iam.principals import InstanceCredentials, NoCredentialsError

__all__ = ["Account", "Decision", "InstanceCredentials", "Mount", "NoCredentialsError"]
