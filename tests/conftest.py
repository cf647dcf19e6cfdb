"""How many examples hypothesis tries: --hypothesis-profile=deep for many and ever new ones."""

from hypothesis import settings

settings.register_profile("suite", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("deep", deadline=None, max_examples=2000)
settings.load_profile("suite")
