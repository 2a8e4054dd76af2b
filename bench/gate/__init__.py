"""Whether an implementation computes what the reference computes, within what rounding explains."""
