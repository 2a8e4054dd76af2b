"""Only type-checked: each class must satisfy the Protocol."""

from __future__ import annotations

from impls.jax_grad import JaxGrad
from impls.numpy_manual import NumpyManual
from impls.protocol import Implementation
from impls.torch_autograd import TorchAutograd
from impls.torch_nn import TorchNN

numpy_manual: Implementation = NumpyManual
torch_autograd: Implementation = TorchAutograd
torch_nn: Implementation = TorchNN
jax_grad: Implementation = JaxGrad
