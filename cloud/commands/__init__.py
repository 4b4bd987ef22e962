"""The commands of `carebed-cloud` beside its programs; each is imported only when it is given."""
