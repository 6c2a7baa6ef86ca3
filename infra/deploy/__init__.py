"""Builds one bundle of a commit, and deploys it to a stage: `make package`, `make doctor`, `make deploy`."""
