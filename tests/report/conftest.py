from study_fixtures import make_scores, scores, study

__all__ = ["make_scores", "scores", "study"]
