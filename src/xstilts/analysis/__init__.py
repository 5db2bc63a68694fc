"""Effects of intermediate training and answers to the research questions, from scores and predictions."""
