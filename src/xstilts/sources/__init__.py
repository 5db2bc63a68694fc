"""From releases to canonical rows: official files, own files, the Hugging Face Hub."""
