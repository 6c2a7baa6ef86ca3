"""What a stage costs a month: docs/cost.md, from the template, the page of budgets, measurements and list prices."""
