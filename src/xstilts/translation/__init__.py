"""Machine translation of training data: the languages of models, the models, texts of examples, finished texts."""
