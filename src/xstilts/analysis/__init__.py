"""From scores and predictions to effects and to answers of the research questions."""
