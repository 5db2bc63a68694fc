"""XSTILTs: does English intermediate-task training help zero-shot cross-lingual transfer?"""
