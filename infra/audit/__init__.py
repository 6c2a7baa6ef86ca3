"""Audits of the deployed template by tools that know AWS's good practice. Each exception has a reason."""
