"""The city's own content, read once, and properties that give the same examples every time."""

import pytest
from hypothesis import settings

from kb import known_issues, places, taxonomy, words

settings.register_profile("same every time", derandomize=True, deadline=None, database=None)
settings.load_profile("same every time")


@pytest.fixture(scope="session")
def tree() -> taxonomy.Taxonomy:
    return taxonomy.load()


@pytest.fixture(scope="session")
def gazetteer() -> places.Gazetteer:
    return places.load()


@pytest.fixture(scope="session")
def all_words() -> words.Words:
    return words.load()


@pytest.fixture(scope="session")
def issues(tree: taxonomy.Taxonomy) -> tuple[known_issues.KnownIssue, ...]:
    return known_issues.load(tree)
