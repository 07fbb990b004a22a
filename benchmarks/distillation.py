"""Sentence pairs a second in training: optical_repro's distillation against sentence-transformers' multilingual MSELoss recipe.

Same student, same pairs, same batch, same precision, one pass; what the teacher makes of the English side is there beforehand for both
(token states for optical_repro, vectors for sentence-transformers). By its recipe sentence-transformers' student reads both sides of a
pair; optical_repro's reads the one side that its teacher does not. In both all weights learn; a second ratio is of both with their word
embeddings alone learning.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import measure

SETTINGS = {"embeddings": "word embeddings learn", "all": "all weights learn"}


def main() -> None:
    """Measures and prints."""
    arguments = measure.parser(__doc__, "distillation", steps=8, batch=32).parse_args()

    import lesson

    from optical_repro.base.terminal import hush_transformers
    from optical_repro.distill.recipe import Recipe

    hush_transformers()
    count = arguments.steps * arguments.batch
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        material = lesson.prepare(folder, count)
        labels = teacher_vectors(material)

        def ours(learns: str) -> None:
            lesson.train(material, Recipe(steps=arguments.steps, batch_size=arguments.batch, learns=learns), folder / "ours")

        sides = {
            **{f"optical_repro, {SETTINGS[learns]}": lambda learns=learns: ours(learns) for learns in SETTINGS},
            **{
                f"sentence-transformers, {SETTINGS[learns]}": lambda learns=learns: theirs(
                    material, labels, learns, arguments.steps, arguments.batch, folder / "theirs"
                )
                for learns in SETTINGS
            },
        }
        result = measure.in_turn("training", count, "pairs", arguments.runs, sides, measure.timed_training)
        for learns, setting in SETTINGS.items():
            print(f"{setting}: {trained_weights(material.untrained, learns):,} weights")
    ours_alone, ours_all, theirs_alone, theirs_all = sides
    measure.report([result], [(ours_all, theirs_all), (ours_alone, theirs_alone)], arguments.json)


def teacher_vectors(material: Any) -> Any:
    """The teacher's vectors of the English sides, as in the recipe's ``dataset.map``: [pairs, d]."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(material.teacher), device="cpu").encode([pair.english for pair in material.pairs])


def theirs(material: Any, labels: Any, learns: str, steps: int, batch: int, folder: Path) -> None:
    """Trains by the recipe in sentence-transformers' documentation (examples/sentence_transformer/training/multilingual)."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import MSELoss
    from transformers.trainer_callback import PrinterCallback

    from optical_repro.encoders.precision import has_fast_bf16

    model: Any = SentenceTransformer(str(material.untrained), device="cpu")
    if learns == "embeddings":
        model.requires_grad_(False)
        model[0].auto_model.get_input_embeddings().requires_grad_(True)
    columns = {"english": [pair.english for pair in material.pairs], "non_english": [pair.target for pair in material.pairs]}
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=str(folder),
            max_steps=steps,
            per_device_train_batch_size=batch,
            warmup_steps=round(0.1 * steps),
            learning_rate=2e-5,
            bf16=has_fast_bf16("cpu"),
            use_cpu=True,
            save_strategy="no",
            logging_steps=max(steps // 50, 1),
            report_to=[],
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_dict(columns | {"label": labels}),
        loss=MSELoss(model),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    model.save_pretrained(str(folder))
    shutil.rmtree(folder)


def trained_weights(untrained: Path, learns: str) -> int:
    """The number of weights that learn."""
    from transformers import AutoModel, AutoTokenizer

    from optical_repro.distill.loop import let_learn
    from optical_repro.distill.recipe import Recipe

    model = AutoModel.from_pretrained(untrained)
    let_learn(model, AutoTokenizer.from_pretrained(untrained), Recipe(learns=learns))
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


if __name__ == "__main__":
    main()
