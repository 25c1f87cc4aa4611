"""What runs on an instance of a Muster cluster: bootstrap stages, the member, the readiness answer.

Python 3.9+, standard library and the distribution's boto3 alone.
"""
