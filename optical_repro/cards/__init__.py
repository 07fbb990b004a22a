"""Model cards: what a student learnt from, how, and how well it does, as the Hugging Face Hub reads them."""
