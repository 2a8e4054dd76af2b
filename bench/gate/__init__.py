"""The gate: check that an implementation computes what the reference computes, up to rounding."""
