"""MetaClaw keeps the contract of methods."""

from methods.testing import MethodTestCase


class TestMetaClaw(MethodTestCase):
    method = "metaclaw"
    effort = 0.07
    arms = ("full", "static", "random_skills")
