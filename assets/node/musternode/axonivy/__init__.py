"""An Axon.ivy engine as one node of its cluster: the files that it reads, as texts (docs/axonivy.md)."""
