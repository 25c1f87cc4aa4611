"""A discrete-event world around the real rules of the pair: everything but `membership.step` is simulated here."""
