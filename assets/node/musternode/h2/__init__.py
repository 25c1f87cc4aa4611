"""The H2 pair: everything that knows H2 is in this package.

Its cluster mode lives in the client driver alone (h2database 1.4.199, engine/SessionRemote.java): a server never
refuses a stale peer, so who may be reached when is decided here and kept by the gate.
"""
