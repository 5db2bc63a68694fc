"""The five research questions, one module each; every one has a single public function, ``answer``."""
