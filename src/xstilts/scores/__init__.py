"""Files of scores and predictions, flags, gains and labels."""
