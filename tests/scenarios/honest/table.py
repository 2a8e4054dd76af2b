"""HONEST: correct implementations, written differently; the gate must pass all of them."""

from __future__ import annotations

from dataclasses import dataclass

from impls.protocol import Implementation, Model
from tests.scenarios.honest import jax_ways, numpy_ways, torch_ways

ALL = tuple(Model)
LINEAR = (Model.SIMPLE_LINEAR, Model.MULTIVARIATE_LINEAR)


@dataclass(frozen=True)
class Honest:
    """An implementation, its models, and how it differs from those in impls/.

    most_rows   the longest table it gets, since it loops over rows in Python
    """

    name: str
    implementation: Implementation
    models: tuple[Model, ...]
    differs: str
    most_rows: int = 1_000_000


HONEST = (
    Honest("einsum", numpy_ways.by_einsum, ALL, "einsum for every product: no BLAS, other sums"),
    Honest("row_loops", numpy_ways.by_row, ALL, "one row and one feature after the other", most_rows=1000),
    Honest("column_loops", numpy_ways.by_column, ALL, "logits feature by feature from the last, rows summed backwards"),
    Honest("tanh", numpy_ways.tanh, (Model.LOGISTIC,), "the sigmoid as (1 + tanh(z/2)) / 2, which cancels for z < 0"),
    Honest("signed", numpy_ways.signed, (Model.LOGISTIC,), "log(1 + exp(-s z)) with s = +-1, and -s sigmoid(-s z)"),
    Honest("log_softmax", numpy_ways.logarithmic, (Model.SOFTMAX,), "logarithms of probabilities and a label one-hot"),
    Honest("compensated", numpy_ways.compensated_sums, ALL, "sums that keep the digits they lose", most_rows=1000),
    Honest("wide_sums", numpy_ways.wide_sums, ALL, "sums over rows in the next wider format"),
    Honest("wide_products", numpy_ways.wide_products, ALL, "matrix products and sums with wide accumulators"),
    Honest("fused", numpy_ways.fused, ALL, "fused multiply-adds", most_rows=1000),
    Honest("residual_first", numpy_ways.residual_first, LINEAR, "the residual as (x w - y) + b"),
    Honest("blocked", numpy_ways.blocked_sums, ALL, "sums of sums of five rows"),
    Honest("fortran", numpy_ways.fortran_order, ALL, "arrays column by column in memory"),
    Honest("class_major", numpy_ways.class_major, ALL, "weights (k, d), logits (k, n)"),
    Honest("folded_bias", numpy_ways.folded_bias, ALL, "the bias as the weight of a column of ones"),
    Honest("torch_func", torch_ways.torch_func, ALL, "torch.func.grad of losses written out"),
    Honest("jax_vmap", jax_ways.jax_vmap, ALL, "the gradient of each row, and then their mean"),
)
