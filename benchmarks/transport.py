"""The optimal-transport loss with its gradient: a batch at once (optical_repro, by POT's ``ot.batch``) against one ``ot.sinkhorn`` a pair.

Same token states, regularisation and tolerance, those of training; the losses are checked to be near those of the exact plan. The single
calls are made with torch's arrays, which the states are, and with NumPy's, in which small problems take less time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import measure

OURS, TORCH, NUMPY = "optical_repro, a batch at once", "POT, one call a pair (torch)", "POT, one call a pair (NumPy)"
EXACT = 1e-9
"""A tolerance whose plan is as good as the exact entropic plan."""
MOST = 100_000
"""The maximum number of iterations of a single call: more than any pair needs."""


def main() -> None:
    """Measures and prints."""
    arguments = measure.parser(__doc__, "transport", batches=4, batch=32).parse_args()

    import lesson
    import ot
    import torch
    from torch.nn.utils.rnn import pad_sequence

    from optical_repro.distill.objectives.ot import TRANSPORT_TOLERANCE
    from optical_repro.distill.transport import REGULARISATION, cosine_cost, transport_plan
    from optical_repro.encoders.text_encoder import TextEncoder

    count = arguments.batches * arguments.batch
    with tempfile.TemporaryDirectory() as name:
        material = lesson.prepare(Path(name), count)
        student = TextEncoder(material.untrained).encode_tokens([pair.target for pair in material.pairs])
        teacher = TextEncoder(material.teacher).encode_tokens([pair.english for pair in material.pairs])
    texts = [[torch.from_numpy(tokens) for tokens in side] for side in (student, teacher)]

    def padded() -> list[list[torch.Tensor]]:
        """For each batch the states of both sides, padded, and their masks."""
        padded_batches = []
        for start in range(0, count, arguments.batch):
            sides = [side[start : start + arguments.batch] for side in texts]
            states = [pad_sequence(side, batch_first=True).requires_grad_(index == 0) for index, side in enumerate(sides)]
            masks = [pad_sequence([torch.ones(len(text)) for text in side], batch_first=True) for side in sides]
            padded_batches.append([*states, *masks])
        return padded_batches

    batches = padded()

    def losses_by(plans: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]) -> list[float]:
        """The losses (and their gradient) with the plans [B, n, m] of a solver, from costs and masks."""
        losses: list[float] = []
        for student_states, teacher_states, student_mask, teacher_mask in batches:
            student_states.grad = None
            cost = cosine_cost(student_states, teacher_states)
            batch_losses = (plans(cost.detach(), student_mask, teacher_mask) * cost).sum((1, 2))
            batch_losses.mean().backward()
            losses += batch_losses.tolist()
        return losses

    def pot_pairs(
        cost: torch.Tensor, student_mask: torch.Tensor, teacher_mask: torch.Tensor, numpy: bool, tolerance: float
    ) -> torch.Tensor:
        plan = torch.zeros_like(cost)
        for row in range(len(cost)):
            n, m = int(student_mask[row].sum()), int(teacher_mask[row].sum())
            inputs = [torch.full((n,), 1 / n).double(), torch.full((m,), 1 / m).double(), cost[row, :n, :m].double()]
            pair_plan = ot.sinkhorn(
                *([part.numpy() for part in inputs] if numpy else inputs), REGULARISATION, numItermax=MOST, stopThr=tolerance, warn=False
            )
            plan[row, :n, :m] = torch.as_tensor(pair_plan)
        return plan

    sides = {
        OURS: lambda: losses_by(partial(transport_plan, tolerance=TRANSPORT_TOLERANCE)),
        TORCH: lambda: losses_by(partial(pot_pairs, numpy=False, tolerance=TRANSPORT_TOLERANCE)),
        NUMPY: lambda: losses_by(partial(pot_pairs, numpy=True, tolerance=TRANSPORT_TOLERANCE)),
    }
    exact = losses_by(partial(pot_pairs, numpy=True, tolerance=EXACT))
    for side, losses in sides.items():
        largest_error = max(abs(loss - expected) for loss, expected in zip(losses(), exact, strict=True))
        print(f"{side}: losses of a pair {sum(exact) / count:.3f} on average, at most {largest_error:.1e} from the exact plan's")
        assert largest_error < 2e-3
    result = measure.in_turn("optimal-transport loss and gradient", count, "pairs", arguments.runs, sides)
    measure.report([result], [(OURS, TORCH), (OURS, NUMPY)], arguments.json)


if __name__ == "__main__":
    main()
