"""`make mutate`: which of many small bugs, planted one at a time, the tests notice."""
