"""Model cards for the Hugging Face Hub: a student's training text, recipe and scores."""
