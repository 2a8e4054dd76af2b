"""The causes that a verdict may name for each planted fault; for all others it must name none."""

from __future__ import annotations

# The causes that must be named, in these words.
NAMED = {
    "half_the_gradient": "the gradient: a factor 2 is missing",
    "half_the_loss": "the loss: a factor 2 is missing",
    "one_row_too_few": "the gradient: divided by n - 1 instead of n",
    "mean_over_classes_too": "divided by the 4 classes as well",
    "bias_gradient_missing": "the gradient of the bias is missing",
    "labels_from_one": "the labels are shifted by one",
    "zero_grad_forgotten": "gradients accumulate from step to step",
    "sgd_maximize": "the step is minus the learning rate times the gradient",
    "shuffle_ignored": "the rows are not shuffled",
    "shuffled_once": "every epoch uses the row order of the first",
    "seed_ignored": "the row order is drawn from another seed",
    "epochs_from_one": "every epoch uses the row order of the next",
    "short_batch_dropped": "the last batch is left out",
    "drop_last_ignored": "the short last batch is used, although drop_last is set",
    "start_ignored": "after reset, params() differs from the start that reset received",
    "start_not_copied": "reset keeps the arrays it receives instead of a copy",
    "start_in_float32": "the parameters pass through float32",
    "gradients_in_float64": "expected float32",
    "labels_as_column": "labels: shape (1, 1), expected (1,)",
    "input_overwritten": "it writes to the arrays it was given",
    "epochs_counted_on": "state outlives reset",
    "cached_by_address": "results or data were cached",
    "strictly": "labels do not follow from the probabilities",
    "rounded_numbers": "the labels of a linear model must be zeros",
    "bias_forgotten": "the predictions leave out the bias",
}

_KEPT = "results or data were cached"
_LABELS = "labels do not follow from the probabilities"
_NOT_A_NUMBER = "a gradient overflows or is not a number"
_REPEAT = "repeating the epochs without queries ends elsewhere"
_RESET = "after reset, params() differs from the start that reset received"
_SHARED = "only a second trainer beside the first is wrong: the two share state"

# Causes that are also true of other faults, and may be named.
TRUE = {
    # formula and stability
    "softmax_without_maximum": (_NOT_A_NUMBER,),
    "maximum_of_the_batch": (_NOT_A_NUMBER,),
    "naive_logistic": (_NOT_A_NUMBER,),
    "log1p_exp": (_NOT_A_NUMBER,),
    "guarded_log1p_exp": (_NOT_A_NUMBER,),
    "log_of_softmax": (_NOT_A_NUMBER,),
    # loop: updates owed, left out or accumulated
    "update_owed": ("one epoch too few",),
    "epochs_in_pairs": ("one epoch too many",),
    "full_batch_dropped": ("the last batch is left out",),
    "single_row_skipped": ("the last batch is left out",),
    "zero_grad_once_an_epoch": ("gradients accumulate",),
    "zero_grad_after_step": ("gradients accumulate", _REPEAT),
    "honest_first_trainer": ("every second epoch is skipped", "one epoch too few"),
    "honest_first_rounds": ("every second epoch is skipped", "one epoch too few", _REPEAT),
    # state that outlives reset, or depends on queries
    "sgd_momentum": (_REPEAT,),
    "scheduler_goes_on": (_REPEAT,),
    "dropout_left_in": (_REPEAT,),  # its random numbers continue
    "ten_epochs_at_most": (_REPEAT,),
    "evaluation_takes_a_step": (_REPEAT,),
    # starts
    "bias_starts_at_zero": (_RESET,),
    "first_start_for_ever": (_RESET,),
    "warm_start": (_RESET, _REPEAT),
    "bias_stays_on_reset": (_RESET, _REPEAT),
    "reset_for_nothing": (_RESET,),
    "start_jittered": (_RESET,),
    "start_written_to": ("instead of a copy",),
    "start_shared": ("instead of a copy",),
    "own_initialization": (_RESET,),
    "start_not_transposed": (_RESET,),
    # precision
    "float32_inside": ("the parameters pass through float32",),
    "x64_forgotten": ("the parameters pass through float32",),
    "bias_in_float32": ("the parameters pass through float32",),
    "float64_learning_rate": ("expected float32",),
    "balanced_classes": ("expected float32",),  # its weights are float64
    "parameters_printed": (_RESET, "not a NumPy array"),  # np.round turns the bias into a scalar
    "predictions_in_float32": ("expected float64",),
    "predictions_in_float64": ("expected float32",),
    "labels_in_int32": ("expected int64",),
    # kept or shared state
    "cached_by_shape": (_KEPT, _SHARED),
    "cached_by_sum": (_KEPT, _SHARED),
    "cached_without_start": (_SHARED,),
    "data_of_the_first": (_KEPT,),
    "data_as_constants": (_KEPT,),
    "parameters_shared": (_SHARED, _REPEAT),
    "buffer_shared": (_SHARED, _REPEAT),
    "centred_in_place": ("it writes to the arrays it was given",),
    "sorted_in_place": ("it writes to the arrays it was given",),
    # predictions and labels
    "last_largest": (_LABELS,),
    "rounded_then_largest": (_LABELS,),
    "rounded_half": (_LABELS,),
    "frequency_threshold": (_LABELS,),
    "known_classes_only": (_LABELS,),
    "labels_of_training": ("labels: shape (",),
    "boolean_labels": ("expected int64",),
    "two_columns": ("predictions: shape (1, 2), expected (1,)",),
    "scalars_with_axes": ("b: shape (1,), expected ()", "w: shape (1,), expected ()"),
    "gradients_of_a_column": ("b: shape (1,), expected ()", "w: shape (1,), expected ()"),
}


def accepts(name: str, cause: str) -> bool:
    """Return whether a verdict on this fault may name this cause: those of NAMED it must, all others it must not."""
    if name in NAMED:
        return NAMED[name] in cause
    return not cause or any(words in cause for words in TRUE.get(name, ()))
