"""Generated languages and tasks, written in the file formats of the official releases."""
