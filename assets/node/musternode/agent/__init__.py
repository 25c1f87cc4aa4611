"""What ships journal and metrics of a node to CloudWatch: on its own, so that nothing else waits for an AWS API."""
