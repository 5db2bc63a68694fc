from study_fixtures import make_scores, scores, study, synthetic_scores, synthetic_study

__all__ = ["make_scores", "scores", "study", "synthetic_scores", "synthetic_study"]
