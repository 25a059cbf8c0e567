"""Judging replies on the page: ratings, corrections, reference answers and consent."""
