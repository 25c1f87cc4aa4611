"""Looks up in the account what a request leaves out."""

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.engine import CloudFormation
from rehearsal.account.cloudformation.faults import Refusal


class AccountNames:
    """Full names of tables' keys, secrets and stacks."""

    def __init__(self, cloud: Cloud, engine: CloudFormation) -> None:
        self.region = cloud.region
        self.account_id = cloud.account_id
        self._cloud = cloud
        self._engine = engine

    def hash_key(self, table: str) -> str:
        """Return the name of a table's partition key, '' if there is no such table."""
        try:
            schema = self._cloud.call("dynamodb", "DescribeTable", TableName=table)["Table"]["KeySchema"]
        except ClientError:
            return ""
        return next(str(key["AttributeName"]) for key in schema if key["KeyType"] == "HASH")

    def secret_arn(self, secret_id: str) -> str:
        """Return the ARN of a secret; of a name that does not exist, what its ARN would begin with."""
        try:
            return str(self._cloud.call("secretsmanager", "DescribeSecret", SecretId=secret_id)["ARN"])
        except ClientError:
            if secret_id.startswith("arn:"):
                return secret_id
            return f"arn:aws:secretsmanager:{self.region}:{self.account_id}:secret:{secret_id}"

    def secret_key(self, secret_id: str) -> str:
        """Return the ARN of the customer key that a secret is encrypted with, '' if it is AWS's own."""
        try:
            key = self._cloud.call("secretsmanager", "DescribeSecret", SecretId=secret_id).get("KmsKeyId", "")
        except ClientError:
            return ""
        return self._key_arn(str(key))

    def table_key(self, table: str) -> str:
        """Return the ARN of the customer key that a table is encrypted with, '' if it is AWS's own."""
        try:
            described = self._cloud.call("dynamodb", "DescribeTable", TableName=table)["Table"]
        except ClientError:
            return ""
        return self._key_arn(str(described.get("SSEDescription", {}).get("KMSMasterKeyArn", "")))

    def bucket_key(self, bucket: str) -> str:
        """Return the ARN of the customer key that a bucket encrypts new objects with, '' if it is S3's own."""
        try:
            found = self._cloud.call("s3", "GetBucketEncryption", Bucket=bucket)["ServerSideEncryptionConfiguration"]
        except ClientError:
            return ""
        rules = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in found["Rules"]]
        return self._key_arn(str(next((rule.get("KMSMasterKeyID") or "" for rule in rules), "")))

    def _key_arn(self, key: str) -> str:
        if not key or "alias/aws/" in key:
            return ""
        return key if key.startswith("arn:") else f"arn:aws:kms:{self.region}:{self.account_id}:key/{key}"

    def stack_id(self, name: str) -> str:
        """Return the id of a stack; of a name that does not exist, what its id would begin with."""
        try:
            return self._engine.stack(name).id
        except Refusal:
            return f"arn:aws:cloudformation:{self.region}:{self.account_id}:stack/{name}/"
