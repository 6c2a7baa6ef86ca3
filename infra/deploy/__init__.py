"""Builds one bundle of a commit, and deploys its bytes to a stage: `make package`, `make doctor`, `make deploy`."""
