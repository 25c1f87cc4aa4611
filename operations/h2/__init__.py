"""`muster h2`: the operator's word in the H2 pair, as conditional writes of its witness item and nothing else."""
