"""Clusters of Java middleware on EC2, as AWS CDK constructs.

`muster.spec` reads a cluster file, `muster.products` says what each product needs; neither imports the CDK, so that
a wrong file is refused at once. The other modules are constructs, wired by `stacks/cluster.py`.
"""
