"""A file in S3 that nodes fetch."""

from dataclasses import dataclass

import aws_cdk as cdk
from constructs import IConstruct


@dataclass(frozen=True)
class StoredObject:
    """An object of S3; `sha256` (hex) is known at synthesis, `bucket` may be a token, `name` is the file's own."""

    bucket: str
    key: str
    sha256: str
    name: str

    def arn(self, scope: IConstruct) -> str:
        """Return the ARN of exactly this object, in the partition of `scope`'s stack."""
        stack = cdk.Stack.of(scope)
        return stack.format_arn(
            service="s3",
            region="",
            account="",
            resource=self.bucket,
            resource_name=self.key,
            arn_format=cdk.ArnFormat.SLASH_RESOURCE_NAME,
        )
