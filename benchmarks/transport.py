"""The optimal-transport loss with its gradient: a batch at once (optical_repro) against one call of POT's ``ot.sinkhorn`` a pair.

Same token states, regularisation and tolerance; the losses are checked to be the same.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import measure


def main() -> None:
    """Measures and prints."""
    arguments = measure.parser(__doc__, "transport", batches=4, batch=32).parse_args()

    import lesson
    import ot
    import torch
    from torch.nn.utils.rnn import pad_sequence

    from optical_repro.distill.transport import REGULARISATION, cosine_cost, transport_loss
    from optical_repro.retrieval.text_encoder import TextEncoder

    count = arguments.batches * arguments.batch
    with tempfile.TemporaryDirectory() as name:
        material = lesson.prepare(Path(name), count)
        student = TextEncoder(material.untrained).encode_tokens([pair.target for pair in material.pairs])
        teacher = TextEncoder(material.teacher).encode_tokens([pair.english for pair in material.pairs])
    texts = [[torch.from_numpy(tokens) for tokens in side] for side in (student, teacher)]

    def batches() -> list[list[torch.Tensor]]:
        """For each batch the states of both sides, padded, and their masks."""
        made = []
        for start in range(0, count, arguments.batch):
            sides = [side[start : start + arguments.batch] for side in texts]
            states = [pad_sequence(side, batch_first=True).requires_grad_(place == 0) for place, side in enumerate(sides)]
            masks = [pad_sequence([torch.ones(len(text)) for text in side], batch_first=True) for side in sides]
            made.append([*states, *masks])
        return made

    material_batches = batches()

    def at_once() -> list[float]:
        losses: list[float] = []
        for student_states, teacher_states, student_mask, teacher_mask in material_batches:
            student_states.grad = None
            found = transport_loss(student_states, teacher_states, student_mask, teacher_mask)
            found.mean().backward()
            losses += found.tolist()
        return losses

    def one_by_one() -> list[float]:
        losses: list[float] = []
        for student_states, teacher_states, student_mask, teacher_mask in material_batches:
            student_states.grad = None
            found = []
            for row in range(len(student_states)):
                n, m = int(student_mask[row].sum()), int(teacher_mask[row].sum())
                cost = cosine_cost(student_states[row : row + 1, :n], teacher_states[row : row + 1, :m])[0]
                masses = [torch.full((size,), 1 / size, dtype=torch.double) for size in (n, m)]
                plan = ot.sinkhorn(*masses, cost.detach().double(), REGULARISATION, stopThr=1e-6)
                found.append((plan.to(cost.dtype) * cost).sum())
            losses += [loss.item() for loss in found]
            torch.stack(found).mean().backward()
        return losses

    worst = max(abs(one - other) for one, other in zip(at_once(), one_by_one(), strict=True))
    print(f"largest difference between the losses of a pair: {worst:.1e}")
    assert worst < 1e-4
    sides = {"optical_repro, a batch at once": at_once, "POT, one call a pair": one_by_one}
    result = measure.in_turn("optimal-transport loss and gradient", count, "pairs", arguments.runs, sides)
    measure.report([result], [tuple(sides)], arguments.json)  # type: ignore[list-item]


if __name__ == "__main__":
    main()
